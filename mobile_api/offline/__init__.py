"""Punches made without network: field packs, signed queues, and when they happened."""
