"""The frame of every page is harmless and whole."""

import base64

from vg_mc.reports.page import candidate_figure, image, page, term

EVIL = '<script>alert("1")</script>'


def test_a_page_is_whole_and_loads_nothing(read_page):
    found = read_page(page("A & B", "<p>text</p>"))

    assert found.open == []
    assert found.words.count("A & B") == 2
    assert "default-src 'none'" in found.every("meta")[1]["content"]


def test_foreign_text_opens_no_tag(read_page):
    body = term(EVIL, EVIL) + candidate_figure(b"1", EVIL, fits=True) + image(b"2", "png", EVIL)

    found = read_page(page(EVIL, body))

    assert "script" not in {tag for tag, _ in found.tags}
    assert found.words.count(EVIL) == 5
    assert found.every("img")[1]["alt"] == EVIL


def test_a_picture_is_inside(read_page):
    (found,) = read_page(image(b"\x00\xff", "png", "nothing")).every("img")

    kind, content = found["src"].split(",")
    assert kind == "data:image/png;base64"
    assert base64.b64decode(content) == b"\x00\xff"


def test_only_what_is_right_is_framed(read_page):
    found = read_page(
        candidate_figure(b"1", "", fits=True) + candidate_figure(b"2", "", fits=False)
    )

    assert [one["class"] for one in found.every("figure")] == ["fits", "misses"]
    assert [one["alt"] for one in found.every("img")] == [
        "candidate, right",
        "candidate, not the target",
    ]
