"""The key directory: private files, rotation under a running server, and faults that name their remedy."""

import json
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backend.kit.keyfiles import FileKeyRing, KeyFileError, init_keys, list_keys, retire_key, rotate_key
from backend.kit.keyring import SEALER_PURPOSES, KeyUnknownError, Purpose, PurposeNotLoadedError

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)

WITH_KEY = (
    b'{"purpose":"jwt","keys":[{"id":"x","state":"active","created_at":"2026-03-02T%s",'
    b'"verify_until":null,"secret":"%s"}]}'
)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    path = tmp_path / "keys"
    init_keys(path, AT)
    return path


class Ticks:
    """A monotonic clock that is moved by hand."""

    def __init__(self) -> None:
        """Start at zero."""
        self.at = 0.0

    def __call__(self) -> float:
        """Tell the seconds."""
        return self.at


def test_init_makes_one_private_file_per_purpose_and_keeps_what_is_there(directory: Path) -> None:
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    files = sorted(directory.iterdir())
    assert [file.name for file in files] == sorted(f"{purpose.value}.json" for purpose in Purpose)
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    before = [(info.id, info.state) for info in list_keys(directory)]
    (directory / "anchor.json").unlink()
    init_keys(directory, AT)
    after = [(info.id, info.state) for info in list_keys(directory)]
    assert len(after) == len(Purpose)
    assert [entry for entry in before if not entry[0].startswith("anchor")] == [
        entry for entry in after if not entry[0].startswith("anchor")
    ]


def test_what_was_written_is_what_is_loaded(directory: Path) -> None:
    one, two = FileKeyRing(directory), FileKeyRing(directory)
    assert one.active(Purpose.FIELD) == two.active(Purpose.FIELD)
    assert one.active(Purpose.FIELD).created_at == AT


def test_the_server_s_ring_never_opens_the_seal_file(directory: Path) -> None:
    (directory / "seal.json").unlink()
    ring = FileKeyRing(directory)
    with pytest.raises(PurposeNotLoadedError):
        ring.active(Purpose.SEAL)


def test_the_sealer_needs_nothing_but_the_seal_file(directory: Path) -> None:
    for purpose in Purpose:
        if purpose is not Purpose.SEAL:
            (directory / f"{purpose.value}.json").unlink()
    assert FileKeyRing(directory, SEALER_PURPOSES).active(Purpose.SEAL).purpose is Purpose.SEAL


@pytest.mark.parametrize("mode", [0o604, 0o644, 0o606, 0o620, 0o601])
def test_a_file_open_to_others_is_refused_with_the_remedy(directory: Path, mode: int) -> None:
    (directory / "jwt.json").chmod(mode)
    with pytest.raises(KeyFileError, match=r"chmod 600 .*jwt\.json"):
        FileKeyRing(directory)


def test_a_service_group_may_read(directory: Path) -> None:
    (directory / "jwt.json").chmod(0o640)
    assert FileKeyRing(directory).active(Purpose.JWT)
    rotate_key(directory, "jwt", AT)
    assert stat.S_IMODE((directory / "jwt.json").stat().st_mode) == 0o640


def test_a_missing_file_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="daogang keys init"):
        FileKeyRing(tmp_path)
    with pytest.raises(KeyFileError, match="daogang keys init"):
        rotate_key(tmp_path / "nowhere", "jwt", AT)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"purpose":"jwt","keys":[{"id":"x"}]}',
        b'{"purpose":"jwt","keys":[],"more":1}',
        WITH_KEY % (b"08:00:00Z", b"c2hvcnQ="),
        WITH_KEY % (b"08:00:00", b"A" * 43 + b"="),
    ],
)
def test_a_malformed_file_is_refused_without_quoting_it(directory: Path, content: bytes) -> None:
    (directory / "jwt.json").write_bytes(content)
    with pytest.raises(KeyFileError, match="malformed") as caught:
        FileKeyRing(directory)
    assert "AAAA" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_file_under_another_purpose_s_name_is_refused(directory: Path) -> None:
    (directory / "jwt.json").write_bytes((directory / "anchor.json").read_bytes())
    with pytest.raises(KeyFileError, match="holds keys of purpose anchor"):
        FileKeyRing(directory)


def test_the_listing_holds_no_secret(directory: Path) -> None:
    rotate_key(directory, "jwt", AT)
    stored = json.loads((directory / "jwt.json").read_text())
    shown = repr(list_keys(directory))
    assert [info.state for info in list_keys(directory) if info.purpose == "jwt"] == ["active", "verify-only"]
    for key in stored["keys"]:
        assert key["secret"] not in shown


def test_a_running_server_knows_a_neighbour_s_new_key_at_once(directory: Path) -> None:
    ticks = Ticks()
    ring = FileKeyRing(directory, monotonic=ticks)
    old = ring.active(Purpose.JWT)
    new = rotate_key(directory, "jwt", AT)
    assert ring.active(Purpose.JWT) == old
    assert ring.find(Purpose.JWT, new.id, AT).id == new.id
    assert ring.active(Purpose.JWT).id == new.id


def test_a_running_server_stops_signing_with_a_replaced_key_within_seconds(directory: Path) -> None:
    ticks = Ticks()
    ring = FileKeyRing(directory, monotonic=ticks)
    new = rotate_key(directory, "jwt", AT)
    ticks.at = 6.0
    assert ring.active(Purpose.JWT).id == new.id


def test_a_running_server_drops_a_retired_key_within_seconds(directory: Path) -> None:
    ticks = Ticks()
    ring = FileKeyRing(directory, monotonic=ticks)
    old = ring.active(Purpose.JWT).id
    rotate_key(directory, "jwt", AT)
    retire_key(directory, "jwt", old)
    ticks.at = 6.0
    with pytest.raises(KeyUnknownError):
        ring.find(Purpose.JWT, old, AT)


def test_a_file_that_goes_bad_does_not_take_a_running_server_down(directory: Path) -> None:
    ticks = Ticks()
    ring = FileKeyRing(directory, monotonic=ticks)
    good = ring.active(Purpose.JWT)
    (directory / "jwt.json").write_bytes(b"{")
    ticks.at = 6.0
    assert ring.active(Purpose.JWT) == good
    with pytest.raises(KeyUnknownError):
        ring.find(Purpose.JWT, "jwt-unknown", AT + timedelta(seconds=1))


def test_an_unknown_purpose_lists_the_known_ones(directory: Path) -> None:
    with pytest.raises(KeyFileError, match="blind_index"):
        rotate_key(directory, "jws", AT)
    assert rotate_key(directory, "blind-index", AT).purpose == "blind_index"


def test_an_interrupted_write_leaves_the_old_file(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (directory / "jwt.json").read_bytes()

    def fail(_handle: int) -> None:
        msg = "disk full"
        raise OSError(msg)

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        rotate_key(directory, "jwt", AT)
    assert (directory / "jwt.json").read_bytes() == before
    assert [file.name for file in directory.iterdir() if file.name.startswith(".")] == []
