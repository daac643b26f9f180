"""Tells boards what happens while they look: server-sent events out of the tables, resumed by their numbers."""
