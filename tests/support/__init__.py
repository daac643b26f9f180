"""What tests share: databases, the application in memory, real processes."""
