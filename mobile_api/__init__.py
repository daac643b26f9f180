"""What phones talk to: log-in, fences to cache, check-in, history and month."""
