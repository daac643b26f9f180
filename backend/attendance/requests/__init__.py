"""What people ask for about their attendance: make-ups, appeals, leave; its rules, its ways and its outcome."""
