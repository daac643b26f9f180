"""What phones say and ask about liveness: challenges, frames, results, and one's own reference photos."""
