"""Photos: what arrives of them, how it is kept, and for how long."""
