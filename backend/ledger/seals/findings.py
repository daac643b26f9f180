"""What verification can find wrong, in words that name the row."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

Kind = Literal[
    "changed",
    "absent",
    "twice",
    "inserted",
    "gap",
    "unsealed",
    "orphan",
    "leaf",
    "node",
    "head",
    "outside",
    "unsigned",
    "private",
    "erasure",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong. What it is not about is None.

    `kind`: changed (an entry is not what was sealed; `columns` names which, if that can be told), absent (its row is
    gone), twice (a second row claims its place), inserted (a row that was never sealed), unsealed (recorded, and not in
    the log although its turn has passed), orphan (something else still speaks of an entry that is gone), gap (a leaf is
    missing), leaf (a leaf's own hash was changed), node, head (a signature or a root does not hold), unsigned (leaves
    behind the last head), outside (the log is not the one an outside party was given a head of), private (the private
    row of a punch is not what the punch committed to), erasure (keys are gone without a record, or there in spite of
    one; `entry` and `entry_id` are what they belonged to).
    """

    kind: Kind
    what: str
    leaf: int | None = None
    entry: str | None = None
    project_id: UUID | None = None
    entry_id: UUID | None = None
    at: datetime | None = None
    columns: tuple[str, ...] = ()

    def sentence(self) -> str:
        """Return it as a line to be read."""
        words = [f"{self.kind}:"]
        if self.leaf is not None:
            words.append(f"leaf {self.leaf},")
        if self.entry is not None:
            words.append(f"{self.entry} {self.entry_id} of project {self.project_id}")
            words.append(f"({self.at:%Y-%m-%d %H:%M:%S.%f}Z):" if self.at else ":")
        words.append(self.what)
        if self.columns:
            words.append(", ".join(self.columns))
        return " ".join(words)


@dataclass(slots=True)
class PrivateRows:
    """How many private rows were compared with what their punches committed to, how many could not be.

    Those are gone with their key: `erased` by a record that says who and why, `unexplained` without one or with one
    that was only made when records began.
    """

    compared: int = 0
    erased: int = 0
    unexplained: int = 0


@dataclass(frozen=True, slots=True)
class Erasures:
    """How many erasures were recorded when they were done, and how many only found when records began."""

    recorded: int
    found: int


@dataclass(slots=True)
class Report:
    """What a verification came to; of very many findings the first are kept, all are counted.

    `private` and `erasures` are None when private rows were not compared.
    """

    origin: str = ""
    first: int = 0
    past: int = 0
    entries: int = 0
    heads: int = 0
    root: bytes = b""
    findings: list[Finding] = field(default_factory=list[Finding])
    found: int = 0
    private: PrivateRows | None = None
    erasures: Erasures | None = None

    def add(self, finding: Finding) -> None:
        """Note a finding."""
        self.found += 1
        if len(self.findings) < KEPT:
            self.findings.append(finding)

    @property
    def holds(self) -> bool:
        """Tell whether nothing was found."""
        return not self.found


KEPT = 100
