"""Person-days, rule sets and rates: what the ledger means for a day."""
