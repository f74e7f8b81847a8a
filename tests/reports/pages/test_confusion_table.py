"""The table of confusions leaves no answer out."""

from vg_mc.reports.pages.split_plots import MOST_CATEGORIES, confusion_table


def test_counts_stand_in_rows_of_the_target(read_page):
    page = read_page(confusion_table({"dog": {"dog": 3, "cat": 1}, "cat": {"cat": 2}}))

    names = ["dog", "cat", "others", "all"]
    assert page.words[1:5] == names
    assert page.words[5:] == ["dog", "3", "1", "4", "cat", "2", "2"]
    assert page.open == []


def test_cells_are_shaded_by_their_share_and_say_it(read_page):
    page = read_page(confusion_table({"dog": {"dog": 3, "cat": 1}}))

    cells = [one for one in page.every("td") if "title" in one]
    assert [one["style"] for one in cells] == ["--share:0.750", "--share:0.250"]
    assert cells[1]["title"] == "dog answered by cat: 1 of 4"


def test_what_has_no_place_is_among_the_others(read_page):
    many = {f"kind {place:02}": {f"kind {place:02}": 1} for place in range(MOST_CATEGORIES + 5)}

    page = read_page(confusion_table(many))

    counts = [int(word) for word in page.words if word.isdigit()]
    assert counts == [1, 1] * MOST_CATEGORIES + [5, 5]


def test_no_answers_are_an_empty_table(read_page):
    assert read_page(confusion_table({})).open == []


def test_foreign_names_open_no_tag(read_page):
    evil = '"><script>'

    page = read_page(confusion_table({evil: {evil: 1}}))

    assert page.words.count(evil) == 2
    assert "script" not in {tag for tag, _ in page.tags}
