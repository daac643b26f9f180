"""Runs the migrations of one database as the owner role, each in its own transaction, with time-outs."""

from alembic import context
from sqlalchemy import create_engine, pool, text

from backend.kit.db import Base, include_in_comparison, sqlalchemy_url
from backend.tables import load_all

OWNER = "daogang_owner"

load_all()


def run() -> None:
    """Connect to the `sqlalchemy.url` main option, or use the connection in the `connection` attribute."""
    url = context.config.get_main_option("sqlalchemy.url")
    if url is None:
        msg = "no database: use `daogang migrate`, which reads DATABASE_URL"
        raise SystemExit(msg)
    engine = create_engine(sqlalchemy_url(url), poolclass=pool.NullPool)
    with engine.connect() as connection:
        # Extensions and roles need more than the owner; 0001 takes the owner's role itself once it has set it up here.
        # Roles belong to the cluster, so another database may have made it: what counts is what it owns in this one.
        connection.execute(text("SET lock_timeout = '5s'"))
        connection.execute(text("SET statement_timeout = '10min'"))
        connection.execute(
            text(
                "SELECT set_config('role', :owner, false) FROM pg_tables "
                "WHERE schemaname = 'public' AND tablename = 'alembic_version' AND tableowner = :owner"
            ),
            {"owner": OWNER},
        )
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            include_object=include_in_comparison,
            transaction_per_migration=True,
            compare_type=True,
            compare_server_default=False,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
