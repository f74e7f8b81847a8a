"""The index leads to the pages of all evaluations."""

import re

from PIL import Image

from vg_mc.reports.pages.report_page import write_index
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


MEASURE = """<script>
const box = document.querySelector(".scroll"), name = document.querySelector("tbody th");
document.title = `hidden ${box.scrollWidth - box.clientWidth}, name ${name.clientWidth}`;
</script>"""


def test_the_table_of_several_models_fits_a_window(make_predictions, read_page, browse, tmp_path):
    Image.new("RGB", (4, 4)).save(tmp_path / "examples.png")
    names = ("fitted ensemble, annotated", "tiny-resnet, detected")
    rows = [score(make_predictions(name=name, split="testA", expressions=60)) for name in names]
    file = tmp_path / "index.html"
    write_index("all", rows, {}, {}, tmp_path / "examples.png", file)
    # Our pages let no script in, and this one is only to measure.
    open_to_all = re.sub(r"<meta http-equiv.*?>", "", file.read_text())
    file.write_text(open_to_all.replace("</body>", f"{MEASURE}</body>"))

    dom = read_page(browse(file.as_uri(), "--dump-dom", "--window-size=1300,900"))

    (title,) = (word for word in dom.words if word.startswith("hidden "))
    hidden, name = map(int, re.findall(r"\d+", title))
    assert hidden == 0
    assert name >= 150  # pixels: names take two lines, not five
