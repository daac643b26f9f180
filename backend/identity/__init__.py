"""Who may come in and what they may do: accounts, roles, sessions, phones and the audit log."""
