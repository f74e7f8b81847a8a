"""Whatever names, expressions, categories and facts say, a page shows it and runs none of it."""

import io

import pytest
from PIL import Image

from tests.predictions.made import changed
from vg_mc.errors import BadInputError
from vg_mc.reports.pages.comparison import write_comparison_page
from vg_mc.reports.pages.examples import no_backdrop
from vg_mc.reports.pages.report_page import Gallery, write_index, write_report
from vg_mc.reports.pages.sheet import write_sheet
from vg_mc.reports.tables.members import MembersRow, members_table
from vg_mc.reports.tables.published import PublishedRow
from vg_mc.reports.tables.side_by_side import side_by_side
from vg_mc.scoring import score
from vg_mc.scoring.leaderboard import System, leaderboard_of

RUN = "document.title = 'evil'"
EVIL = (
    f"'\"></title></style></script></svg><script>{RUN}</script><!-- {{{{ 7 * 7 }}}} ]]> "
    f'<img src=x onerror="{RUN}">" onload="{RUN}" <a href="javascript:{RUN}">&lt;b&gt;'
)


def pictures(candidate_ids) -> list[bytes]:
    picture = io.BytesIO()
    Image.new("RGB", (32, 32)).save(picture, "JPEG")
    return [picture.getvalue()] * len(candidate_ids)


@pytest.fixture
def evil(make_predictions):
    """Make predictions of a model, about expressions and categories, that are all called so."""

    def make(name: str):
        plain = make_predictions(expressions=20)
        return changed(
            plain,
            candidate_categories=[[EVIL] * len(row) for row in plain.choices.categories],
            name=name,
            split=EVIL,
            corpus=EVIL,
            texts=[EVIL] * 20,
            notes={EVIL: EVIL},
        )

    return make


def write_evil_report(evil, folder):
    first, second = evil(EVIL), evil(f"{EVIL} 2")
    gains = members_table([MembersRow.of([first, second], first)])
    rows, shown = [score(first), score(second)], Gallery(4, pictures, no_backdrop)
    write_report([first], rows, {"corpus": EVIL, EVIL: EVIL}, shown, folder, [gains])
    return folder / "report.html"


def write_evil_comparison(evil, folder):
    systems = [System(name, {EVIL: evil(name)}) for name in (EVIL, f"{EVIL} 2")]
    published = [PublishedRow(EVIL, {EVIL: "70.1"}, EVIL, EVIL, EVIL, "second hand")]
    shown = side_by_side(leaderboard_of(systems), published, {EVIL: EVIL})
    write_comparison_page(shown, folder)
    return folder / "comparison.html"


def write_evil_index(evil, folder):
    Image.new("RGB", (4, 4)).save(folder / "examples.png")
    rows = [score(evil(name)) for name in (EVIL, "other")]
    pages = {EVIL: folder / EVIL.replace("/", "") / "report.html"}
    file = folder / "index.html"
    write_index(EVIL, rows, {EVIL: EVIL}, pages, folder / "examples.png", file)
    return file


def write_evil_sheet(make_sentences, folder):
    dataset = make_sentences(
        folder / "set", {"val": [(EVIL, EVIL, 0), ("b.jpg", EVIL, 1)]}, corpus=EVIL, category=EVIL
    )

    def refuse(_):
        raise BadInputError(EVIL)

    write_sheet(dataset, "val", [0, 1], refuse, folder / "show.html")
    return folder / "show.html"


@pytest.fixture(params=["report", "comparison", "index", "sheet"])
def page(request, evil, make_sentences, tmp_path):
    if request.param == "sheet":
        return write_evil_sheet(make_sentences, tmp_path)
    write = {
        "report": write_evil_report,
        "comparison": write_evil_comparison,
        "index": write_evil_index,
    }[request.param]
    return write(evil, tmp_path)


def test_foreign_text_opens_no_tag_in_any_page(page, read_page):
    found = read_page(page.read_text(encoding="utf-8"))

    scripts = 1 if page.name == "report.html" else 0
    assert len(found.every("script")) == scripts
    assert len(found.every("title")) - len(found.every("circle")) == 1
    assert all(one["src"].startswith("data:image/") for one in found.every("img"))
    assert not [name for _, attributes in found.tags for name in attributes if name[:2] == "on"]
    assert not [one for one in found.every("a") if one["href"].startswith("javascript:")]
    assert sum(EVIL in word for word in found.words) >= 5
    assert found.open == []


def test_foreign_text_runs_in_no_browser(page, read_page, browse):
    dom = read_page(browse(f"{page.as_uri()}#text=javascript", "--dump-dom"))

    assert "evil" not in dom.words  # what the title would be
    assert len(dom.every("script")) == (page.name == "report.html")
    assert {tag for tag, _ in dom.tags} == {
        tag for tag, _ in read_page(page.read_text(encoding="utf-8")).tags
    }
    assert not [card for card in dom.every("article") if "hidden" in card]  # the filter finds it
