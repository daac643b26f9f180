"""Alerts: rules that follow facts, what they find, who is told, and what becomes of it."""
