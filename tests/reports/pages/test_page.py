"""The frame of every page is harmless and whole."""

import base64
import hashlib

from vg_mc.reports.pages.page import (
    asset,
    candidate_figure,
    embedded,
    image,
    page,
    protocol_list,
    table,
    term,
)

EVIL = '<script>alert("1")</script>'


def test_a_page_is_whole_and_loads_nothing(read_page):
    found = read_page(page("A & B", "<p>text</p>"))

    assert found.open == []
    assert found.words.count("A & B") == 2
    assert "default-src 'none'" in found.every("meta")[1]["content"]


def test_foreign_text_opens_no_tag(read_page):
    body = term(EVIL, EVIL) + candidate_figure("1", EVIL, fits=True) + image("2", EVIL)
    body += protocol_list({EVIL: EVIL}) + table([EVIL], [([EVIL], ["1"])])

    found = read_page(page(EVIL, body))

    assert "script" not in {tag for tag, _ in found.tags}
    assert found.words.count(EVIL) == 9
    assert found.every("img")[1]["alt"] == EVIL


def test_a_picture_is_inside(read_page):
    (found,) = read_page(image(embedded(b"\x00\xff", "png"), "nothing")).every("img")

    kind, content = found["src"].split(",")
    assert kind == "data:image/png;base64"
    assert base64.b64decode(content) == b"\x00\xff"


def test_only_what_is_right_is_framed(read_page):
    found = read_page(candidate_figure("1", "", fits=True) + candidate_figure("2", "", fits=False))

    assert [one["class"] for one in found.every("figure")] == ["fits", "misses"]
    assert [one["alt"] for one in found.every("img")] == [
        "candidate, right",
        "candidate, not the target",
    ]


def test_a_candidate_without_a_picture_has_its_caption_alone(read_page):
    found = read_page(candidate_figure("", "9.10 %", fits=False))

    assert not found.every("img")
    assert found.words == ["9.10 %"]


def test_only_the_script_of_the_page_may_run(read_page):
    script = "document.title = 'ran';"

    found = read_page(page("title", "", script=script))

    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = found.every("meta")[1]["content"]
    assert f"script-src 'sha256-{digest}'" in policy
    assert script in found.words
    assert "script-src" not in read_page(page("title", "")).every("meta")[1]["content"]


def test_styles_of_a_page_follow_those_of_all(read_page):
    words = read_page(page("title", "", style="p { color: red }")).words

    (style,) = [text for text in words if "p { color: red }" in text]
    assert style.strip().startswith(asset("page.css")[:20])


def test_what_scrolls_can_be_reached_by_keys(read_page):
    page = read_page(table(["model"], [(["tiny"], [])]))

    assert page.every("div") == [{"class": "scroll", "tabindex": "0"}]
    assert page.every("th") == [{"scope": "col"}, {"scope": "row"}]


def test_a_table_has_names_before_its_numbers(read_page):
    found = read_page(table(["model", "acc"], [(["a"], ["<small>1</small>"])]))

    assert [tag for tag, _ in found.tags if tag in {"th", "td", "small"}] == [
        *("th", "th", "th", "td", "small")
    ]
    assert found.open == []
