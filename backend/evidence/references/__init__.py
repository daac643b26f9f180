"""Reference photos: taken on the project, approved by another office, renewed and disputed, deleted after the exit."""
