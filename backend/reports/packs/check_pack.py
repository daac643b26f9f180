"""Checks an evidence pack where it was unpacked: python3 check_pack.py [KEYS.json]; 0 all holds, 1 not, 2 unclear.

Needs Python 3.11 or newer and the other files of the pack, nothing else: no network, nothing of the platform's. Give it
the public keys that you were given on another way; without them it takes those of the pack and says so.
"""

# What it imports lies beside it only in a pack.
# pyright: basic

import base64
import json
import sys
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from check_proof import read_head, read_leaf, root_of  # pyright: ignore[reportMissingImports] - lies beside it in the pack

IDS = {"punch": "punch_id", "ruling": "ruling_id", "attribution": "attribution_id"}
Columns = dict[str, Any]
Proved = dict[tuple[str, str], tuple[int, Columns]]


def say(*words: object) -> None:
    """Write a line for whoever checks."""
    print(*words)  # noqa: T201 - its purpose


def proved_entries(proof: Columns, size: int, root: bytes) -> Iterator[tuple[tuple[str, str], tuple[int, Columns]]]:
    """Yield what each leaf says, by kind and id; raises ValueError for one that is not in the log."""
    for one in proof["entries"]:
        leaf, path = base64.b64decode(one["leaf"]), [bytes.fromhex(part) for part in one["path"]]
        if root_of(leaf, one["index"], size, path) != root:
            raise ValueError(f"leaf {one['index']} is not in the log that was signed")
        kind, told = read_leaf(leaf).split(" ", 1)
        columns = json.loads(told)
        yield (kind, columns[IDS[kind]]), (one["index"], columns)


def differences(kind: str, said: Columns, sealed: Columns) -> list[str]:
    """Return the columns in which a row of the month is not what was sealed."""
    names = {name for name in [*said, *sealed] if not name.startswith("first_ruling.")}
    return [
        f"{kind}.{name}"
        for name in sorted(names)
        if name not in said or name not in sealed or not same(name, said[name], sealed[name])
    ]


def same(name: str, said: Any, sealed: Any) -> bool:  # noqa: ANN401 - any JSON value
    """Tell whether a value of the month is the sealed one; instants are written in two ways, reasons sealed as text."""
    if name.endswith("_at") and said is not None and sealed is not None:
        return datetime.fromisoformat(said) == datetime.fromisoformat(sealed)
    if name == "reasons" and sealed is not None:
        return bool(said == json.loads(sealed))
    return type(said) is type(sealed) and bool(said == sealed)


def check_entry(entry: Columns, pack: Columns, proved: Proved, waiting: set[str]) -> list[str]:
    """Return what of an entry does not hold; what was proved or waits is taken out of `proved` and `waiting`."""
    wrong: list[str] = []
    records = [
        ("punch", entry["punch"]),
        *(("ruling", one) for one in entry["rulings"][1:]),
        *(("attribution", one) for one in entry["attributions"]),
    ]
    for kind, record in records:
        columns, key = record["columns"], record["columns"][IDS[kind]]
        if record["leaf"] is None:
            if key not in waiting:
                wrong.append(f"{kind} {key} is said to wait for its seal and does not")
            waiting.discard(key)
            continue
        index, sealed = proved.pop((kind, key), (None, {}))
        if index != record["leaf"]:
            wrong.append(f"{kind} {key} is not proved")
            continue
        wrong += differences(kind, columns, sealed)
        if kind == "punch":
            # The first ruling is part of the punch's leaf, which says when both were written, and of what, once.
            first = {name[13:]: value for name, value in sealed.items() if name.startswith("first_ruling.")}
            shared = {"project_id": sealed["project_id"], "punch_id": key, "ruled_at": sealed["received_at"]}
            wrong += differences("first_ruling", entry["rulings"][0]["columns"], {**first, **shared})
    return [f"punch {entry['punch']['columns']['punch_id']}: {one}" for one in [*wrong, *state_of(entry, pack)]]


