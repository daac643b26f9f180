"""Reference photos and liveness: facts that stay, and the sealed pictures that go again."""

from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

UP = (
    """
    CREATE TABLE face_reference (
      project_id uuid NOT NULL CONSTRAINT fk_face_reference_project REFERENCES project (id),
      id uuid NOT NULL,
      person_id uuid NOT NULL CONSTRAINT fk_face_reference_person REFERENCES person (id),
      digests bytea[] NOT NULL CONSTRAINT ck_face_reference_digests CHECK (cardinality(digests) BETWEEN 1 AND 3),
      facts jsonb NOT NULL CONSTRAINT ck_face_reference_facts CHECK (jsonb_typeof(facts) = 'object'),
      taken_at timestamptz NOT NULL,
      taken_by uuid NOT NULL CONSTRAINT fk_face_reference_taken_by REFERENCES account (id),
      CONSTRAINT pk_face_reference PRIMARY KEY (project_id, id)
    )
    """,
    "CREATE INDEX ix_face_reference_person_id ON face_reference (person_id, taken_at)",
    """
    CREATE TABLE face_reference_step (
      project_id uuid NOT NULL,
      reference_id uuid NOT NULL,
      seq smallint NOT NULL CONSTRAINT ck_face_reference_step_seq CHECK (seq >= 1),
      step text NOT NULL CONSTRAINT ck_face_reference_step_step CHECK (step IN
        ('approved', 'rejected', 'disputed', 'upheld', 'renewal_wanted', 'superseded', 'exit', 'withdrawn', 'deleted')),
      reason text NOT NULL,
      made_at timestamptz NOT NULL,
      made_by uuid CONSTRAINT fk_face_reference_step_made_by REFERENCES account (id),
      CONSTRAINT pk_face_reference_step PRIMARY KEY (project_id, reference_id, seq),
      CONSTRAINT fk_face_reference_step_reference FOREIGN KEY (project_id, reference_id)
        REFERENCES face_reference (project_id, id)
    )
    """,
    """
    CREATE TABLE face_reference_photos (
      project_id uuid NOT NULL,
      reference_id uuid NOT NULL,
      wrapped_key bytea NOT NULL,
      blobs text[] NOT NULL,
      CONSTRAINT pk_face_reference_photos PRIMARY KEY (project_id, reference_id),
      CONSTRAINT fk_face_reference_photos_reference FOREIGN KEY (project_id, reference_id)
        REFERENCES face_reference (project_id, id)
    )
    """,
    """
    CREATE TABLE liveness_challenge (
      project_id uuid NOT NULL CONSTRAINT fk_liveness_challenge_project REFERENCES project (id),
      id uuid NOT NULL,
      person_id uuid NOT NULL CONSTRAINT fk_liveness_challenge_person REFERENCES person (id),
      phone_id uuid NOT NULL CONSTRAINT fk_liveness_challenge_phone REFERENCES phone (id),
      kind text NOT NULL CONSTRAINT ck_liveness_challenge_kind CHECK (kind IN ('online', 'sealed')),
      nonce bytea NOT NULL CONSTRAINT ck_liveness_challenge_nonce CHECK (octet_length(nonce) = 16),
      steps text[] NOT NULL CONSTRAINT ck_liveness_challenge_steps CHECK (cardinality(steps) = 5),
      issued_at timestamptz NOT NULL,
      expires_at timestamptz NOT NULL,
      CONSTRAINT ck_liveness_challenge_life CHECK (expires_at > issued_at),
      CONSTRAINT pk_liveness_challenge PRIMARY KEY (project_id, id)
    )
    """,
    "CREATE INDEX ix_liveness_challenge_id ON liveness_challenge (id)",
    "CREATE INDEX ix_liveness_challenge_person_id ON liveness_challenge (person_id, issued_at)",
    """
    CREATE TABLE liveness_attempt (
      project_id uuid NOT NULL,
      challenge_id uuid NOT NULL,
      person_id uuid NOT NULL CONSTRAINT fk_liveness_attempt_person REFERENCES person (id),
      received_at timestamptz NOT NULL,
      made_at timestamptz NOT NULL,
      frames_digest bytea NOT NULL
        CONSTRAINT ck_liveness_attempt_frames_digest CHECK (octet_length(frames_digest) = 32),
      outcome text NOT NULL CONSTRAINT ck_liveness_attempt_outcome
        CHECK (outcome IN ('passed', 'review', 'failed', 'not_evaluated')),
      reasons text[] NOT NULL,
      again boolean NOT NULL,
      scores jsonb NOT NULL CONSTRAINT ck_liveness_attempt_scores CHECK (jsonb_typeof(scores) = 'object'),
      models jsonb NOT NULL CONSTRAINT ck_liveness_attempt_models CHECK (jsonb_typeof(models) = 'object'),
      thresholds text NOT NULL,
      reference_id uuid,
      CONSTRAINT ck_liveness_attempt_passed CHECK (outcome <> 'passed' OR
        (cardinality(reasons) = 0 AND reference_id IS NOT NULL AND models <> '{}'::jsonb)),
      CONSTRAINT pk_liveness_attempt PRIMARY KEY (project_id, challenge_id),
      CONSTRAINT fk_liveness_attempt_challenge FOREIGN KEY (project_id, challenge_id)
        REFERENCES liveness_challenge (project_id, id)
    )
    """,
    "CREATE INDEX ix_liveness_attempt_person_id ON liveness_attempt (person_id, received_at)",
    """
    CREATE TABLE liveness_frame (
      project_id uuid NOT NULL,
      challenge_id uuid NOT NULL,
      number smallint NOT NULL,
      person_id uuid NOT NULL CONSTRAINT fk_liveness_frame_person REFERENCES person (id),
      step text NOT NULL,
      at_ms bigint NOT NULL,
      sha256 bytea NOT NULL CONSTRAINT ck_liveness_frame_sha256 CHECK (octet_length(sha256) = 32),
      size_bytes integer NOT NULL,
      trace jsonb,
      received_at timestamptz NOT NULL,
      CONSTRAINT pk_liveness_frame PRIMARY KEY (project_id, challenge_id, number),
      CONSTRAINT fk_liveness_frame_challenge FOREIGN KEY (project_id, challenge_id)
        REFERENCES liveness_challenge (project_id, id)
    )
    """,
    "CREATE INDEX ix_liveness_frame_person_id ON liveness_frame (person_id, received_at)",
    "CREATE INDEX ix_liveness_frame_sha256 ON liveness_frame (sha256)",
    """
    CREATE TABLE liveness_frames (
      project_id uuid NOT NULL,
      challenge_id uuid NOT NULL,
      wrapped_key bytea NOT NULL,
      blobs text[] NOT NULL,
      delete_after timestamptz NOT NULL,
      CONSTRAINT pk_liveness_frames PRIMARY KEY (project_id, challenge_id),
      CONSTRAINT fk_liveness_frames_challenge FOREIGN KEY (project_id, challenge_id)
        REFERENCES liveness_challenge (project_id, id)
    )
    """,
    "CREATE INDEX ix_liveness_frames_delete_after ON liveness_frames (delete_after)",
    """
    CREATE TABLE liveness_deletion (
      project_id uuid NOT NULL,
      challenge_id uuid NOT NULL,
      deleted_at timestamptz NOT NULL,
      CONSTRAINT pk_liveness_deletion PRIMARY KEY (project_id, challenge_id),
      CONSTRAINT fk_liveness_deletion_challenge FOREIGN KEY (project_id, challenge_id)
        REFERENCES liveness_challenge (project_id, id)
    )
    """,
    "SELECT make_append_only('face_reference')",
    "SELECT make_append_only('face_reference_step')",
    "SELECT make_append_only('liveness_challenge')",
    "SELECT make_append_only('liveness_attempt')",
    "SELECT make_append_only('liveness_frame')",
    "SELECT make_append_only('liveness_deletion')",
    "GRANT SELECT, INSERT ON face_reference, face_reference_step TO daogang_app",
    "GRANT SELECT, INSERT ON liveness_challenge, liveness_attempt, liveness_frame, liveness_deletion TO daogang_app",
    # Pictures go again: with these rows goes the only key to them.
    "GRANT SELECT, INSERT, DELETE ON face_reference_photos, liveness_frames TO daogang_app",
)

TABLES = (
    "liveness_deletion",
    "liveness_frames",
    "liveness_frame",
    "liveness_attempt",
    "liveness_challenge",
    "face_reference_photos",
    "face_reference_step",
    "face_reference",
)


def upgrade() -> None:
    """Create the tables."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Drop them."""
    for table in TABLES:
        op.execute(f"DROP TABLE {table}")
