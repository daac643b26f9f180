"""The rules: pure functions of facts and settings to findings and endings."""
