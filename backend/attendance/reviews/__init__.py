"""The queue of punches in review: who decides, many at once, and what becomes of those on which nobody did."""
