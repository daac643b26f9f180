"""Compares a roster with what is on file and says what is to be made and changed, or why a line cannot be (pure)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from backend.kit.errors import DaogangError
from backend.sites import errors
from backend.sites.identity_documents import IdentityDocument
from backend.sites.model import most_at_once
from backend.sites.posts import KEY_POSTS, SINGLE_POSTS
from backend.sites.roster import Fault, RosterRow
from backend.sites.roster_columns import COLUMNS

PartyKey = tuple[str, str]
PostKey = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class FiledPerson:
    """A person on file, as the plan needs him."""

    id: UUID
    name: str
    has_login: bool


@dataclass(frozen=True, slots=True)
class FiledAssignment:
    """An assignment on file."""

    id: UUID
    person_id: UUID
    from_on: date
    to_on: date | None
    section_id: UUID | None
    exit_confirmed: bool


@dataclass(frozen=True, slots=True)
class Filed:
    """What is on file and touches the roster.

    `companies` are by name (id, uscc), `usccs` by code (name); parties by (company name, party kind), posts by
    (company name, party kind, post kind) with their seats; `same_phone` names the lines whose phone number is the one
    on file for their person, `taken_phone` those whose number is somebody else's log-in; `elsewhere` people who
    work on projects, too, that the one who imports does not reach.
    """

    companies: Mapping[str, tuple[UUID, str | None]] = field(default_factory=dict)
    usccs: Mapping[str, str] = field(default_factory=dict)
    parties: Mapping[PartyKey, UUID] = field(default_factory=dict)
    posts: Mapping[PostKey, tuple[UUID, int]] = field(default_factory=dict)
    sections: Mapping[str, UUID] = field(default_factory=dict)
    people: Mapping[IdentityDocument, FiledPerson] = field(default_factory=dict)
    assignments: Mapping[UUID, Sequence[FiledAssignment]] = field(default_factory=dict)
    same_phone: frozenset[int] = frozenset()
    taken_phone: frozenset[int] = frozenset()
    elsewhere: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class NewAssignment:
    """An assignment to make."""

    post: PostKey
    document: IdentityDocument
    section_id: UUID | None
    from_on: date
    to_on: date | None


@dataclass(frozen=True, slots=True)
class ChangedAssignment:
    """An assignment whose last day or section changes."""

    id: UUID
    to_on: date | None
    section_id: UUID | None


@dataclass
class Plan:
    """What the import makes and changes, each thing once, and how many lines that are."""

    companies: dict[str, str | None] = field(default_factory=dict)
    named_companies: dict[UUID, str] = field(default_factory=dict)
    parties: dict[PartyKey, None] = field(default_factory=dict)
    posts: dict[PostKey, int] = field(default_factory=dict)
    seats: dict[UUID, int] = field(default_factory=dict)
    people: dict[IdentityDocument, RosterRow] = field(default_factory=dict)
    phones: dict[UUID, str] = field(default_factory=dict)
    assignments: list[NewAssignment] = field(default_factory=list)
    changed: list[ChangedAssignment] = field(default_factory=list)
    logins: dict[IdentityDocument, RosterRow] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    created: int = 0
    updated: int = 0
    unchanged: int = 0


def plan_roster(rows: Iterable[RosterRow], filed: Filed) -> Plan:
    """Plan a roster's faultless lines against what is on file.

    An empty cell says nothing: it changes nothing that is on file. A line that does not fit what is on file is a
    fault, and nothing of it is planned.
    """
    plan = Plan()
    fitting: list[RosterRow] = []
    codes = _Codes()
    for row in rows:
        company = _company_fault(row, filed) or codes.fault(row)
        found = [fault for fault in (company, *_person_faults(row, filed)) if fault is not None]
        found += _duty_faults(row, filed)
        plan.faults += found
        if not found:
            fitting.append(row)
    for row in fitting:
        touched = _plan_company(plan, row, filed) | _plan_person(plan, row, filed)
        made, changed = _plan_assignment(plan, row, filed)
        touched |= _plan_post(plan, row, filed)
        plan.created += made
        plan.updated += not made and (changed or touched)
        plan.unchanged += not made and not changed and not touched
    _settle_seats(plan, fitting)
    return plan


def post_key(row: RosterRow) -> PostKey:
    """Return what names the line's post within the project."""
    return row.company, row.party_kind, row.post


def _fault(row: RosterRow, column: str, error: DaogangError) -> Fault:
    return Fault(row.line, COLUMNS[column][0], error.code, error.detail)


def _company_fault(row: RosterRow, filed: Filed) -> Fault | None:
    if row.uscc is None:
        return None
    known = filed.companies.get(row.company)
    if known is not None and known[1] not in {None, row.uscc}:
        return _fault(row, "uscc", errors.CompanyNameTaken())
    if filed.usccs.get(row.uscc, row.company) != row.company:
        return _fault(row, "uscc", errors.UsccTaken())
    return None