def state_of(entry: Columns, pack: Columns) -> list[str]:
    """Return what of an entry's state does not follow from its rows: whose it is, when, and what was decided."""
    punch = entry["punch"]["columns"]
    rulings = [one["columns"] for one in entry["rulings"]]
    at, person = punch["occurred_at"], punch["person_id"]
    for one in entry["attributions"]:
        at, person = one["columns"]["occurred_at"] or at, one["columns"]["person_id"] or person
    wrong = []
    if (person, punch["project_id"]) != (pack["person"]["id"], pack["project"]["id"]):
        wrong.append("it is of another person or project")
    if [one["seq"] for one in rulings] != list(range(1, len(rulings) + 1)):
        wrong.append("a ruling is missing")
    elif rulings[-1]["outcome"] != entry["outcome"]:
        wrong.append("the outcome is not that of the last ruling")
    if entry["counts_at"] is not None and not same("counts_at", entry["counts_at"], at):
        wrong.append("it does not count at the instant that was recorded")
    strangers = [
        one["punch_id"]
        for one in [*rulings, *(later["columns"] for later in entry["attributions"])]
        if one["punch_id"] != punch["punch_id"]
    ]
    return [*wrong, "rows of another punch are among it"] if strangers else wrong


def check_days(pack: Columns) -> list[str]:
    """Return the days whose entries are not those of the month."""
    there: dict[str, list[Columns]] = {}
    for entry in pack["entries"]:
        punch, last = entry["punch"]["columns"], entry["rulings"][-1]["columns"]
        line = {name: punch[name] for name in ("punch_id", "direction", "source")}
        line |= {"occurred_at": entry["counts_at"], "outcome": entry["outcome"], "ruling_id": last["ruling_id"]}
        there.setdefault(entry["on"], []).append(line)
    return [
        f"the entries of {day['on']} are not those of the month"
        for rate in pack["rates"]
        for day in rate["days"]
        if day["entries"] != there.get(day["on"], [])
    ]


def main(folder: Path, given: str | None) -> int:
    """Check the pack in a folder by the keys of a file, or its own; print what was found and return the status."""
    content = (folder / "person-month.json").read_bytes()
    pack, proof = json.loads(content), json.loads((folder / "proof.json").read_text("utf-8"))
    known = json.loads((Path(given) if given else folder / "keys.json").read_text("utf-8"))
    say("SHA-256 of person-month.json (it stands in evidence.pdf too):", sha256(content).hexdigest())
    if not given:
        say("The keys came with the pack. Compare them with those that were published:")
    for key in known["keys"]:
        say("  public key", key["kid"], key["x"])
    if proof["head"] is None:
        say("UNCLEAR: nothing was sealed yet")
        return 2
    if (folder / "head.txt").read_text("utf-8") != proof["head"]:
        say("DOES NOT HOLD: head.txt is not the head of the proofs")
        return 1
    log, size, root = read_head(proof["head"], known["keys"])
    wrong = [] if log == known["origin"] else ["the log is another one than that of the keys"]
    if (pack["log"]["size"], pack["log"]["root"]) != (size, root.hex()):
        wrong.append("the month names another head")
    proved: Proved = dict(proved_entries(proof, size, root))
    waiting = set(proof["unsealed"])
    total, late = len(proved), len(waiting)
    for entry in pack["entries"]:
        wrong += check_entry(entry, pack, proved, waiting)
    wrong += [f"{kind} {key} is proved and not in the month" for kind, key in proved]
    wrong += [f"{key} waits for its seal and is not in the month" for key in sorted(waiting)]
    wrong += check_days(pack)
    for one in wrong:
        say("DOES NOT HOLD:", one)
    if wrong:
        return 1
    say(f"All {total} rows of {len(pack['entries'])} entries are in the log of {size} that was signed, as they stand.")
    if late:
        say(f"UNCLEAR: {late} rows wait for their seal; ask for the pack again later.")
    return 2 if late else 0


def run(folder: Path, given: str | None) -> int:
    """Check; say it too where that ends early: no such leaf in the log, a head that no key signed, a lost file."""
    try:
        return main(folder, given)
    except OSError as error:
        say("UNCLEAR:", error)
        return 2
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        say("DOES NOT HOLD:", error)
        return 1


if __name__ == "__main__":
    sys.exit(run(Path(__file__).parent, sys.argv[1] if len(sys.argv) > 1 else None))
