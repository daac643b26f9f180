"""The demo: an invented world with a real metro line, loaded and played through the public HTTP API."""