class _Codes:
    """The codes of companies that the lines so far have named: each belongs to one company, each company has one."""

    def __init__(self) -> None:
        self._company: dict[str, str] = {}
        self._code: dict[str, str] = {}

    def fault(self, row: RosterRow) -> Fault | None:
        """Return what is wrong with a line's code beside those before it."""
        if row.uscc is None:
            return None
        if self._company.setdefault(row.uscc, row.company) != row.company:
            return _fault(row, "uscc", errors.UsccTaken())
        if self._code.setdefault(row.company, row.uscc) != row.uscc:
            return _fault(row, "uscc", errors.CompanyNameTaken())
        return None


def _person_faults(row: RosterRow, filed: Filed) -> list[Fault | None]:
    known = filed.people.get(row.document)
    found: list[Fault | None] = []
    if known is not None and known.name != row.name:
        found.append(_fault(row, "name", errors.PersonNameDiffers()))
    changes_phone = known is not None and row.phone is not None and row.line not in filed.same_phone
    if known is not None and changes_phone and known.has_login:
        # The number on file is a log-in; a roster must not be a way to take it over.
        found.append(_fault(row, "phone", errors.PhoneIsLogin()))
    elif known is not None and changes_phone and known.id in filed.elsewhere:
        # Nor to get one in the name of somebody who works for others.
        found.append(_fault(row, "phone", errors.PhoneElsewhere()))
    elif row.post in KEY_POSTS and row.line in filed.taken_phone:
        found.append(_fault(row, "phone", errors.PhoneTaken()))
    return found


def _duty_faults(row: RosterRow, filed: Filed) -> list[Fault]:
    if row.section is not None and row.section not in filed.sections:
        return [_fault(row, "section", errors.SectionUnknown())]
    same, others = _filed_assignments(row, filed)
    if same is not None:
        to_on = row.to_on or same.to_on
        if same.exit_confirmed and to_on != same.to_on:
            return [_fault(row, "to_on", errors.AssignmentEnded())]
        return []
    for other in others:
        before = other.to_on is not None and other.to_on < row.from_on
        after = row.to_on is not None and row.to_on < other.from_on
        if not before and not after:
            return [_fault(row, "from_on", errors.AssignmentOverlaps(from_on=other.from_on.isoformat()))]
    return []


def _filed_assignments(row: RosterRow, filed: Filed) -> tuple[FiledAssignment | None, list[FiledAssignment]]:
    """Return the person's assignment on the post from the same day, and his others there."""
    person, post = filed.people.get(row.document), filed.posts.get(post_key(row))
    if person is None or post is None:
        return None, []
    mine = [filing for filing in filed.assignments.get(post[0], ()) if filing.person_id == person.id]
    same = next((filing for filing in mine if filing.from_on == row.from_on), None)
    return same, [filing for filing in mine if filing is not same]


def _plan_company(plan: Plan, row: RosterRow, filed: Filed) -> bool:
    known = filed.companies.get(row.company)
    if known is None:
        plan.companies[row.company] = plan.companies.get(row.company) or row.uscc
    elif known[1] is None and row.uscc is not None:
        plan.named_companies[known[0]] = row.uscc
        return True
    return False


def _plan_person(plan: Plan, row: RosterRow, filed: Filed) -> bool:
    known = filed.people.get(row.document)
    touched = False
    if known is None:
        first = plan.people.setdefault(row.document, row)
        if first.phone is None and row.phone is not None:
            plan.people[row.document] = row
    elif row.phone is not None and not known.has_login and row.line not in filed.same_phone:
        plan.phones[known.id] = row.phone
        touched = True
    if row.post in KEY_POSTS and not (known is not None and known.has_login) and row.document not in plan.logins:
        plan.logins[row.document] = row
        touched = True
    return touched


def _plan_assignment(plan: Plan, row: RosterRow, filed: Filed) -> tuple[bool, bool]:
    section_id = None if row.section is None else filed.sections[row.section]
    same, _ = _filed_assignments(row, filed)
    if same is None:
        plan.assignments.append(NewAssignment(post_key(row), row.document, section_id, row.from_on, row.to_on))
        return True, False
    wanted = ChangedAssignment(same.id, row.to_on or same.to_on, section_id or same.section_id)
    if (wanted.to_on, wanted.section_id) == (same.to_on, same.section_id):
        return False, False
    plan.changed.append(wanted)
    return False, True


def _plan_post(plan: Plan, row: RosterRow, filed: Filed) -> bool:
    key = post_key(row)
    if key[:2] not in filed.parties:
        plan.parties[key[:2]] = None
    known = filed.posts.get(key)
    if known is None:
        plan.posts[key] = row.seats or plan.posts.get(key, 0)
    elif row.seats is not None and known[1] != row.seats:
        plan.seats[known[0]] = row.seats
        return True
    return False


def _settle_seats(plan: Plan, rows: Sequence[RosterRow]) -> None:
    """Give new posts of which no line names the seats as many as the roster fills at once; single posts one."""
    ranges: dict[PostKey, list[tuple[date, date | None]]] = {}
    for row in rows:
        ranges.setdefault(post_key(row), []).append((row.from_on, row.to_on))
    for key, seats in plan.posts.items():
        if not seats:
            plan.posts[key] = 1 if key[2] in SINGLE_POSTS else most_at_once(ranges[key])
