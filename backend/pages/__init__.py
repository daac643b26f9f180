"""Serves the built web apps: the phone app under /app/, the desk under /desk/."""
