"""Keeps nothing of its own: reads the yearly service record of a project's key people out of what is on record."""
