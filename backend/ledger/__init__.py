"""The append-only ledger: punches, rulings, attributions and their receipts."""
