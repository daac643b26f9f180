"""Terminals that post ISAPI events to a URL of their own, as multipart, JSON or XML."""
