"""Photos of phones over tus 1.0."""
