"""Consents: given for one purpose and one text, withdrawn at any time, and what is deleted for that."""
