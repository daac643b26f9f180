"""Photos once they are whole: looked into, made harmless, kept sealed, compared, shown, and deleted in time."""
