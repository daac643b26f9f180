"""The databases that tests live on: what can go wrong between two runs on one cluster."""

from pathlib import Path

import psycopg
import pytest

from tests.support import databases as made
from tests.support.databases import Databases


@pytest.fixture
def other_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Let the migrations look edited: no template of this name exists."""
    name = f"{made.CLONE}edited_{tmp_path.name[-8:]}"
    monkeypatch.setattr(made, "template_name", lambda: name)
    monkeypatch.setattr(made, "LOCAL", tmp_path)
    monkeypatch.setattr(made, "FAILED", tmp_path / "failed")
    return name


def databases_like(url: str, name: str) -> set[str]:
    with psycopg.connect(url, autocommit=True) as connection:
        return {row[0] for row in connection.execute("SELECT datname FROM pg_database").fetchall() if name in row[0]}


@pytest.mark.usefixtures("other_name")
def test_what_one_worker_could_not_build_no_other_of_the_run_tries_again(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def broken(url: str) -> None:
        tried.append(url)
        msg = "column cannot be added"
        raise ValueError(msg)

    monkeypatch.setattr(made, "_migrate", broken)
    with pytest.raises(ValueError, match="column"):
        made.built_template(databases.url)
    with pytest.raises(RuntimeError, match=r"another worker .*column cannot be added"):
        made.built_template(databases.url)
    monkeypatch.setattr(made, "_this_run", lambda: "the next run")
    with pytest.raises(ValueError, match="column"):
        made.built_template(databases.url)
    assert len(tried) == 2


def test_a_template_bears_no_name_of_what_it_was_not_built_from(
    databases: Databases, monkeypatch: pytest.MonkeyPatch, other_name: str
) -> None:
    def edited_meanwhile(_url: str) -> None:
        monkeypatch.setattr(made, "template_name", lambda: f"{other_name}_again")

    monkeypatch.setattr(made, "_migrate", edited_meanwhile)
    with pytest.raises(RuntimeError, match="edited while"):
        made.built_template(databases.url)
    assert databases_like(databases.url, other_name) == set()


def test_a_statement_that_waits_too_long_names_everybody(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    with databases.clone("held") as url, psycopg.connect(url) as holder, monkeypatch.context() as patched:
        name = holder.info.dbname
        patched.setattr(made, "STATEMENT_WITHIN_S", 0.3)
        with pytest.raises(psycopg.errors.QueryCanceled) as caught:
            made.execute(databases.url, "ALTER DATABASE {} RENAME TO daogang_clone_never", name)
        assert f"{holder.info.backend_pid} | {name} | idle" in "".join(caught.value.__notes__)
