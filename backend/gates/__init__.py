"""Gate devices: registry, keys, ingestion and heartbeats."""
