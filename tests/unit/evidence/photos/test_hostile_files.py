"""Whatever the bytes are: a picture of ours or a reason, in bounded memory, and nothing of theirs is left in it."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin

from backend.evidence.photos.decoding import LEAST_SIDE, MOST_PIXELS, MOST_PIXELS_IN_FULL
from backend.evidence.photos.examination import examine_photo
from backend.evidence.photos.examined import Examined, Note, Refusal, Refused
from backend.evidence.photos.words import words_of_note, words_of_refusal
from backend.kit.messages import LANGUAGES
from tests.support.pictures import EXIF_TURNS, chunk, mean_distance, opened, photo_of, png_of_size, scene, written

PLAIN = scene(1)
JPEG, PNG, WEBP = written(PLAIN, quality=90), written(PLAIN, "PNG"), written(PLAIN, "WEBP", quality=90)
TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}


def kept(content: bytes, media_type: str = "image/jpeg") -> Examined:
    found = examine_photo(content, media_type)
    assert isinstance(found, Examined), found
    return found


def refused(content: bytes, media_type: str = "image/jpeg") -> Refused:
    found = examine_photo(content, media_type)
    assert isinstance(found, Refused), "it was kept"
    return found


@pytest.mark.parametrize(("content", "form"), [(JPEG, "JPEG"), (PNG, "PNG"), (WEBP, "WEBP")])
def test_the_three_formats_are_kept_as_plain_jpegs(content: bytes, form: str) -> None:
    found = kept(content, TYPES[form])
    assert (found.format, found.width, found.height, found.notes) == (form, 400, 300, ())
    picture = opened(found.picture)
    assert (picture.format, picture.size, picture.mode) == ("JPEG", (400, 300), "RGB")
    assert mean_distance(picture, PLAIN) < 6
    assert opened(found.thumbnail).size == (240, 180)
    assert found.measures.face == "not_evaluated"


@pytest.mark.parametrize("size", [(4032, 3024), (3024, 4032), (1281, 900), (5000, 64)])
def test_what_is_kept_has_at_most_1280_pixels(size: tuple[int, int]) -> None:
    found = kept(written(scene(2, *size)))
    assert (found.width, found.height) == size
    assert max(found.picture_width, found.picture_height) == 1280
    assert found.picture_width / found.picture_height == pytest.approx(size[0] / size[1], rel=0.04)


@pytest.mark.parametrize("orientation", EXIF_TURNS)
def test_every_orientation_ends_upright(orientation: int) -> None:
    turn = EXIF_TURNS[orientation]
    turned = PLAIN if turn is None else PLAIN.transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = kept(written(turned, quality=92, exif=exif))
    picture = opened(found.picture)
    assert mean_distance(picture, PLAIN) < 6
    assert found.orientation == orientation
    assert (Note.TURNED in found.notes) == (orientation != 1)
    assert not picture.getexif()


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_an_orientation_that_is_none_turns_nothing(value: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = value
    assert kept(written(PLAIN, exif=exif)).orientation == 1


def test_nothing_but_pixels_is_left() -> None:
    exif = Image.Exif()
    exif[0x010E] = "SECRET-DESCRIPTION"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    content = written(PLAIN, exif=exif, icc_profile=profile, comment=b"SECRET-COMMENT")
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", "SECRET-AUTHOR")
    for found in (kept(content), kept(written(PLAIN, "PNG", pnginfo=text), "image/png")):
        for stored in (found.picture, found.thumbnail):
            assert b"SECRET" not in stored
            assert b"Exif" not in stored
            assert b"ICC_PROFILE" not in stored


BOMBS = {
    "a PNG of 100 megapixels in some kilobytes": png_of_size(10_000, 10_000),
    "a PNG of 100 megapixels of one bit": png_of_size(10_000, 10_000, bits=1),
    "a PNG just above the bound": png_of_size(5_001, MOST_PIXELS_IN_FULL // 5_000),
}


@pytest.mark.parametrize("content", BOMBS.values(), ids=BOMBS)
def test_bombs_are_refused_by_their_head(content: bytes) -> None:
    assert refused(content, "image/png").reason == Refusal.PIXELS


def test_a_jpeg_says_how_big_it_is_before_it_is_decoded() -> None:
    head = bytearray(JPEG)
    at = head.index(b"\xff\xc0")
    for height, width in ((65_535, 65_535), (10_001, MOST_PIXELS // 10_000), (60_000, 60_000)):
        head[at + 5 : at + 9] = height.to_bytes(2, "big") + width.to_bytes(2, "big")
        assert refused(bytes(head)).reason == Refusal.PIXELS


def test_a_packed_text_of_a_png_does_not_unpack_without_bound() -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "0" * 50_000_000, zip=True)
    assert refused(written(PLAIN, "PNG", pnginfo=text), "image/png").reason == Refusal.BROKEN


def test_progressive_jpegs_count_in_full() -> None:
    content = written(Image.new("L", (6000, 5000), 90), progressive=True)
    assert refused(content).reason == Refusal.PIXELS
    assert kept(written(Image.new("L", (6000, 5000), 90))).width == 6000


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", Refusal.EMPTY),
        (b"\xff", Refusal.FORMAT),
        (b"%PDF-1.7\n%%EOF", Refusal.FORMAT),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", Refusal.FORMAT),
        (b"GIF89a" + bytes(20), Refusal.FORMAT),
        (b"II*\x00" + bytes(20), Refusal.FORMAT),
        (b"\x00\x00\x00\x18ftypheic" + bytes(20), Refusal.HEIC),
        (b"\x00\x00\x00\x18ftypmif1" + bytes(20), Refusal.HEIC),
        (b"\x00\x00\x00\x18ftypavif" + bytes(20), Refusal.HEIC),
        (b"\x00\x00\x00\x18ftypmp42" + bytes(20), Refusal.FORMAT),
        (b"\xff\xd8\xff", Refusal.BROKEN),
        (b"\xff\xd8\xff\xe0 no picture \xff\xd9", Refusal.BROKEN),
        (b"\x89PNG\r\n\x1a\n", Refusal.BROKEN),
        (b"RIFF\x04\x00\x00\x00WEBP", Refusal.BROKEN),
    ],
)
def test_what_is_no_photo_is_refused_with_its_reason(content: bytes, reason: Refusal) -> None:
    assert refused(content).reason == reason


@pytest.mark.parametrize("content", [JPEG, PNG, WEBP], ids=TYPES)
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_truncated_files_are_refused(content: bytes, part: float) -> None:
    assert refused(content[: int(len(content) * part)]).reason == Refusal.BROKEN


def test_a_damaged_png_is_refused() -> None:
    damaged = bytearray(PNG)
    damaged[len(PNG) // 2] ^= 0x55
    assert refused(bytes(damaged), "image/png").reason == Refusal.BROKEN


@pytest.mark.parametrize(("form", "options"), [("PNG", {}), ("WEBP", {}), ("GIF", {})])
def test_what_moves_is_refused(form: str, options: dict[str, int]) -> None:
    content = written(PLAIN, form, save_all=True, append_images=[scene(2), scene(3)], duration=100, **options)
    assert refused(content).reason == (Refusal.FORMAT if form == "GIF" else Refusal.ANIMATED)


def test_a_jpeg_with_several_pictures_is_kept_as_its_first() -> None:
    found = kept(written(PLAIN, "MPO", save_all=True, append_images=[scene(2)]))
    assert Note.SEVERAL_PICTURES in found.notes
    assert mean_distance(opened(found.picture), PLAIN) < 8


def test_one_bit_is_no_photo() -> None:
    assert refused(written(PLAIN.convert("1"), "PNG"), "image/png").reason == Refusal.ONE_BIT


def test_cmyk_is_turned_into_rgb_and_told() -> None:
    found = kept(written(PLAIN.convert("CMYK"), quality=92))
    assert (found.mode, found.notes) == ("CMYK", (Note.CMYK,))
    assert opened(found.picture).mode == "RGB"
    assert mean_distance(opened(found.picture), PLAIN) < 8


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "I;16"])
def test_every_other_mode_is_kept_in_rgb(mode: str) -> None:
    picture = Image.fromarray(np.full((100, 120), 30_000, np.uint16)) if mode == "I;16" else PLAIN.convert(mode)
    found = kept(written(picture, "PNG"), "image/png")
    assert opened(found.picture).mode == "RGB"
    assert (Note.GREY in found.notes) == (mode in {"L", "LA", "I;16"})
    assert (Note.TRANSPARENT in found.notes) == (mode in {"LA", "RGBA"})
    if mode == "I;16":
        assert opened(found.picture).getpixel((50, 50)) == pytest.approx((117, 117, 117), abs=2)


def test_what_is_transparent_lies_on_white() -> None:
    found = kept(written(Image.new("RGBA", (100, 100), (200, 0, 0, 0)), "PNG"), "image/png")
    assert opened(found.picture).getpixel((50, 50)) == pytest.approx((255, 255, 255), abs=2)


def test_another_colour_space_becomes_srgb() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    found = kept(written(PLAIN, icc_profile=lab))
    assert Note.PROFILE_CONVERTED in found.notes or Note.PROFILE_UNREADABLE in found.notes
    garbage = kept(written(PLAIN, icc_profile=b"no profile at all" * 20))
    assert garbage.notes == (Note.PROFILE_UNREADABLE,)
    assert mean_distance(opened(garbage.picture), PLAIN) < 8


def test_a_polyglot_keeps_nothing_but_its_picture() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("evil.html", "<script>alert(1)</script>")
    for content, media_type in ((JPEG, "image/jpeg"), (PNG, "image/png"), (WEBP, "image/webp")):
        both = content + packed.getvalue()
        assert zipfile.is_zipfile(io.BytesIO(both))
        found = kept(both, media_type)
        assert Note.TRAILING_BYTES in found.notes
        assert not zipfile.is_zipfile(io.BytesIO(found.picture))
        assert b"evil" not in found.picture + found.thumbnail
    hidden = JPEG[:2] + b"\xff\xfe\x00\x1e<script>alert(1)</script> " + b"  " + JPEG[2:]
    assert b"<script>" not in kept(hidden).picture


def test_what_is_said_to_be_of_another_type_goes_by_its_content() -> None:
    assert kept(PNG, "image/jpeg").notes == (Note.OTHER_TYPE,)


def test_small_ones_are_refused() -> None:
    assert refused(photo_of(1, 300, LEAST_SIDE - 1)).reason == Refusal.SMALL
    assert kept(photo_of(1, 300, LEAST_SIDE)).height == LEAST_SIDE


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_refusal_and_note_has_words(language: str) -> None:
    for words in [
        *(words_of_refusal(language, one) for one in Refusal),
        *(words_of_note(language, one) for one in Note),
    ]:
        assert not words.title.startswith("photo_")


SEEDS = [JPEG, PNG, WEBP, written(PLAIN.convert("CMYK")), written(PLAIN, exif=b"Exif\x00\x00MM\x00*\x00\x00\x00\x08")]


@given(
    seed=st.sampled_from(range(len(SEEDS))),
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=30),
    cut=st.floats(0.05, 1),
    media_type=st.sampled_from(sorted(TYPES.values())),
)
def test_altered_files_end_in_a_picture_or_a_reason(
    seed: int, changes: list[tuple[float, int]], cut: float, media_type: str
) -> None:
    content = bytearray(SEEDS[seed])
    for place, value in changes:
        content[min(int(place * len(content)), len(content) - 1)] = value
    found = examine_photo(bytes(content[: int(cut * len(content))]), media_type)
    if isinstance(found, Examined):
        assert max(opened(found.picture).size) <= 1280
    else:
        assert found.reason in Refusal


@given(
    st.binary(max_size=400), st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x40\0\0\0WEBPVP8 "])
)
@example(b"", b"\xff\xd8\xff\xe1\x00\x02")
def test_noise_after_any_beginning_is_refused(noise: bytes, beginning: bytes) -> None:
    assert isinstance(examine_photo(beginning + noise, "image/jpeg"), Refused)


@given(st.binary(max_size=300))
def test_any_exif_is_survived(noise: bytes) -> None:
    found = kept(written(PLAIN, exif=b"Exif\x00\x00" + noise))
    assert found.facts.make is None or found.facts.make.isprintable()


def test_a_png_may_carry_a_broken_exif() -> None:
    at = PNG.index(b"IDAT") - 4
    assert isinstance(
        examine_photo(PNG[:at] + chunk(b"eXIf", b"II*\x00\xff\xff\xff\xff") + PNG[at:], "image/png"), Examined
    )


def test_files_of_the_house_are_none_of_these() -> None:
    assert refused(Path(__file__).read_bytes()).reason == Refusal.FORMAT
