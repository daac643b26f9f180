"""The desk's own check of proofs, run in Node.js, against the log as the server builds and signs it."""

import base64
import json
import struct
import subprocess
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from backend.ledger.seals import leaves, merkle
from backend.ledger.seals.heads import SignedHead, TreeHead
from backend.ledger.seals.merkle import Node
from tools import web

ORIGIN = "daogang/test/1"
MOST = 19
"""Trees of up to so many leaves: every shape of path occurs among them."""
LEAVES = [f"leaf {number}".encode() for number in range(MOST)]
KEY = Ed25519PrivateKey.from_private_bytes(sha256(b"a key of these tests").digest())
OTHER = Ed25519PrivateKey.from_private_bytes(sha256(b"another key of these tests").digest())


def root(contents: list[bytes]) -> bytes:
    """Return the root of leaves (RFC 9162, 2.1.1)."""
    if len(contents) == 1:
        return merkle.leaf_hash(contents[0])
    power = 1 << ((len(contents) - 1).bit_length() - 1)
    return merkle.node_hash(root(contents[:power]), root(contents[power:]))


def read(node: Node) -> bytes:
    return root(LEAVES[node.number << node.level : (node.number + 1) << node.level])


def asked(**what: list[Any]) -> dict[str, list[Any]]:
    """Ask the desk's code; what is not named is empty."""
    questions: dict[str, list[Any]] = {"inclusion": [], "consistency": [], "heads": [], "leaves": [], **what}
    command = ["node", "tests/proofs.mjs"]
    told = subprocess.run(
        command, cwd=web.WEB, input=json.dumps(questions), check=False, capture_output=True, text=True, timeout=60
    )
    assert told.returncode == 0, told.stderr[-2000:]
    return json.loads(told.stdout)


def inclusion(index: int, size: int) -> dict[str, Any]:
    path = merkle.path_of(merkle.inclusion_nodes(index, size), read)
    return {"leaf": LEAVES[index].hex(), "index": index, "size": size, "path": [one.hex() for one in path]}


def consistency(old: int, size: int) -> dict[str, Any]:
    path = merkle.path_of(merkle.consistency_nodes(old, size), read)
    roots = {"oldRoot": root(LEAVES[:old]).hex(), "root": root(LEAVES[:size]).hex()}
    return {"old": old, "size": size, "path": [one.hex() for one in path], **roots}


def test_every_leaf_of_every_tree_leads_to_its_root_and_nothing_else_does() -> None:
    right: list[dict[str, Any]] = [inclusion(index, size) for size in range(1, MOST + 1) for index in range(size)]
    changed = [{**one, "leaf": one["leaf"] + "00"} for one in right]
    elsewhere = [{**one, "index": one["index"] + 1} for one in right]
    longer = [{**one, "path": [*one["path"], "00" * 32]} for one in right]
    shorter = [{**one, "path": one["path"][:-1]} for one in right if one["path"]]
    every: list[dict[str, Any]] = [*right, *changed, *elsewhere, *longer, *shorter]
    found = asked(inclusion=every)["inclusion"]
    wanted = {size: root(LEAVES[:size]).hex() for size in range(1, MOST + 1)}
    holds = [told == wanted[one["size"]] for told, one in zip(found, every, strict=True)]
    assert all(holds[: len(right)])
    assert not any(holds[len(right) :])


CT_LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
CT_ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}
"""The tree of the tests of Certificate Transparency, whose log this is: leaves and roots in hexadecimal."""


def test_the_roots_are_those_of_certificate_transparency() -> None:
    leaves = [bytes.fromhex(one) for one in CT_LEAVES]
    assert {size: root(leaves[:size]).hex() for size in CT_ROOTS} == CT_ROOTS

    def node_of(node: Node) -> bytes:
        return root(leaves[node.number << node.level : (node.number + 1) << node.level])

    lead = merkle.path_of(merkle.inclusion_nodes(5, 8), node_of)
    grown = merkle.path_of(merkle.consistency_nodes(6, 8), node_of)
    roots = {"oldRoot": CT_ROOTS[6], "root": CT_ROOTS[8]}
    found = asked(
        inclusion=[{"leaf": CT_LEAVES[5], "index": 5, "size": 8, "path": [one.hex() for one in lead]}],
        consistency=[{"old": 6, "size": 8, "path": [one.hex() for one in grown], **roots}],
    )
    assert (found["inclusion"], found["consistency"]) == ([CT_ROOTS[8]], [True])


