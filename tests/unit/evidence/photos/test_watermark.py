"""The caption is legible on the copy, leaves the picture above it alone, and takes any text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from backend.evidence.photos.captions import Caption
from backend.evidence.photos.fonts import MISSING, font_for
from backend.evidence.photos.watermark import draw_viewing_copy
from tests.support.pictures import mean_distance, opened, scene, written

CAPTION = Caption(
    "张建国", "2026-03-16 09:30:00", "武汉轨道交通11号线三标段", "K12+340", "查看人 city 2026-03-17 10:00"
)
PICTURE = written(scene(4, 1280, 960), quality=92)


def test_the_copy_carries_the_caption_at_its_foot() -> None:
    copy = opened(draw_viewing_copy(PICTURE, CAPTION))
    plain = opened(PICTURE)
    assert copy.size == (1280, 960)
    above, foot = (0, 0, 1280, 700), (0, 830, 1280, 960)
    assert mean_distance(copy.crop(above), plain.crop(above)) < 2
    assert mean_distance(copy.crop(foot), plain.crop(foot)) > 20
    other = opened(draw_viewing_copy(PICTURE, Caption("李四", "2026-03-16 09:30:00", "别处", None, "查看人 x")))
    assert ImageChops.difference(copy.convert("RGB"), other.convert("RGB")).getbbox() is not None


@pytest.mark.parametrize("size", [(64, 64), (1280, 64), (64, 1280), (240, 180)])
def test_every_size_takes_it(size: tuple[int, int]) -> None:
    assert (
        opened(draw_viewing_copy(written(scene(1, *size) if min(size) > 80 else Image.new("RGB", size)), CAPTION)).size
        == size
    )


@settings(max_examples=25)
@given(st.text(max_size=300), st.text(max_size=40))
def test_any_text_can_be_drawn(name: str, site: str) -> None:
    small = written(Image.new("RGB", (300, 200), "grey"))
    assert opened(draw_viewing_copy(small, Caption(name, "2026", site, None, ""))).size == (300, 200)


def test_the_shipped_font_has_names() -> None:
    for line in ("张建国 李玥 王喆 陈堃 欧阳珺 赵祎 K12+340.5 2026-03-16 09:30:00 …·：（）", "Zhang Jianguo #7"):
        font, drawn = font_for(line, 20)
        assert drawn == line
        assert font.getname()[0] == "Noto Sans CJK SC"


def test_what_no_font_has_is_shown_as_missing() -> None:
    assert font_for("张\ue123", 20)[1] == f"张{MISSING}"
