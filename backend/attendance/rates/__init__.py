"""Rates: dated rule sets, due and valid days, figures that trace to punches, explanations, named computations."""
