"""Keeps what is known of gates: devices and their pairing, the register of keys, whom their numbers mean."""
