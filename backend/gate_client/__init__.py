"""The reference client of the gate API: a queue on disk, signed deliveries, retries; knows nothing of the server."""
