import io
import re
from zipfile import ZipFile

import msgspec
import pytest
from defusedxml import ElementTree
from openpyxl import load_workbook

from backend.evidence.photos.fonts import MISSING
from backend.kit.messages import LANGUAGES
from backend.reports.bulletins.content import Content, freeze
from backend.reports.bulletins.wording import Published, word_bulletin
from backend.reports.rendering.charts import draw
from backend.reports.rendering.document import Bars, Cell, Column, Document, Section, Stacks, Table
from backend.reports.rendering.page import policy, write_page
from backend.reports.rendering.prints import write_print
from backend.reports.rendering.workbook import write_workbook
from tests.support.bulletins import AT, city_content
from tests.support.pdfs import pages_of

HOSTILE = '=cmd|" /C calc"!A0<script>alert(1)</script>&'
FEW = 5


def words(content: Content, language: str = "zh-CN", *, most_lines: int | None = None) -> Document:
    published = Published(edition=2, issued_at=AT, digest=freeze(content)[1], issuer="示例市城乡建设局")
    return word_bulletin(language, content, published, most_lines=most_lines)


def test_the_lead_says_the_totals_and_who_is_at_the_ends() -> None:
    document = words(city_content())
    assert document.title == "关键岗位人员到岗情况周通报"
    assert document.subtitle == "2026年3月9日至3月15日（第11周）"
    assert dict(document.stamp)["发布单位"] == "示例市城乡建设局"
    text = "".join(document.lead)
    assert "全市在监工程项目40个" in text
    assert "达标项目30个，不达标项目9个，待核项目1个" in text
    assert "排名靠后：江夏区（66.96%）" in text
    assert "不计补卡的到岗率为85.98%" in text


def test_what_was_due_to_nobody_has_no_rate_and_no_place() -> None:
    table = words(city_content()).sections[0].table
    assert table is not None
    row = table.rows[-1]
    assert [cell.shown for cell in row[:4]] == ["—", "黄陂区", "0", "无应到"]
    assert row[3].number is None


def test_annexes_say_by_what_a_post_falls_short() -> None:
    _, failing, still, *_ = words(city_content()).sections
    assert failing.table is not None
    assert still.table is not None
    shown = [row[-1].shown for row in failing.table.rows]
    assert "总监理工程师空缺" in shown
    assert "项目经理71.43%（要求80.00%）" in shown
    assert [row[-1].shown for row in still.table.rows] == ["专职安全员71.43%至85.71%（要求80.00%）"]


def test_a_long_annex_says_that_it_is_cut_and_a_workbook_has_all() -> None:
    _, failing, *_ = words(city_content(), most_lines=FEW).sections
    assert failing.table is not None
    assert len(failing.table.rows) == FEW
    assert failing.paragraphs == ["另有4个项目，见电子表格附表。"]


def test_a_draft_says_so() -> None:
    content = city_content()
    document = word_bulletin("zh-CN", content, Published(edition=None, issued_at=None, digest="0"), most_lines=None)
    assert dict(document.stamp)["版次"] == "草稿，未发布"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("of", [None, 8])
def test_every_form_of_every_bulletin_has_the_same_figures(language: str, of: int | None) -> None:
    content = city_content(of=of)
    document = words(content, language)
    page = write_page(document).decode()
    ElementTree.fromstring(  # raises for what is not well formed
        page.removeprefix("<!DOCTYPE html>")
        .replace('<meta charset="utf-8">', "")
        .replace('<meta name="viewport" content="width=device-width, initial-scale=1">', "")
    )
    printed = "".join(pages_of(write_print(document, "{page}/{pages}")))
    file = io.BytesIO(write_workbook(document, "概况"))
    book = load_workbook(file)
    ranking = document.sections[0].table
    assert ranking is not None
    sheet = book[ranking.name]
    for number, line in enumerate(content.districts, 2):
        rate = line.figures.all_posts.rate
        assert sheet.cell(number, 2).value == line.name
        if rate is None:
            assert isinstance(sheet.cell(number, 4).value, str)
            continue
        assert sheet.cell(number, 4).value == pytest.approx(rate / 10_000)
        shown = f"{rate // 100}.{rate % 100:02d}"
        assert re.search(rf"<td[^>]*>{line.name}</td><td[^>]*>\d+</td><td[^>]*>{shown}</td>", page)
        assert shown in printed
    assert freeze(content)[1] in page
    assert freeze(content)[1] in printed
    for project in content.failing:
        assert project.registration_no in page
        assert project.registration_no in printed
    assert len([name for name in ZipFile(file).namelist() if name.startswith("xl/charts/chart")]) == 2
    for names in ("江岸区", "东西湖区"):
        assert printed.count(names) >= 3, "two charts and the table"


