"""The queue of the four commands that terminals may be sent, all of which only read."""
