"""Proof by a phone's maker that a key lies in its hardware, checked against pinned roots without asking anybody."""