def test_a_print_names_its_pages_and_marks_what_the_font_lacks() -> None:
    document = Document(language="zh-CN", title="硚口区\U0002070e", subtitle="", lead=["段落"] * 90)
    pages = pages_of(write_print(document, "第{page}页，共{pages}页"))
    assert len(pages) > 1
    assert f"硚口区{MISSING}" in pages[0]
    for number, page in enumerate(pages, 1):
        assert f"第{number}页，共{len(pages)}页" in page


def hostile() -> Document:
    table = Table(
        HOSTILE[:20], [Column(HOSTILE, 1), Column("n", 1, numeric=True)], [[Cell(HOSTILE), Cell("1", 1, "int")]]
    )
    bars = Bars(
        title=HOSTILE, still=HOSTILE, categories=[HOSTILE], rates=[1], at_most=[5], table=HOSTILE[:20], column=1
    )
    section = Section(title=HOSTILE, paragraphs=[HOSTILE], charts=[bars], table=table)
    return Document(
        language="zh-CN", title=HOSTILE, subtitle=HOSTILE, stamp=[(HOSTILE, HOSTILE)], lead=[HOSTILE],
        sections=[section], notes_title=HOSTILE, notes=[HOSTILE], proof=[(HOSTILE, HOSTILE)],
    )  # fmt: skip


def test_a_print_of_the_same_is_the_same_to_the_byte() -> None:
    document = Document(language="en", title="a", subtitle="b", lead=["c"])
    first = write_print(document, "")
    assert b"/CreationDate" not in first
    assert b"/ModDate" not in first
    assert write_print(document, "") == first


def test_no_text_becomes_markup_of_a_page() -> None:
    page = write_page(hostile()).decode()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert " style=" not in page
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", page)


def test_the_policy_allows_the_page_s_one_style_and_nothing_else() -> None:
    from base64 import b64encode
    from hashlib import sha256

    style = re.findall(r"<style>(.*?)</style>", write_page(hostile()).decode(), re.DOTALL)
    assert len(style) == 1
    digest = b64encode(sha256(style[0].encode()).digest()).decode()
    assert policy().split("; ")[:2] == ["default-src 'none'", f"style-src 'sha256-{digest}'"]


def test_no_text_becomes_a_formula_of_a_workbook() -> None:
    book = load_workbook(io.BytesIO(write_workbook(hostile(), "s")))
    kinds = {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None}
    assert kinds == {"s", "n"}
    assert [row[0].value for row in book.worksheets[1].iter_rows()] == [HOSTILE, HOSTILE]


def test_no_text_becomes_markup_of_a_print() -> None:
    text = "".join(pages_of(write_print(Document(language="en", title="#panic() $x$ *b*", subtitle="@a"), "")))
    assert "#panic()$x$*b*" in text


def test_bars_are_as_long_as_their_rates_and_none_has_no_bar() -> None:
    bars = Bars(
        title="t", still="s", categories=["a", "b", "c"], rates=[10_000, 5000, None], at_most=[10_000, 7500, None],
        table="t", column=1,
    )  # fmt: skip
    root = ElementTree.fromstring(draw(bars))
    widths = [float(box.get("width", 0)) for box in root.iter("{http://www.w3.org/2000/svg}rect")][1:]
    full, half, still = widths
    assert half == pytest.approx(full / 2)
    assert still == pytest.approx(full / 4)


@pytest.mark.parametrize("counts", [[0, 0], [3, 1], [12_345, 2]])
def test_stacks_of_any_size_have_few_grid_lines(counts: list[int]) -> None:
    stacks = Stacks(title="t", categories=["a", "b"], parts=[("p", "good", counts)], table="t", columns=[1])
    root = ElementTree.fromstring(draw(stacks))
    assert 1 <= len(list(root.iter("{http://www.w3.org/2000/svg}line"))) <= 7


def test_a_document_goes_through_a_pipe_unchanged() -> None:
    document = words(city_content())
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(document), type=Document)
    assert write_page(again) == write_page(document)
