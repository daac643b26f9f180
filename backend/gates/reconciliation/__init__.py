"""What a gate counts against what the ledger holds: gaps, days, and a list of what somebody should look after."""
