"""The worker's periodic jobs, a table for each room."""
