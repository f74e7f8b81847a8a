"""Pictures lie in their page, or beside it when it would grow too large."""

import pytest

from vg_mc.reports.pages.page import inside, write_page

PICTURES = [b"one", b"two", b"one"]


def render(address_of) -> str:
    return "\n".join(map(address_of, PICTURES))


def test_a_small_page_holds_its_pictures(tmp_path):
    write_page(render, tmp_path / "report.html")

    assert (tmp_path / "report.html").read_text() == render(inside)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_a_large_page_has_each_picture_once_beside_it(tmp_path):
    write_page(render, tmp_path / "report.html", largest=10)

    addresses = (tmp_path / "report.html").read_text().splitlines()
    assert [(tmp_path / address).read_bytes() for address in addresses] == PICTURES
    assert {path.name for path in tmp_path.iterdir()} == {"report.html", "report-files"}
    assert len(list((tmp_path / "report-files").iterdir())) == 2


def test_pictures_of_an_earlier_page_are_removed(tmp_path):
    write_page(render, tmp_path / "report.html", largest=10)
    write_page(lambda address_of: address_of(b"new"), tmp_path / "report.html", largest=1)

    (kept,) = (tmp_path / "report-files").iterdir()
    assert kept.read_bytes() == b"new"
    write_page(render, tmp_path / "report.html")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_a_page_that_fails_leaves_the_earlier_one(tmp_path):
    write_page(render, tmp_path / "report.html")
    before = (tmp_path / "report.html").read_text()

    with pytest.raises(ZeroDivisionError):
        write_page(lambda _: str(1 / 0), tmp_path / "report.html")

    assert (tmp_path / "report.html").read_text() == before
