"""The copies of published fences that phones keep, and the index by which maps find fences."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create both; copies of versions that are published already are made when a phone first asks."""
    op.execute(
        """
        CREATE TABLE fence_copy (
          project_id uuid NOT NULL,
          version_id uuid NOT NULL,
          form integer NOT NULL CONSTRAINT ck_fence_copy_form CHECK (form >= 1),
          body text NOT NULL,
          fits boolean NOT NULL,
          vertices integer NOT NULL CONSTRAINT ck_fence_copy_vertices CHECK (vertices >= 3),
          published_vertices integer NOT NULL
            CONSTRAINT ck_fence_copy_published_vertices CHECK (published_vertices >= vertices),
          made_at timestamptz NOT NULL,
          CONSTRAINT pk_fence_copy PRIMARY KEY (project_id, version_id, form),
          CONSTRAINT fk_fence_copy_version FOREIGN KEY (project_id, version_id)
            REFERENCES fence_version (project_id, id)
        )
        """
    )
    op.execute("GRANT SELECT, INSERT ON fence_copy TO daogang_app")
    op.execute("CREATE INDEX ix_fence_version_area ON fence_version USING gist (area)")


def downgrade() -> None:
    """Drop both; nothing in them cannot be made again."""
    op.execute("DROP INDEX ix_fence_version_area")
    op.execute("DROP TABLE fence_copy")
