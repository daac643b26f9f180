"""Outages of gates: silence, muteness, declarations; what they open for phones and what is ruled anew after them."""
