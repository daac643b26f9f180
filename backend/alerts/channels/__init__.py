"""Tells people outside the inbox: one port, an adapter for each channel, attempts on record, and the drain."""
