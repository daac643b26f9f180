"""Daily and weekly bulletins: composed purely, frozen with a digest, re-issued with a diff, never altered."""
