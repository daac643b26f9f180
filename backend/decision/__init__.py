"""The check-in decision: placement, policy and signals in, ruling with reasons and advice out; pure."""
