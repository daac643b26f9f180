"""The database's history: numbered, reversible, transactional Alembic migrations."""
