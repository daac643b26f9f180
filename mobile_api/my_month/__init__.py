"""My month: what a person owes and has, and why, for himself."""
