"""Districts, companies, projects, sections, parties, people, posts, assignments and site policies.

What belongs to a project has `project_id` first in its key, so that the schema can be distributed by project.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

UP = (
    """
    CREATE TABLE district (
      id uuid CONSTRAINT pk_district PRIMARY KEY,
      code text NOT NULL CONSTRAINT ck_district_code CHECK (code ~ '^[0-9A-Za-z_-]{1,32}$'),
      name text NOT NULL CONSTRAINT ck_district_name CHECK (char_length(name) BETWEEN 1 AND 100),
      created_at timestamptz NOT NULL,
      CONSTRAINT uq_district_code UNIQUE (code)
    )
    """,
    """
    CREATE TABLE company (
      id uuid CONSTRAINT pk_company PRIMARY KEY,
      name text NOT NULL CONSTRAINT ck_company_name CHECK (char_length(name) BETWEEN 1 AND 200),
      uscc text CONSTRAINT ck_company_uscc CHECK (uscc ~ '^[0-9A-HJ-NPQRTUWXY]{18}$'),
      created_at timestamptz NOT NULL,
      CONSTRAINT uq_company_uscc UNIQUE (uscc),
      CONSTRAINT uq_company_name UNIQUE (name)
    )
    """,
    """
    CREATE TABLE project (
      id uuid CONSTRAINT pk_project PRIMARY KEY,
      registration_no text NOT NULL CONSTRAINT ck_project_registration_no CHECK (registration_no ~ '^[0-9A-Z-]{4,40}$'),
      name text NOT NULL CONSTRAINT ck_project_name CHECK (char_length(name) BETWEEN 1 AND 200),
      district_id uuid NOT NULL CONSTRAINT fk_project_district REFERENCES district (id),
      category text NOT NULL CONSTRAINT ck_project_category CHECK (category ~ '^[0-9]{2}$'),
      status text NOT NULL CONSTRAINT ck_project_status
        CHECK (status IN ('preparing', 'building', 'stopped', 'finished')),
      site_mode text NOT NULL CONSTRAINT ck_project_site_mode CHECK (site_mode IN ('gate', 'phone', 'either')),
      time_zone text NOT NULL,
      cutover time NOT NULL CONSTRAINT ck_project_cutover CHECK (cutover < '12:00'),
      starts_on date,
      ends_on date,
      created_at timestamptz NOT NULL,
      CONSTRAINT uq_project_registration_no UNIQUE (registration_no),
      CONSTRAINT ck_project_dates CHECK (ends_on >= starts_on)
    )
    """,
    "CREATE INDEX ix_project_district_id ON project (district_id)",
    """
    CREATE TABLE section (
      project_id uuid NOT NULL CONSTRAINT fk_section_project REFERENCES project (id),
      id uuid NOT NULL,
      code text NOT NULL CONSTRAINT ck_section_code CHECK (char_length(code) BETWEEN 1 AND 40),
      name text NOT NULL CONSTRAINT ck_section_name CHECK (char_length(name) BETWEEN 1 AND 200),
      from_chainage_m double precision,
      to_chainage_m double precision,
      created_at timestamptz NOT NULL,
      CONSTRAINT pk_section PRIMARY KEY (project_id, id),
      CONSTRAINT uq_section_code UNIQUE (project_id, code),
      CONSTRAINT ck_section_chainage CHECK (to_chainage_m > from_chainage_m)
    )
    """,
    """
    CREATE TABLE project_party (
      project_id uuid NOT NULL CONSTRAINT fk_project_party_project REFERENCES project (id),
      id uuid NOT NULL,
      company_id uuid NOT NULL CONSTRAINT fk_project_party_company REFERENCES company (id),
      kind text NOT NULL CONSTRAINT ck_project_party_kind CHECK (kind ~ '^0(0[1-9]|1[0-2])$'),
      created_at timestamptz NOT NULL,
      CONSTRAINT pk_project_party PRIMARY KEY (project_id, id),
      CONSTRAINT uq_project_party_company UNIQUE (project_id, company_id, kind)
    )
    """,
    """
    CREATE TABLE person (
      id uuid CONSTRAINT pk_person PRIMARY KEY,
      name text NOT NULL CONSTRAINT ck_person_name CHECK (char_length(name) BETWEEN 1 AND 100),
      document_type text NOT NULL CONSTRAINT ck_person_document_type CHECK (document_type ~ '^[0-9]{2}$'),
      document_cipher bytea NOT NULL,
      document_blind bytea NOT NULL,
      document_last4_blind bytea NOT NULL,
      phone_cipher bytea,
      phone_blind bytea,
      phone_last4_blind bytea,
      created_at timestamptz NOT NULL,
      created_by uuid CONSTRAINT fk_person_created_by REFERENCES account (id),
      CONSTRAINT uq_person_document UNIQUE (document_type, document_blind),
      CONSTRAINT ck_person_phone CHECK (
        (phone_cipher IS NULL) = (phone_blind IS NULL) AND (phone_cipher IS NULL) = (phone_last4_blind IS NULL))
    )
    """,
    "CREATE INDEX ix_person_name ON person (name)",
    "CREATE INDEX ix_person_document_last4_blind ON person (document_last4_blind)",
    "CREATE INDEX ix_person_phone_blind ON person (phone_blind)",
    "CREATE INDEX ix_person_phone_last4_blind ON person (phone_last4_blind)",
    """
    CREATE TABLE post (
      project_id uuid NOT NULL CONSTRAINT fk_post_project REFERENCES project (id),
      id uuid NOT NULL,
      party_id uuid NOT NULL,
      kind text NOT NULL CONSTRAINT ck_post_kind CHECK (kind ~ '^[a-z_]{3,40}$'),
      seats smallint NOT NULL CONSTRAINT ck_post_seats CHECK (seats BETWEEN 1 AND 10000),
      created_at timestamptz NOT NULL,
      CONSTRAINT pk_post PRIMARY KEY (project_id, id),
      CONSTRAINT fk_post_party FOREIGN KEY (project_id, party_id) REFERENCES project_party (project_id, id),
      CONSTRAINT uq_post_kind UNIQUE (project_id, party_id, kind)
    )
    """,
    """
    CREATE TABLE assignment (
      project_id uuid NOT NULL CONSTRAINT fk_assignment_project REFERENCES project (id),
      id uuid NOT NULL,
      post_id uuid NOT NULL,
      person_id uuid NOT NULL CONSTRAINT fk_assignment_person REFERENCES person (id),
      section_id uuid,
      from_on date NOT NULL,
      to_on date,
      exit_confirmed_at timestamptz,
      created_at timestamptz NOT NULL,
      CONSTRAINT pk_assignment PRIMARY KEY (project_id, id),
      CONSTRAINT fk_assignment_post FOREIGN KEY (project_id, post_id) REFERENCES post (project_id, id),
      CONSTRAINT fk_assignment_section FOREIGN KEY (project_id, section_id) REFERENCES section (project_id, id),
      CONSTRAINT uq_assignment_start UNIQUE (project_id, post_id, person_id, from_on),
      CONSTRAINT ck_assignment_dates CHECK (to_on >= from_on)
    )
    """,
    "CREATE INDEX ix_assignment_person_id ON assignment (person_id, from_on)",
    """
    CREATE TABLE site_policy (
      project_id uuid NOT NULL CONSTRAINT fk_site_policy_project REFERENCES project (id),
      version integer NOT NULL CONSTRAINT ck_site_policy_version CHECK (version >= 1),
      valid_from timestamptz NOT NULL,
      body jsonb NOT NULL,
      set_by uuid NOT NULL CONSTRAINT fk_site_policy_set_by REFERENCES account (id),
      set_at timestamptz NOT NULL,
      CONSTRAINT pk_site_policy PRIMARY KEY (project_id, version)
    )
    """,
    "ALTER TABLE account ADD CONSTRAINT fk_account_person FOREIGN KEY (person_id) REFERENCES person (id)",
    "ALTER TABLE role_grant ADD CONSTRAINT fk_role_grant_district FOREIGN KEY (district_id) REFERENCES district (id)",
    "ALTER TABLE role_grant ADD CONSTRAINT fk_role_grant_project FOREIGN KEY (project_id) REFERENCES project (id)",
    """
    ALTER TABLE role_grant ADD CONSTRAINT fk_role_grant_party FOREIGN KEY (project_id, party_id)
      REFERENCES project_party (project_id, id)
    """,
    """
    GRANT SELECT, INSERT, UPDATE ON district, company, project, section, project_party, person, post, assignment
      TO daogang_app
    """,
    "SELECT make_append_only('site_policy')",
    "GRANT SELECT, INSERT ON site_policy TO daogang_app",
)

TABLES = (
    "site_policy",
    "assignment",
    "post",
    "person",
    "project_party",
    "section",
    "project",
    "company",
    "district",
)


def upgrade() -> None:
    """Create the tables of backend.sites and tie identity's references to them."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Drop them, references first."""
    for name in ("fk_role_grant_party", "fk_role_grant_project", "fk_role_grant_district"):
        op.execute(f"ALTER TABLE role_grant DROP CONSTRAINT {name}")
    op.execute("ALTER TABLE account DROP CONSTRAINT fk_account_person")
    for table in TABLES:
        op.execute(f"DROP TABLE {table}")
