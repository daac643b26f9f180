"""Makes evidence packs: all that the ledger holds of a person's month on a project, checkable without us."""
