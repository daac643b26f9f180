"""Reads which base map an installation shows beneath its fences: whose tiles, in which datum, and what it owes them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, cast
from urllib.parse import urlsplit

from backend.variables import SettingsError, secret_of

Datum = Literal["wgs84", "cgcs2000", "gcj02"]
Service = Literal["tianditu", "osm", "xyz"]

_TIANDITU: Final = (
    "https://t0.tianditu.gov.cn/{layer}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER={layer}&STYLE=default"
    "&TILEMATRIXSET=w&FORMAT=tiles&TILEMATRIX={{z}}&TILEROW={{y}}&TILECOL={{x}}&tk={{key}}"
)
MOST_LAYERS: Final = 2
"""Addresses of tiles that lie one above the other: the ground and its names."""
MOST_ATTRIBUTION: Final = 200
MOST_ZOOM: Final = 22
_PLACEHOLDER: Final = re.compile(r"\{[^{}]*\}")
_PLACEHOLDERS: Final = frozenset({"{z}", "{x}", "{y}", "{key}"})
_HOST: Final = re.compile(r"[a-z0-9.-]+", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class BaseMap:
    """Tiles beneath the fences, in the Web Mercator scheme.

    `templates` are addresses with {z}, {x}, {y} and perhaps {key}, lowest layer first; `datum` is what their positions
    are in, declared and never guessed; beyond `most_zoom` tiles are enlarged.
    """

    service: Service
    templates: tuple[str, ...]
    datum: Datum
    attribution: str
    most_zoom: int
    key: str | None = field(default=None, repr=False)

    @property
    def tiles(self) -> tuple[str, ...]:
        """The addresses as a browser asks for them, the key put in."""
        return tuple(one.replace("{key}", self.key or "") for one in self.templates)

    @property
    def origins(self) -> tuple[str, ...]:
        """Schemes and hosts of the addresses, each once: what a page must be allowed to ask."""
        parts = (urlsplit(one) for one in self.templates)
        return tuple(dict.fromkeys(f"{one.scheme}://{one.netloc}" for one in parts))


_KNOWN: Final = {
    "tianditu": BaseMap(
        service="tianditu",
        templates=(_TIANDITU.format(layer="vec"), _TIANDITU.format(layer="cva")),
        datum="cgcs2000",
        attribution="国家地理信息公共服务平台 天地图",
        most_zoom=18,
    ),
    "osm": BaseMap(
        service="osm",
        templates=("https://tile.openstreetmap.org/{z}/{x}/{y}.png",),
        datum="wgs84",
        attribution="© OpenStreetMap contributors",
        most_zoom=19,
    ),
}


def read_base_map(environment: Mapping[str, str]) -> BaseMap | None:
    """Read the base map out of an environment; None: there is none.

    Raises SettingsError naming the variable and the remedy.
    """
    service = environment.get("DAOGANG_BASE_MAP") or "none"
    if service == "none":
        return None
    if service not in {"tianditu", "osm", "xyz"}:
        msg = f"DAOGANG_BASE_MAP is {service!r}: use none, tianditu, osm or xyz"
        raise SettingsError(msg)
    key = secret_of(environment, "DAOGANG_BASE_MAP_KEY_FILE", "the key of the base map")
    known = _KNOWN.get(service)
    given = tuple(environment.get("DAOGANG_BASE_MAP_TILES", "").split())
    datum = environment.get("DAOGANG_BASE_MAP_DATUM") or (known.datum if known else "")
    attribution = environment.get("DAOGANG_BASE_MAP_ATTRIBUTION", "").strip() or (known.attribution if known else "")
    templates = given or (known.templates if known else ())
    if not 1 <= len(templates) <= MOST_LAYERS:
        msg = "DAOGANG_BASE_MAP_TILES wants one address with {z}, {x} and {y}, or two with a blank between them"
        raise SettingsError(msg)
    for one in templates:
        _check_template(one, key)
    if datum not in {"wgs84", "cgcs2000", "gcj02"}:
        msg = "DAOGANG_BASE_MAP_DATUM wants what the tiles are drawn in: wgs84, cgcs2000 or gcj02; it is not guessed"
        raise SettingsError(msg)
    if not 0 < len(attribution) <= MOST_ATTRIBUTION:
        msg = (
            "DAOGANG_BASE_MAP_ATTRIBUTION wants what the service asks to be shown (source, approval number), up to "
            f"{MOST_ATTRIBUTION} characters"
        )
        raise SettingsError(msg)
    return BaseMap(
        service=cast("Service", service),
        templates=templates,
        datum=cast("Datum", datum),
        attribution=attribution,
        most_zoom=_zoom(environment, known.most_zoom if known else 18),
        key=key,
    )


def _zoom(environment: Mapping[str, str], default: int) -> int:
    value = environment.get("DAOGANG_BASE_MAP_MOST_ZOOM") or str(default)
    if not value.isdecimal() or not 1 <= int(value) <= MOST_ZOOM:
        msg = f"DAOGANG_BASE_MAP_MOST_ZOOM is {value!r}: give the last zoom that the service has, 1 to {MOST_ZOOM}"
        raise SettingsError(msg)
    return int(value)


def _check_template(template: str, key: str | None) -> None:
    asked = _PLACEHOLDER.findall(template)
    url = urlsplit(template)
    host = url.hostname or ""
    # Where staff look is told to whoever carries the request: in clear no farther than this machine.
    is_private = url.scheme == "https" or (url.scheme == "http" and host in {"127.0.0.1", "localhost"})
    try:
        # The host becomes part of the content policy: nothing but a host may stand there.
        is_host = url.netloc == (host if url.port is None else f"{host}:{url.port}") and _HOST.fullmatch(host)
    except ValueError:
        is_host = None
    if not is_private or not is_host or url.fragment or not {"{z}", "{x}", "{y}"} <= set(asked) <= _PLACEHOLDERS:
        msg = (
            "DAOGANG_BASE_MAP_TILES wants https://host/… (http:// on this machine only) with {z}, {x}, {y} and at most "
            "{key} in path or query, without a user name"
        )
        raise SettingsError(msg)
    if ("{key}" in asked) is not (key is not None):
        msg = (
            "DAOGANG_BASE_MAP_KEY_FILE names the file with the key that stands for {key} in the address of the tiles: "
            "give both or none"
        )
        raise SettingsError(msg)
    if key is not None and re.fullmatch(r"[A-Za-z0-9_.-]{1,200}", key, re.ASCII) is None:
        msg = "DAOGANG_BASE_MAP_KEY_FILE holds no key: letters, digits, _ . - on one line are expected"
        raise SettingsError(msg)
