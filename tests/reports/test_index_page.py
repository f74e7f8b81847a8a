"""The index leads to the pages of all evaluations."""

from PIL import Image

from vg_mc.reports.index_page import write_index
from vg_mc.scoring import score


def test_pages_are_linked_and_numbers_shown(make_predictions, read_page, tmp_path):
    Image.new("RGB", (4, 4)).save(tmp_path / "examples.png")
    pages = {"a & b": tmp_path / "a" / "report.html"}
    rows = [score(make_predictions())]

    write_index(
        "all", rows, {"fact": "<value>"}, pages, tmp_path / "examples.png", tmp_path / "index.html"
    )

    page = read_page((tmp_path / "index.html").read_text())
    assert [one["href"] for one in page.every("a")] == ["a/report.html"]
    assert {"all", "a & b", "<value>", "val"} <= set(page.words)
    assert page.every("img")[0]["src"].startswith("data:image/png;base64,")
    assert page.open == []
