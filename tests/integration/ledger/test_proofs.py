"""Proofs that a script with nothing of ours checks, and the routes that give them."""

import base64
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from backend.kit.keyring import SEALER_PURPOSES, MemoryKeyRing, Purpose
from backend.ledger.seals import merkle, proofs
from backend.ledger.seals.heads import read_note
from backend.ledger.seals.leaves import read_leaf
from tests.support.databases import Databases
from tests.support.ledgers import entry
from tests.support.seals import AT, SealedLedger, append, full_entry, rule_and_attribute, sealed_ledger
from tools.house import ROOT

pytestmark = pytest.mark.anyio
SCRIPT = ROOT / "backend/ledger/seals/check_proof.py"
PROJECT = uuid4()
PUNCHES = [full_entry(PROJECT, AT + timedelta(seconds=number)) for number in range(300)]


@pytest.fixture(scope="module")
async def ledger(databases: Databases) -> AsyncIterator[SealedLedger]:
    with databases.clone("proofs") as url:
        async with sealed_ledger(url) as opened:
            await append(opened.database, PUNCHES[:130])
            await rule_and_attribute(opened.database, PUNCHES[7], AT + timedelta(hours=1))
            await opened.seal()
            opened.keys.rotate(Purpose.SEAL, AT)
            await append(opened.database, PUNCHES[130:])
            await opened.seal()
            yield opened


async def files(ledger: SealedLedger, folder: Path, punches: list[UUID]) -> tuple[Path, Path]:
    async with ledger.database.connection() as connection:
        proof = await proofs.write_proofs(connection, [(PROJECT, punch_id) for punch_id in punches])
        keys = msgspec.json.encode(await proofs.read_key_set(connection))
    (folder / "proof.json").write_bytes(proof)
    (folder / "keys.json").write_bytes(keys)
    return folder / "proof.json", folder / "keys.json"


def check(*paths: Path) -> tuple[int, str]:
    """Run the script as somebody without our code would: -I keeps our packages out of its way."""
    said = subprocess.run([sys.executable, "-I", SCRIPT, *paths], check=False, capture_output=True, text=True)
    return said.returncode, said.stdout + said.stderr


def test_the_script_is_short_and_needs_nothing_of_ours() -> None:
    source = SCRIPT.read_text()
    assert len(source.splitlines()) <= 100
    assert "import backend" not in source
    assert "from backend" not in source


async def test_proofs_of_several_punches_hold_and_say_what_is_in_the_ledger(
    ledger: SealedLedger, tmp_path: Path
) -> None:
    status, said = check(*await files(ledger, tmp_path, [PUNCHES[number].punch_id for number in (0, 7, 129, 299)]))
    assert status == 0, said
    lines = said.splitlines()
    kinds = [line.split()[2] for line in lines]
    assert kinds == ["punch", "punch", "punch", "ruling", "attribution", "punch"]
    told: dict[str, Any] = json.loads(lines[1].split(" ", 3)[3])
    one = PUNCHES[7]
    assert (told["punch_id"], told["person_id"]) == (str(one.punch_id), str(one.person_id))
    assert (told["signals"], told["probability"], told["granted"]) == (["mock_location", "重复坐标"], 0.75, True)
    assert told["occurred_at"] == str(one.occurred_at)
    assert told["payload_digest"] == one.payload_digest
    assert json.loads(told["first_ruling.reasons"]) == list(one.reasons)
    proof = json.loads((tmp_path / "proof.json").read_text())
    for line, proved in zip(lines, proof["entries"], strict=True):
        ours = read_leaf(base64.b64decode(proved["leaf"]))
        assert list(json.loads(line.split(" ", 3)[3])) == list(ours), "the script knows the same columns"


def altered(proof: dict[str, Any], what: str) -> dict[str, Any]:
    first = proof["entries"][0]
    if what == "leaf":
        content = bytearray(base64.b64decode(first["leaf"]))
        content[35] ^= 1  # inside project_id
        first["leaf"] = base64.b64encode(content).decode()
    elif what == "path":
        first["path"][2] = f"{int(first['path'][2], 16) ^ 1:064x}"
    elif what == "shorter":
        first["path"].pop()
    elif what == "longer":
        first["path"].append(first["path"][0])
    elif what == "index":
        first["index"] += 1
    elif what == "beyond":
        first["index"] += 100_000
    elif what == "nothing":
        proof["entries"] = []
    elif what == "size":
        size = proof["head"].split("\n")[1]
        proof["head"] = proof["head"].replace(f"\n{size}\n", f"\n{int(size) + 1}\n")
    elif what == "no head":
        proof["head"] = None
    return proof


@pytest.mark.parametrize(
    ("what", "status"),
    [
        *((what, 1) for what in ("leaf", "path", "shorter", "longer", "index", "beyond", "nothing")),
        *((what, 2) for what in ("size", "no head")),
    ],
)
async def test_what_was_altered_does_not_hold(what: str, status: int, ledger: SealedLedger, tmp_path: Path) -> None:
    proof, keys = await files(ledger, tmp_path, [PUNCHES[5].punch_id, PUNCHES[6].punch_id])
    proof.write_text(json.dumps(altered(json.loads(proof.read_text()), what)))
    found, said = check(proof, keys)
    assert found == status, said


async def test_a_key_of_somebody_else_and_another_log(ledger: SealedLedger, tmp_path: Path) -> None:
    proof, keys = await files(ledger, tmp_path, [PUNCHES[5].punch_id])
    known = json.loads(keys.read_text())
    keys.write_text(json.dumps(known | {"origin": "daogang/another/1"}))
    assert check(proof, keys)[0] == 1
    strange = base64.urlsafe_b64encode(MemoryKeyRing(AT, SEALER_PURPOSES).active(Purpose.SEAL).secret)
    keys.write_text(json.dumps(known | {"keys": [known["keys"][0] | {"x": strange.decode().rstrip("=")}]}))
    assert check(proof, keys) == (2, "cannot be checked: no key that you trust signed the head\n")


async def test_what_waits_for_its_seal_is_named(ledger: SealedLedger) -> None:
    new = entry(PROJECT, None, AT + timedelta(days=1))
    await append(ledger.database, [new])
    async with ledger.database.connection() as connection:
        found = await proofs.prove_punches(connection, [(PROJECT, new.punch_id), (PROJECT, PUNCHES[0].punch_id)])
        assert found.unsealed == [new.punch_id]
        assert [one.index for one in found.entries] == [0]
        other = await proofs.prove_punches(connection, [(uuid4(), PUNCHES[0].punch_id)])
    assert other.entries == [], "of another project there is nothing"


async def test_consistency_between_any_two_heads(ledger: SealedLedger) -> None:
    async with ledger.database.connection() as connection:
        heads = await (await connection.execute("SELECT tree_size, root_hash FROM seal_head ORDER BY 1")).fetchall()
        assert len(heads) >= 2
        for old, old_root in heads:
            shown = await proofs.prove_consistency(connection, old, None)
            root = read_note(shown.head)[0].root
            path = [bytes.fromhex(one) for one in shown.path]
            assert merkle.extends(old, shown.new_size, path, bytes(old_root), root)
        for sizes in ((1, 3), (400, 300), (10_000, None)):
            with pytest.raises(proofs.SizeUnknown):
                await proofs.prove_consistency(connection, *sizes)
