"""Signals that a gate is misused: where it stands, who passes it, how and when it fails; evidence for people."""
