"""The frame of every page is harmless and whole."""

import ast
import base64
import hashlib
import re
from pathlib import Path

import pytest
from jinja2 import UndefinedError

import vg_mc
from vg_mc.reports import pages
from vg_mc.reports.pages.page import embedded, render_page, templates
from vg_mc.reports.tables.table import Cell, Table

FOLDER = Path(pages.__file__).parent
EVIL = """</title></style></script><script>alert("1")</script><!-- ' --><img src=x>"""
PARTS = "parts.html.j2"


def test_a_page_is_whole_and_loads_nothing(read_page):
    found = read_page(render_page("page.html.j2", "A & B"))

    assert found.open == []
    assert found.words.count("A & B") == 2
    assert "default-src 'none'" in found.every("meta")[1]["content"]


def test_a_foreign_title_opens_no_tag(read_page):
    found = read_page(render_page("page.html.j2", EVIL))

    assert {"script", "img"}.isdisjoint(tag for tag, _ in found.tags)
    assert found.words.count(EVIL) == 2


def test_foreign_text_opens_no_tag_in_any_part(read_part):
    table = Table([EVIL], [[EVIL], [EVIL]], note=EVIL, links=True)
    cells = Table(["", EVIL], [["", Cell(EVIL, EVIL, EVIL)]])
    found = [
        read_part(PARTS, "protocol_list", {EVIL: EVIL}),
        read_part(PARTS, "candidate_figure", EVIL, EVIL, True),
        read_part(PARTS, "table", table),
        read_part(PARTS, "table", cells),
    ]

    assert sum(page.words.count(EVIL) for page in found) == 2 + 1 + 4 + 3
    assert "script" not in {tag for page in found for tag, _ in page.tags}
    assert [one["src"] for page in found for one in page.every("img")] == [EVIL]
    assert found[-1].every("span")[0]["title"] == EVIL
    assert all(page.open == [] for page in found)


def test_no_template_leaves_a_value_unescaped():
    texts = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.html.j2")}

    assert len(texts) == len(templates().list_templates(["j2"])) >= 6
    unescaped = re.compile(r"\|\s*safe\b|autoescape|Markup")
    assert [name for name, text in texts.items() if unescaped.search(text)] == []


def test_no_value_stands_in_a_script_a_handler_or_an_unquoted_attribute():
    texts = [path.read_text(encoding="utf-8") for path in FOLDER.glob("*.html.j2")]
    scripts = [tag for text in texts for tag in re.findall(r"<script.*?</script>", text)]

    assert scripts == ["<script>{% include script %}</script>"]
    assert not [text for text in texts if re.search(r"\son[a-z]+=|javascript:|=\{\{", text)]
    styles = [style for text in texts for style in re.findall(r'style="([^"]*)"', text)]
    values = [value for style in styles for value in re.findall(r"\{\{(.*?)\}\}", style)]
    assert values
    assert [value for value in values if "|css" not in value and "format" not in value] == []


def test_a_value_that_a_template_lacks_is_an_error():
    with pytest.raises(UndefinedError):
        render_page("report.html.j2", "title")


def test_an_image_is_inside(read_part):
    (found,) = read_part(PARTS, "image", embedded(b"\x00\xff", "png"), EVIL).every("img")

    kind, content = found["src"].split(",")
    assert kind == "data:image/png;base64"
    assert base64.b64decode(content) == b"\x00\xff"
    assert found["alt"] == EVIL


def test_only_what_is_right_is_framed(read_part):
    found = [read_part(PARTS, "candidate_figure", "1", "", fits) for fits in (True, False)]

    assert [page.every("figure")[0]["class"] for page in found] == ["fits", "misses"]
    assert [page.every("img")[0]["alt"] for page in found] == [
        "candidate, correct",
        "candidate, incorrect",
    ]


def test_a_candidate_without_an_image_has_its_caption_alone(read_part):
    found = read_part(PARTS, "candidate_figure", "", "9.10 %", False)

    assert not found.every("img")
    assert found.words == ["9.10 %"]


def test_only_the_script_of_the_page_may_run(read_page):
    script = (FOLDER / "report.js").read_text(encoding="utf-8")

    found = read_page(render_page("page.html.j2", "title", script="report.js"))

    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = found.every("meta")[1]["content"]
    assert f"script-src 'sha256-{digest}'" in policy
    assert script.strip() in found.words
    plain = read_page(render_page("page.html.j2", "title"))
    assert "script-src" not in plain.every("meta")[1]["content"]


def test_styles_of_a_page_follow_those_of_all():
    text = render_page("page.html.j2", "title", styles=["report.css"])

    first, second = ((FOLDER / name).read_text() for name in ("page.css", "report.css"))
    assert f"<style>\n{first}{second}</style>" in text


def test_what_scrolls_can_be_reached_by_keys(read_part):
    page = read_part(PARTS, "table", Table(["model"], [["tiny"]]))

    assert page.every("div") == [{"class": "scroll", "tabindex": "0"}]
    assert page.every("th") == [{"scope": "col", "class": "name"}, {"scope": "row"}]


def test_a_table_has_names_before_its_numbers_and_empty_cells_where_none_applies(read_part):
    rows = [["a", Cell("1", "0–2", "of 3"), None]]

    found = read_part(PARTS, "table", Table(["model", "acc", "chance"], rows))

    tags = [tag for tag, _ in found.tags if tag in {"th", "td", "small"}]
    assert tags == ["th", "th", "th", "th", "td", "small", "td"]
    assert found.words == ["model", "acc", "chance", "a", "1", "0–2"]
    assert found.every("span") == [{"title": "of 3"}]
    assert found.open == []


def test_addresses_are_followed_on_request(read_part):
    address = "https://example.org/a-b"
    text = f"see {address}, <b>page 3</b>"
    plain, linked = (
        read_part(PARTS, "table", Table(["", ""], [[text, text]], links=links))
        for links in (False, True)
    )

    assert plain.every("a") == []
    assert linked.every("a") == [{"href": address}]
    assert not linked.every("b")


TAG = re.compile(r"</[a-z]\w*>|<[a-z]\w* [a-z-]+=")
# Markdown has no other way to fold, and BPE vocabularies end words like this.
NOT_OF_PAGES = {"</summary>", "</details>", "</w>"}
# They read tags in prompts and replies of language models.
READS_TAGS = {
    "replies.py", "reply_fields.py", "layouts.py", "row_fields.py", "table_layouts.py",
}  # fmt: skip


def test_no_html_is_written_in_python():
    package = Path(vg_mc.__file__).parent

    found = [
        f"{path.relative_to(package)}:{node.lineno}: {node.value}"
        for path in sorted(package.rglob("*.py"))
        if path.name not in READS_TAGS
        for node in strings_of(ast.parse(path.read_text(encoding="utf-8")))
        if TAG.search(node.value) and node.value not in NOT_OF_PAGES
    ]

    assert not found, "\n".join(found)


def strings_of(tree: ast.Module) -> list[ast.Constant]:
    """Return all strings of a module but its docstrings."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docstrings
    ]
