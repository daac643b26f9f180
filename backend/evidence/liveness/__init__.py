"""Liveness: what a phone is asked to show, what is concluded from the frames it sends, and what is kept of them."""
