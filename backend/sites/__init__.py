"""Districts, projects, parties, people, posts and dated assignments: who should be where, and since when."""
