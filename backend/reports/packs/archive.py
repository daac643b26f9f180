"""Puts the files of an evidence pack into one zip, with the scripts that check it (pure)."""

import io
import zipfile
from collections.abc import Mapping
from datetime import datetime
from importlib.resources import files
from typing import Final

SCRIPTS: Final = (
    ("check_pack.py", "backend.reports.packs"),
    ("check_proof.py", "backend.ledger.seals"),
    ("plain_ed25519.py", "backend.reports.packs"),
)
PRINT: Final = "evidence.pdf"
MONTH: Final = "person-month.json"
PROOF: Final = "proof.json"
HEAD: Final = "head.txt"
KEYS: Final = "keys.json"
HOW: Final = "README.txt"


def zip_pack(written: Mapping[str, bytes], at: datetime) -> bytes:
    """Return the zip of files by name and of the scripts; the same files of the same instant are the same bytes."""
    out = io.BytesIO()
    scripts = {name: (files(package) / name).read_bytes() for name, package in SCRIPTS}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**written, **scripts}.items():
            info = zipfile.ZipInfo(name, (at.year, at.month, at.day, at.hour, at.minute, at.second))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, content)
    return out.getvalue()
