"""How the settings of the base map are read, and what of them is refused with its remedy."""

from pathlib import Path

import pytest

from backend.base_map import read_base_map
from backend.settings import read_settings
from backend.variables import SettingsError

OWN = {
    "DAOGANG_BASE_MAP": "xyz",
    "DAOGANG_BASE_MAP_TILES": "https://tiles.example/{z}/{x}/{y}.png",
    "DAOGANG_BASE_MAP_DATUM": "gcj02",
    "DAOGANG_BASE_MAP_ATTRIBUTION": "Example",
}


def test_nothing_is_asked_of_anybody_unless_told_so() -> None:
    assert read_base_map({}) is None
    assert read_base_map({"DAOGANG_BASE_MAP": "none"}) is None


def test_tianditu_needs_its_key_alone(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("0123abcd\n")
    environment = {"DATABASE_URL": "postgresql:///x", "DAOGANG_BASE_MAP": "tianditu"}
    with pytest.raises(SettingsError, match="DAOGANG_BASE_MAP_KEY_FILE"):
        read_settings(environment)
    settings = read_settings({**environment, "DAOGANG_BASE_MAP_KEY_FILE": str(tmp_path / "key")})
    base = settings.base_map
    assert base is not None
    assert (base.datum, len(base.tiles), base.origins) == ("cgcs2000", 2, ("https://t0.tianditu.gov.cn",))
    assert all(one.endswith("&tk=0123abcd") for one in base.tiles)
    assert "{z}" in base.tiles[0]
    assert "0123abcd" not in repr(settings), "keys are kept out of logs"


def test_openstreetmap_and_a_service_of_ones_own() -> None:
    osm = read_base_map({"DAOGANG_BASE_MAP": "osm"})
    assert osm is not None
    assert (osm.datum, osm.most_zoom) == ("wgs84", 19)
    names = "https://names.example:8443/{z}/{x}/{y}.png"
    own = read_base_map({**OWN, "DAOGANG_BASE_MAP_TILES": f"{OWN['DAOGANG_BASE_MAP_TILES']} {names}"})
    assert own is not None
    assert own.origins == ("https://tiles.example", "https://names.example:8443")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DAOGANG_BASE_MAP", "google"),
        ("DAOGANG_BASE_MAP_DATUM", ""),
        ("DAOGANG_BASE_MAP_DATUM", "bd09"),
        ("DAOGANG_BASE_MAP_ATTRIBUTION", " "),
        ("DAOGANG_BASE_MAP_MOST_ZOOM", "0"),
        ("DAOGANG_BASE_MAP_MOST_ZOOM", "23"),
        ("DAOGANG_BASE_MAP_TILES", ""),
        ("DAOGANG_BASE_MAP_TILES", "https://tiles.example/{z}/{x}.png"),
        ("DAOGANG_BASE_MAP_TILES", "https://tiles.example/{z}/{x}/{y}/{token}.png"),
        ("DAOGANG_BASE_MAP_TILES", "https://tiles.example/{z}/{x}/{y}.png?key={key}"),
        ("DAOGANG_BASE_MAP_TILES", "http://tiles.example/{z}/{x}/{y}.png"),
        ("DAOGANG_BASE_MAP_TILES", "https://me@tiles.example/{z}/{x}/{y}.png"),
        # What would widen the content policy beyond one host.
        ("DAOGANG_BASE_MAP_TILES", "https://*/{z}/{x}/{y}.png"),
        ("DAOGANG_BASE_MAP_TILES", "https://tiles.example;script-src/{z}/{x}/{y}.png"),
        ("DAOGANG_BASE_MAP_TILES", "https://tiles.example:99999/{z}/{x}/{y}.png"),
        (
            "DAOGANG_BASE_MAP_TILES",
            "https://a.example/{z}/{x}/{y} https://b.example/{z}/{x}/{y} https://c.example/{z}/{x}/{y}",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_variable(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match="DAOGANG_BASE_MAP"):
        read_base_map({**OWN, name: value})


def test_a_key_that_is_none_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "key"
    keyed = {
        **OWN,
        "DAOGANG_BASE_MAP_TILES": "https://tiles.example/{z}/{x}/{y}.png?key={key}",
        "DAOGANG_BASE_MAP_KEY_FILE": str(file),
    }
    file.write_text("a-b_c.1")
    assert read_base_map(keyed) is not None
    file.write_text("a&b")
    with pytest.raises(SettingsError, match="KEY_FILE"):
        read_base_map(keyed)
