"""Backup of a whole installation into one encrypted archive, and its restore."""
