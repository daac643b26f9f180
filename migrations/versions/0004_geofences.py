"""Fences and their versions, stored valid in EPSG:4326, subdivided for search."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

UP = (
    """
    CREATE TABLE fence (
      project_id uuid NOT NULL CONSTRAINT fk_fence_project REFERENCES project (id),
      id uuid NOT NULL,
      section_id uuid,
      name text NOT NULL CONSTRAINT ck_fence_name CHECK (char_length(name) BETWEEN 1 AND 200),
      created_by uuid NOT NULL CONSTRAINT fk_fence_created_by REFERENCES account (id),
      created_at timestamptz NOT NULL,
      CONSTRAINT pk_fence PRIMARY KEY (project_id, id),
      CONSTRAINT fk_fence_section FOREIGN KEY (project_id, section_id) REFERENCES section (project_id, id),
      CONSTRAINT uq_fence_name UNIQUE (project_id, name)
    )
    """,
    """
    CREATE TABLE fence_version (
      project_id uuid NOT NULL,
      id uuid NOT NULL,
      fence_id uuid NOT NULL,
      number integer NOT NULL CONSTRAINT ck_fence_version_number CHECK (number >= 1),
      state text NOT NULL CONSTRAINT ck_fence_version_state
        CHECK (state IN ('draft', 'submitted', 'published', 'superseded', 'withdrawn')),
      kind text NOT NULL CONSTRAINT ck_fence_version_kind CHECK (kind IN ('polygon', 'corridor', 'circle', 'point')),
      crs text NOT NULL,
      shape jsonb NOT NULL,
      shape_digest bytea NOT NULL CONSTRAINT ck_fence_version_digest CHECK (octet_length(shape_digest) = 32),
      zone_srid integer NOT NULL CONSTRAINT ck_fence_version_zone CHECK (zone_srid BETWEEN 4534 AND 4554),
      buffer_m double precision NOT NULL CONSTRAINT ck_fence_version_buffer CHECK (buffer_m BETWEEN 0 AND 500),
      area geometry(MultiPolygon, 4326) NOT NULL,
      axis geometry(LineString, 4326),
      axis_start_m double precision,
      opens_at time,
      closes_at time,
      valid_during tstzrange CONSTRAINT ck_fence_version_valid CHECK (NOT isempty(valid_during)),
      created_by uuid NOT NULL CONSTRAINT fk_fence_version_created_by REFERENCES account (id),
      created_at timestamptz NOT NULL,
      submitted_by uuid CONSTRAINT fk_fence_version_submitted_by REFERENCES account (id),
      submitted_at timestamptz,
      published_by uuid CONSTRAINT fk_fence_version_published_by REFERENCES account (id),
      published_at timestamptz,
      CONSTRAINT pk_fence_version PRIMARY KEY (project_id, id),
      CONSTRAINT fk_fence_version_fence FOREIGN KEY (project_id, fence_id) REFERENCES fence (project_id, id),
      CONSTRAINT uq_fence_version_number UNIQUE (project_id, fence_id, number),
      CONSTRAINT ck_fence_version_area_valid CHECK (ST_IsValid(area) AND NOT ST_IsEmpty(area)),
      CONSTRAINT ck_fence_version_area_place CHECK (
        ST_XMin(area) >= 73 AND ST_XMax(area) <= 136 AND ST_YMin(area) >= 3 AND ST_YMax(area) <= 54),
      CONSTRAINT ck_fence_version_axis CHECK ((kind = 'corridor') = (axis IS NOT NULL)),
      CONSTRAINT ck_fence_version_hours CHECK ((opens_at IS NULL) = (closes_at IS NULL)),
      CONSTRAINT ck_fence_version_life CHECK (
        (state IN ('published', 'superseded')) = (valid_during IS NOT NULL AND published_at IS NOT NULL)
        OR state = 'withdrawn'),
      CONSTRAINT ex_fence_version_valid EXCLUDE USING gist (project_id WITH =, fence_id WITH =, valid_during WITH &&)
        WHERE (state IN ('published', 'superseded'))
    )
    """,
    "CREATE INDEX ix_fence_version_in_force ON fence_version (project_id) WHERE state IN ('published', 'superseded')",
    """
    CREATE TABLE fence_part (
      project_id uuid NOT NULL,
      version_id uuid NOT NULL,
      number integer NOT NULL,
      area geometry(Polygon, 4326) NOT NULL,
      CONSTRAINT pk_fence_part PRIMARY KEY (project_id, version_id, number),
      CONSTRAINT fk_fence_part_version FOREIGN KEY (project_id, version_id) REFERENCES fence_version (project_id, id)
    )
    """,
    "CREATE INDEX ix_fence_part_area ON fence_part USING gist (area)",
    """
    CREATE FUNCTION refuse_published_shape_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF OLD.state <> 'draft' AND (NEW.area, NEW.axis, NEW.shape, NEW.crs, NEW.buffer_m, NEW.shape_digest, NEW.kind)
          IS DISTINCT FROM (OLD.area, OLD.axis, OLD.shape, OLD.crs, OLD.buffer_m, OLD.shape_digest, OLD.kind) THEN
        RAISE EXCEPTION 'fence version % is %: its shape cannot change', OLD.id, OLD.state
          USING ERRCODE = 'restrict_violation', HINT = 'Draw a new version.';
      END IF;
      RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER refuse_published_shape_change BEFORE UPDATE ON fence_version
      FOR EACH ROW EXECUTE FUNCTION refuse_published_shape_change()
    """,
    "GRANT SELECT, INSERT, UPDATE ON fence, fence_version TO daogang_app",
    "GRANT SELECT, INSERT ON fence_part TO daogang_app",
)


def upgrade() -> None:
    """Create the tables of geofences."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Drop them."""
    for table in ("fence_part", "fence_version", "fence"):
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP FUNCTION refuse_published_shape_change()")
