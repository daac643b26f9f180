"""Facts are read where they are whole, and left out where they are not."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from backend.evidence.photos.examination import examine_photo
from backend.evidence.photos.examined import Examined, Facts
from backend.evidence.photos.metadata import read_facts
from tests.support.pictures import scene, written


def exif_of(
    *, taken: object = "2026:03:16 09:30:00", offset: object = "+08:00", gps: dict[int, Any] | None = None
) -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0131] = "HUAWEI", "Mate\x07 60", "editor 1.0"
    exif.get_ifd(0x8769).update({0x9003: taken, 0x9011: offset})
    exif.get_ifd(0x8825).update(gps or {1: "N", 2: (30.0, 30.0, 39.35), 3: "E", 4: (114.0, 16.0, 56.22)})
    return exif


def test_facts_come_through_a_file() -> None:
    found = examine_photo(written(scene(1), exif=exif_of()), "image/jpeg")
    assert isinstance(found, Examined)
    assert found.facts == Facts(
        taken_local="2026-03-16T09:30:00",
        taken_offset="+08:00",
        lon=114.282283,
        lat=30.510931,
        make="HUAWEI",
        model="Mate 60",
        software="editor 1.0",
    )


def test_south_and_west_are_negative() -> None:
    facts = read_facts(exif_of(gps={1: "S", 2: (1.0, 30.0, 0.0), 3: "W", 4: (2.0, 0.0, 36.0)}))
    assert (facts.lon, facts.lat) == (-2.01, -1.5)


@pytest.mark.parametrize(
    "gps",
    [
        {1: "N", 2: (0.0, 0.0, 0.0), 3: "E", 4: (0.0, 0.0, 0.0)},
        {1: "N", 2: (91.0, 0.0, 0.0), 3: "E", 4: (114.0, 0.0, 0.0)},
        {1: "N", 2: (30.0, 0.0), 3: "E", 4: (114.0, 0.0, 0.0)},
        {1: "N", 2: (IFDRational(0, 0), 0.0, 0.0), 3: "E", 4: (114.0, 0.0, 0.0)},
        {1: "N", 2: "30.5", 3: "E", 4: 114},
        {2: (30.0, 0.0, 0.0)},
    ],
)
def test_a_place_that_cannot_be_is_none(gps: dict[int, Any]) -> None:
    facts = read_facts(exif_of(gps=gps))
    assert (facts.lon, facts.lat) == (None, None)


@pytest.mark.parametrize("taken", ["0000:00:00 00:00:00", "2026:13:01 00:00:00", "2026-03-16", 7, b"\xff\xfe", "    "])
def test_a_time_that_cannot_be_is_none(taken: object) -> None:
    facts = read_facts(exif_of(taken=taken))
    assert (facts.taken_local, facts.taken_offset) == (None, None)


@given(st.text(max_size=200), st.text(max_size=20), st.text(max_size=20))
def test_texts_are_short_and_printable(make: str, taken: str, offset: str) -> None:
    exif = exif_of(taken=taken, offset=offset)
    exif[0x010F] = make
    facts = read_facts(exif)
    assert facts.make is None or (facts.make.isprintable() and 0 < len(facts.make) <= 64)
    assert facts.taken_offset is None or facts.taken_local is not None


def test_nothing_is_read_of_nothing() -> None:
    assert read_facts(None) == Facts()
