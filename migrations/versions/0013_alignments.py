"""Alignments with their chainages, sections' ranges on them, work faces, and corridors that are drawn on them."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

SHAPE = "NEW.area, NEW.axis, NEW.shape, NEW.crs, NEW.buffer_m, NEW.shape_digest, NEW.kind"
MORE = ", NEW.axis_chainage_m, NEW.alignment_version_id, NEW.extra_area"


def _refusal(columns: str) -> str:
    """Return the trigger function of migration 0004 over these columns."""
    return f"""
    CREATE OR REPLACE FUNCTION refuse_published_shape_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF OLD.state <> 'draft' AND ({columns}) IS DISTINCT FROM ({columns.replace("NEW.", "OLD.")}) THEN
        RAISE EXCEPTION 'fence version % is %: its shape cannot change', OLD.id, OLD.state
          USING ERRCODE = 'restrict_violation', HINT = 'Draw a new version.';
      END IF;
      RETURN NEW;
    END $$
    """


UP = (
    """
    CREATE TABLE alignment (
      project_id uuid NOT NULL CONSTRAINT fk_alignment_project REFERENCES project (id),
      id uuid NOT NULL,
      name text NOT NULL CONSTRAINT ck_alignment_name CHECK (char_length(name) BETWEEN 1 AND 200),
      prefix text NOT NULL CONSTRAINT ck_alignment_prefix CHECK (prefix ~ '^[A-Z]{0,4}K$'),
      carriageway text NOT NULL CONSTRAINT ck_alignment_carriageway CHECK (carriageway IN ('whole', 'left', 'right')),
      created_by uuid NOT NULL CONSTRAINT fk_alignment_created_by REFERENCES account (id),
      created_at timestamptz NOT NULL,
      CONSTRAINT pk_alignment PRIMARY KEY (project_id, id),
      CONSTRAINT uq_alignment_name UNIQUE (project_id, name)
    )
    """,
    """
    CREATE TABLE alignment_version (
      project_id uuid NOT NULL,
      id uuid NOT NULL,
      alignment_id uuid NOT NULL,
      number integer NOT NULL CONSTRAINT ck_alignment_version_number CHECK (number >= 1),
      crs text NOT NULL,
      drawing jsonb NOT NULL,
      drawing_digest bytea NOT NULL CONSTRAINT ck_alignment_version_digest CHECK (octet_length(drawing_digest) = 32),
      zone_srid integer NOT NULL CONSTRAINT ck_alignment_version_zone CHECK (zone_srid BETWEEN 4534 AND 4554),
      line geometry(LineStringM, 4326) NOT NULL,
      from_m double precision NOT NULL,
      to_m double precision NOT NULL,
      equation_back_m double precision[] NOT NULL,
      equation_ahead_m double precision[] NOT NULL,
      stakes jsonb NOT NULL,
      valid_during tstzrange NOT NULL CONSTRAINT ck_alignment_version_valid CHECK (NOT isempty(valid_during)),
      created_by uuid NOT NULL CONSTRAINT fk_alignment_version_created_by REFERENCES account (id),
      created_at timestamptz NOT NULL,
      CONSTRAINT pk_alignment_version PRIMARY KEY (project_id, id),
      CONSTRAINT fk_alignment_version_alignment FOREIGN KEY (project_id, alignment_id)
        REFERENCES alignment (project_id, id),
      CONSTRAINT uq_alignment_version_number UNIQUE (project_id, alignment_id, number),
      CONSTRAINT ck_alignment_version_line CHECK (ST_IsValidTrajectory(line)),
      CONSTRAINT ck_alignment_version_place CHECK (
        ST_XMin(line) >= 73 AND ST_XMax(line) <= 136 AND ST_YMin(line) >= 3 AND ST_YMax(line) <= 54),
      CONSTRAINT ck_alignment_version_ends CHECK (
        from_m = ST_M(ST_StartPoint(line)) AND to_m = ST_M(ST_EndPoint(line)) AND from_m >= 0),
      CONSTRAINT ck_alignment_version_equations CHECK (
        cardinality(equation_back_m) = cardinality(equation_ahead_m)),
      CONSTRAINT ex_alignment_version_valid EXCLUDE USING gist (
        project_id WITH =, alignment_id WITH =, valid_during WITH &&)
    )
    """,
    """
    CREATE FUNCTION refuse_alignment_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF (to_jsonb(NEW) - 'valid_during', lower(NEW.valid_during))
          IS DISTINCT FROM (to_jsonb(OLD) - 'valid_during', lower(OLD.valid_during)) THEN
        RAISE EXCEPTION 'alignment version % cannot change', OLD.id
          USING ERRCODE = 'restrict_violation', HINT = 'Make a new version.';
      END IF;
      RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER refuse_alignment_change BEFORE UPDATE ON alignment_version
      FOR EACH ROW EXECUTE FUNCTION refuse_alignment_change()
    """,
    """
    CREATE TABLE section_range (
      project_id uuid NOT NULL,
      section_id uuid NOT NULL,
      number integer NOT NULL CONSTRAINT ck_section_range_number CHECK (number >= 1),
      alignment_id uuid NOT NULL,
      begin_label text NOT NULL CONSTRAINT ck_section_range_begin CHECK (char_length(begin_label) <= 24),
      end_label text NOT NULL CONSTRAINT ck_section_range_end CHECK (char_length(end_label) <= 24),
      set_by uuid NOT NULL CONSTRAINT fk_section_range_set_by REFERENCES account (id),
      set_at timestamptz NOT NULL,
      CONSTRAINT pk_section_range PRIMARY KEY (project_id, section_id, number),
      CONSTRAINT fk_section_range_section FOREIGN KEY (project_id, section_id) REFERENCES section (project_id, id),
      CONSTRAINT fk_section_range_alignment FOREIGN KEY (project_id, alignment_id)
        REFERENCES alignment (project_id, id)
    )
    """,
    """
    CREATE TABLE work_face (
      project_id uuid NOT NULL,
      id uuid NOT NULL,
      fence_id uuid NOT NULL,
      name text NOT NULL CONSTRAINT ck_work_face_name CHECK (char_length(name) BETWEEN 1 AND 200),
      begin_label text NOT NULL CONSTRAINT ck_work_face_begin CHECK (char_length(begin_label) <= 24),
      end_label text NOT NULL CONSTRAINT ck_work_face_end CHECK (char_length(end_label) <= 24),
      from_on date NOT NULL,
      to_on date,
      created_by uuid NOT NULL CONSTRAINT fk_work_face_created_by REFERENCES account (id),
      created_at timestamptz NOT NULL,
      CONSTRAINT pk_work_face PRIMARY KEY (project_id, id),
      CONSTRAINT fk_work_face_fence FOREIGN KEY (project_id, fence_id) REFERENCES fence (project_id, id),
      CONSTRAINT ck_work_face_dates CHECK (to_on >= from_on)
    )
    """,
    "CREATE INDEX ix_work_face_fence ON work_face (project_id, fence_id)",
    """
    ALTER TABLE fence_version
      ADD COLUMN axis_chainage_m double precision[],
      ADD COLUMN alignment_version_id uuid,
      ADD COLUMN extra_area geometry(MultiPolygon, 4326),
      ADD CONSTRAINT fk_fence_version_alignment_version FOREIGN KEY (project_id, alignment_version_id)
        REFERENCES alignment_version (project_id, id),
      ADD CONSTRAINT ck_fence_version_axis_chainage CHECK (
        cardinality(axis_chainage_m) = ST_NPoints(axis)
        AND (axis_chainage_m IS NULL) = (alignment_version_id IS NULL))
    """,
    _refusal(SHAPE + MORE),
    "GRANT SELECT, INSERT, UPDATE (name) ON alignment TO daogang_app",
    "GRANT SELECT, INSERT, UPDATE (valid_during) ON alignment_version TO daogang_app",
    "GRANT SELECT, INSERT, DELETE ON section_range TO daogang_app",
    "GRANT SELECT, INSERT, UPDATE ON work_face TO daogang_app",
)


def upgrade() -> None:
    """Create alignments and what hangs on them."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Drop them; corridors that were drawn on alignments keep their areas."""
    op.execute(_refusal(SHAPE))
    op.execute(
        """
        ALTER TABLE fence_version
          DROP CONSTRAINT ck_fence_version_axis_chainage, DROP CONSTRAINT fk_fence_version_alignment_version,
          DROP COLUMN axis_chainage_m, DROP COLUMN alignment_version_id, DROP COLUMN extra_area
        """
    )
    for table in ("work_face", "section_range", "alignment_version", "alignment"):
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP FUNCTION refuse_alignment_change()")
