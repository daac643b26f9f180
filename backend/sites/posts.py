"""The kinds of parties (national codes 001 to 012) and of posts, and which post belongs to which party (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from backend.sites.errors import PartyKindUnknown, PostKindUnknown, PostPartyMismatch

# 参建单位类型 of the national platform for real-name management of construction workers.
PartyKind = Literal["001", "002", "003", "004", "005", "006", "007", "008", "009", "010", "011", "012"]

PARTY_KINDS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "001": ("专业分包", "specialist subcontractor"),
        "002": ("设备分包", "equipment subcontractor"),
        "003": ("材料分包", "material subcontractor"),
        "004": ("后勤服务", "logistics"),
        "005": ("特殊设备", "special equipment"),
        "006": ("劳务分包", "labour subcontractor"),
        "007": ("监理单位", "supervisor"),
        "008": ("建设单位", "owner"),
        "009": ("总承包单位", "main contractor"),
        "010": ("勘察单位", "surveyor"),
        "011": ("设计单位", "designer"),
        "012": ("其它", "other"),
    }
)

OWNER: Final = "008"
SUPERVISOR: Final = "007"
CONTRACTOR: Final = "009"

_BUILDING: Final = frozenset({"001", "006", "009"})
_SITE: Final = frozenset({"001", "002", "003", "004", "005", "006", "009", "012"})
_ANY: Final = frozenset(PARTY_KINDS)


@dataclass(frozen=True, slots=True)
class PostKind:
    """A kind of post: its code, its names, the parties that have it, and whether its holder is key personnel.

    `aliases` are further Chinese names that rosters use for it.
    """

    code: str
    zh: str
    en: str
    parties: frozenset[str]
    key: bool
    aliases: tuple[str, ...] = ()


_ALL: Final = (
    PostKind("owner_project_leader", "建设单位项目负责人", "owner's project leader", frozenset({OWNER}), key=True),
    PostKind(
        "owner_representative",
        "甲方代表",
        "owner's representative",
        frozenset({OWNER}),
        key=True,
        aliases=("工程经理", "建设单位代表", "业主代表"),
    ),
    PostKind(
        "project_manager", "项目经理", "project manager", _BUILDING, key=True, aliases=("施工项目负责人", "项目负责人")
    ),
    PostKind(
        "technical_lead", "技术负责人", "technical lead", _BUILDING, key=True, aliases=("项目技术负责人", "项目总工")
    ),
    PostKind(
        "safety_officer",
        "专职安全员",
        "full-time safety officer",
        _BUILDING,
        key=True,
        aliases=("安全员", "专职安全生产管理人员", "专职安全生产管理员"),
    ),
    PostKind("quality_officer", "质量员", "quality officer", _BUILDING, key=True, aliases=("质检员", "质量检查员")),
    PostKind("builder", "施工员", "site builder", _BUILDING, key=True),
    PostKind("production_manager", "生产经理", "production manager", _BUILDING, key=False),
    PostKind("machinery_officer", "机械员", "machinery officer", _BUILDING, key=False),
    PostKind("labour_officer", "劳务员", "labour officer", _BUILDING, key=False, aliases=("劳资专管员",)),
    PostKind("document_officer", "资料员", "document officer", _BUILDING, key=False),
    PostKind("material_officer", "材料员", "material officer", _BUILDING, key=False),
    PostKind("standards_officer", "标准员", "standards officer", _BUILDING, key=False),
    PostKind(
        "chief_supervisor",
        "总监理工程师",
        "chief supervisor",
        frozenset({SUPERVISOR}),
        key=True,
        aliases=("总监",),
    ),
    PostKind(
        "chief_deputy",
        "总监代表",
        "chief supervisor's deputy",
        frozenset({SUPERVISOR}),
        key=True,
        aliases=("总监理工程师代表",),
    ),
    PostKind(
        "specialist_supervisor",
        "专业监理工程师",
        "specialist supervisor",
        frozenset({SUPERVISOR}),
        key=True,
        aliases=("监理工程师", "专业监理"),
    ),
    PostKind(
        "safety_supervisor",
        "安全监理工程师",
        "safety supervisor",
        frozenset({SUPERVISOR}),
        key=True,
        aliases=("安全监理",),
    ),
    PostKind("supervisor_assistant", "监理员", "supervisor's assistant", frozenset({SUPERVISOR}), key=True),
    PostKind("team_leader", "班组长", "team leader", _SITE, key=False),
    PostKind("other_manager", "其他管理人员", "other manager", _ANY, key=False, aliases=("管理人员",)),
    PostKind("worker", "工人", "worker", _SITE, key=False, aliases=("建筑工人", "作业人员", "普工")),
)

POST_KINDS: Final[Mapping[str, PostKind]] = MappingProxyType({kind.code: kind for kind in _ALL})
KEY_POSTS: Final = frozenset(kind.code for kind in _ALL if kind.key)

# Posts without vacancies: they have as many seats as there is work.
UNWATCHED_POSTS: Final = frozenset({"worker", "team_leader"})
# Posts that a party fills with one person, whatever a roster lists.
SINGLE_POSTS: Final = frozenset(
    {
        "owner_project_leader",
        "project_manager",
        "technical_lead",
        "chief_supervisor",
    }
)

_POST_NAMES: Final[Mapping[str, PostKind]] = MappingProxyType(
    {name: kind for kind in _ALL for name in (kind.code, kind.zh, kind.en, *kind.aliases)}
)
_PARTY_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        **{name: code for code, names in PARTY_KINDS.items() for name in (code, str(int(code)), *names)},
        "监理": SUPERVISOR,
        "建设": OWNER,
        "业主": OWNER,
        "业主单位": OWNER,
        "施工": CONTRACTOR,
        "施工单位": CONTRACTOR,
        "施工总承包": CONTRACTOR,
        "总承包": CONTRACTOR,
        "总包": CONTRACTOR,
        "总包单位": CONTRACTOR,
        "分包单位": "001",
        "专业承包": "001",
        "劳务": "006",
        "劳务单位": "006",
        "勘察": "010",
        "设计": "011",
        "其他": "012",
    }
)


def post_kind(code: str) -> PostKind:
    """Return a kind of post by its code; raises PostKindUnknown."""
    kind = POST_KINDS.get(code)
    if kind is None:
        raise PostKindUnknown(kind=code[:40])
    return kind


def require_post_of_party(code: str, party_kind: str) -> PostKind:
    """Return the kind of post if a party of that kind can have it; raises PostKindUnknown or PostPartyMismatch."""
    kind = post_kind(code)
    if party_kind not in kind.parties:
        raise PostPartyMismatch(kind=code, party_kind=party_kind)
    return kind


def read_post_kind(text: str, party_kind: str | None = None) -> PostKind:
    """Return a kind of post by code or by any name that rosters use; raises PostKindUnknown.

    项目负责人 is the contractor's project manager, but with the owner his project leader.
    """
    if party_kind == OWNER and text.strip() == "项目负责人":
        return POST_KINDS["owner_project_leader"]
    kind = _POST_NAMES.get(text.strip().lower()) or _POST_NAMES.get(text.strip())
    if kind is None:
        raise PostKindUnknown(kind=text[:40])
    return kind


def read_party_kind(text: str) -> str:
    """Return the national code of a kind of party by code or name; raises PartyKindUnknown."""
    plain = text.strip()
    code = _PARTY_NAMES.get(plain) or _PARTY_NAMES.get(plain.lower()) or _PARTY_NAMES.get(plain.removesuffix("单位"))
    if code is None:
        raise PartyKindUnknown(kind=plain[:40])
    return code
