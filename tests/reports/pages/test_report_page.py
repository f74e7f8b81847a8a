"""The page of an evaluation opens in a browser without a network, and its filter works."""

import io
import re
from functools import partial

import numpy as np
import pytest
from PIL import Image

from tests.predictions.made import moved_targets
from tests.refusals import refused
from vg_mc.reports.pages import report_page
from vg_mc.reports.pages.examples import no_backdrop
from vg_mc.reports.pages.page import write_page
from vg_mc.reports.pages.report_page import Gallery, write_report
from vg_mc.scoring import score

MAGENTA = (255, 0, 255)


def magenta(candidate_ids) -> list[bytes]:
    picture = io.BytesIO()
    Image.new("RGB", (64, 64), MAGENTA).save(picture, "JPEG")
    return [picture.getvalue()] * len(candidate_ids)


@pytest.fixture
def written(make_predictions, tmp_path):
    """Write the page of two splits with six examples each; return where it is."""

    def write():
        answered = [make_predictions(split=each) for each in ("val", "testA")]
        for each in answered:
            each.examples.texts[:] = [f"{row} red" if row % 2 else f"{row}" for row in range(12)]
        reports = [score(each) for each in answered]
        shown = Gallery(2, magenta, no_backdrop)
        write_report(answered, reports, {"corpus": "scenes", "fact": "value"}, shown, tmp_path)
        return tmp_path / "report.html"

    return write


def test_the_filter_hides_what_was_not_asked_for(written, browse, read_page):
    page = written()

    dom = read_page(browse(f"{page.as_uri()}#verdict=wrong&split=val&text=RED", "--dump-dom"))

    cards = dom.every("article")
    shown = [card for card in cards if "hidden" not in card]
    assert 0 < len(shown) < len(cards)
    assert shown == [
        card
        for card in cards
        if (card["data-verdict"], card["data-split"]) == ("wrong", "val")
        and "red" in card["data-text"]
    ]
    assert f"{len(shown)} shown" in dom.words
    panels = [one for one in dom.every("section") if "data-part" in one]
    assert [(one["data-part"], "hidden" in one) for one in panels] == [
        ("val", False),
        ("testA", True),
    ]
    pressed = [one["data-value"] for one in dom.every("button") if one["aria-pressed"] == "true"]
    assert pressed == ["val", "wrong"]


def test_on_paper_all_splits_are_shown(written, browse, tmp_path):
    page, alone = written(), tmp_path / "alone.html"
    text = page.read_text()
    alone.write_text(re.sub(r'<section data-part="testA">.*?</section>', "", text, flags=re.DOTALL))

    sizes = []
    for each in (page, alone):
        paper = tmp_path / f"{each.stem}.pdf"
        browse(each.as_uri(), f"--print-to-pdf={paper}")
        sizes.append(paper.read_bytes().count(b"/Type /Page\n"))

    assert sizes[0] > sizes[1] >= 1


def test_pictures_beside_a_large_page_are_seen(written, browse, tmp_path, monkeypatch):
    monkeypatch.setattr(report_page, "write_page", partial(write_page, largest=10))
    page = written()
    assert 'src="report-files/' in page.read_text()

    browse(page.as_uri(), f"--screenshot={tmp_path / 'seen.png'}", "--window-size=800,6000")

    with Image.open(tmp_path / "seen.png") as seen:
        pixels = np.asarray(seen.convert("RGB"), dtype=np.int64)
    of_pictures = (np.abs(pixels - MAGENTA).sum(axis=2) < 30).sum()
    assert of_pictures > 12 * 40 * 40


def test_nothing_is_loaded_from_elsewhere(written, read_page):
    text = written().read_text()

    page = read_page(text)
    assert not re.search(r"https?://|url\(|@import", text)
    assert {"link", "iframe"}.isdisjoint(tag for tag, _ in page.tags)
    assert "default-src 'none'" in page.every("meta")[1]["content"]
    assert page.open == []


def test_other_rows_have_no_plots(make_predictions, read_page, tmp_path):
    ensemble, member = (make_predictions(name=name) for name in ("ensemble", "member"))

    write_report([ensemble], [score(member), score(ensemble)], {}, Gallery(1), tmp_path)

    page = read_page((tmp_path / "report.html").read_text())
    assert page.words.count("member") == 2
    assert len([one for one in page.every("section") if "data-part" in one]) == 1
    assert not page.every("img")


def test_a_page_of_predicted_boxes_speaks_of_no_candidates(make_predictions, read_page, tmp_path):
    predicted = moved_targets(make_predictions(name="boxes", expressions=40))

    write_report([predicted], [score(predicted)], {}, Gallery(3), tmp_path)

    page = read_page((tmp_path / "report.html").read_text())
    words = " ".join(word for word in page.words if "{" not in word)  # neither style nor script
    spoken = ("candidate", "racle accuracy", "not recalled", "chance", "proposals")
    assert [word for word in spoken if word in words] == []
    assert {"acc@0.5 (IoU > 0.5) %", "expressions", "Calibration"} <= set(page.words)
    assert len(page.every("article")) == 6
    assert not page.every("u")
    assert page.open == []


def test_an_empty_split_has_a_page_too(make_predictions, read_page, tmp_path):
    empty = make_predictions(expressions=0)

    write_report([empty], [score(empty)], {}, Gallery(1), tmp_path)

    text = (tmp_path / "report.html").read_text()
    assert read_page(text).open == []
    assert "nan" not in text.split("</style>")[1].split("<script>")[0]


def test_pictures_come_from_the_dataset(coloured, tmp_path):
    shown = Gallery.of(coloured, None, 7)

    assert shown.each == 2
    assert shown.pictures_of(np.array([0])) == coloured.picture_bytes(np.array([0]))
    assert Gallery.of(None, None, 7) == Gallery(2)
    with refused(file="missing", record="--images"):
        Gallery.of(coloured, tmp_path / "missing", 7)
