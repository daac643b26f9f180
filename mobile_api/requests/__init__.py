"""Phone-facing routes of make-ups, appeals and leave."""