def test_a_log_that_grew_is_told_from_one_that_was_rebuilt() -> None:
    right = [consistency(old, size) for size in range(1, MOST + 1) for old in range(1, size + 1)]
    rebuilt = [{**one, "oldRoot": "00" * 32} for one in right]
    other = [{**one, "root": "00" * 32} for one in right]
    backwards = [{**one, "old": one["size"] + 1} for one in right]
    cut = [{**one, "path": one["path"][:-1]} for one in right if one["path"]]
    found = asked(consistency=[*right, *rebuilt, *other, *backwards, *cut])["consistency"]
    assert all(found[: len(right)])
    assert not any(found[len(right) :])


def signed(key: Ed25519PrivateKey, head: TreeHead) -> str:
    public = key.public_key().public_bytes_raw()
    return SignedHead(head, public, key.sign(head.text().encode())).note()


def public(key: Ed25519PrivateKey, kid: str) -> dict[str, str]:
    return {"kid": kid, "x": base64.urlsafe_b64encode(key.public_key().public_bytes_raw()).decode().rstrip("=")}


@pytest.mark.parametrize("size", [1, 1_204])
def test_a_head_is_taken_from_a_key_that_is_known_and_only_as_it_was_signed(size: int) -> None:
    head = TreeHead(ORIGIN, size, sha256(b"root").digest(), datetime(2026, 3, 16, 1, 35, tzinfo=UTC))
    note, keys = signed(KEY, head), [public(OTHER, "old"), public(KEY, "new")]
    cases = {
        "genuine": (note, ORIGIN, keys),
        "changed": (note.replace(f"\n{size}\n", f"\n{size + 1}\n"), ORIGIN, keys),
        "unknown": (note, ORIGIN, keys[:1]),
        "other_log": (note, "daogang/other/1", keys),
        "no_note": (note.replace("\n\n", "\n"), ORIGIN, keys),
        "unsigned": (note.partition("\n\n")[0] + "\n\n", ORIGIN, keys),
    }
    found = asked(heads=[{"note": one, "origin": of, "keys": by} for one, of, by in cases.values()])["heads"]
    assert dict(zip(cases, found, strict=True)) == {
        "genuine": {"size": size, "root": head.root.hex(), "kid": "new"},
        "changed": "forged",
        "unknown": "unknown_key",
        "other_log": "other_log",
        "no_note": "malformed",
        "unsigned": "unknown_key",
    }


def test_a_leaf_is_read_as_the_server_wrote_it() -> None:
    at = (datetime(2026, 3, 16, 1, 30, tzinfo=UTC) - leaves.EPOCH) // leaves.MICROSECOND
    project, ruling = UUID(int=1), UUID(int=2)
    values = [
        project.bytes,
        at.to_bytes(8, "big"),
        project.bytes,
        ruling.bytes,
        (2).to_bytes(4, "big"),
        b"counted",
        '[{"code": "计入"}]'.encode(),
        (7).to_bytes(4, "big"),
        None,
        "属实".encode(),
        None,
    ]
    fields = (b"\xff\xff\xff\xff" if one is None else struct.pack("!i", len(one)) + one for one in values)
    content = leaves.HEADS["ruling"] + b"".join(fields)
    (found,) = asked(leaves=[base64.b64encode(content).decode()])["leaves"]
    assert found == {
        "project_id": str(project),
        "ruled_at": "2026-03-16T01:30:00.000Z",
        "punch_id": str(project),
        "ruling_id": str(ruling),
        "seq": "2",
        "outcome": "counted",
        "reasons": '[{"code": "计入"}]',
        "policy_version": "7",
        "ruled_by": None,
        "note": "属实",
        "deadline_at": None,
    }
