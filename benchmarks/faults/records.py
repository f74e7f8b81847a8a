"""Cases with a bad value in one record of a corpus: boxes, texts, ids and names."""

from collections.abc import Collection, Hashable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.faults.case import Case, Promise, Reading
from benchmarks.faults.forms import FORMS, Form, good_rows, reading

MISSING: Any = ...
NAN, INFINITY = float("nan"), float("inf")
FOUR = "4 finite numbers|a list as"
SPOILT = 2  # the row with the fault

FLEXIBLE = ("CSV", "JSON lines", "JSON")  # read texts as numbers, as spreadsheets write them
TABLES = (*FLEXIBLE, "Parquet")
LOOSE = tuple(name for name, form in FORMS.items() if not form.typed)
RECORDS = ("JSON lines", "JSON", "COCO", "refer")
JSON_FORMS = ("JSON lines", "JSON", "COCO")


@dataclass(frozen=True, slots=True)
class Fault:
    """A bad value of a field.

    Attributes:
        value: A tuple is a box as corners, converted to each format; all other values, including
            lists, are written unchanged.
        forms: Formats that can express the value; by default all that have the field.
    """

    fault: str
    value: Any
    promise: Promise = "named"
    says: str = "expected"
    becomes: Hashable = None
    forms: Collection[str] = tuple(FORMS)


BOXES = [
    Fault("NaN in it", [10.0, 10.0, NAN, 30.0], says=FOUR),
    Fault("all NaN", [NAN] * 4, says=FOUR),
    Fault("infinite", [10.0, 10.0, INFINITY, 30.0], says=FOUR),
    Fault("minus infinity", [-INFINITY, 10.0, 20.0, 30.0], says=FOUR),
    Fault("1e300", [10.0, 10.0, 1e300, 30.0], says=FOUR),
    Fault("three numbers", [10.0, 10.0, 30.0], says=FOUR),
    Fault("five numbers", [10.0, 10.0, 30.0, 30.0, 1.0], says=FOUR),
    Fault("no numbers", [], says=FOUR),
    Fault("null", None, says="bbox|box"),
    Fault("four nulls", [None] * 4, says=FOUR),
    Fault("missing", MISSING, says="box", forms=("JSON lines", "JSON", "COCO", "refer")),
    Fault("a word", "left", says=FOUR, forms=LOOSE),
    Fault("words", ["a", "b", "c", "d"], says=FOUR, forms=LOOSE),
    Fault("a number", 7, says=FOUR, forms=LOOSE),
    Fault("a record", {"x": 1}, says="a list as", forms=(*RECORDS, "pth")),
    Fault("a list in a list", [[1.0, 2.0, 3.0, 4.0]], says=FOUR, forms=("COCO", "refer", "pth")),
    Fault("a list of one box: the box", [[1.0, 2.0, 3.0, 4.0]], "accepted", becomes=(1, 2, 3, 4),
          forms=FLEXIBLE),
    Fault("truth values", [True, True, True, True], says=FOUR, forms=LOOSE),
    Fault("too big for a float", [1, 1, 10**400, 1], says="4 finite|expected", forms=RECORDS),
    Fault("without width", (10, 10, 10, 50), says="an area|agree|to be the box"),
    Fault("without height", (10, 10, 40, 10), says="an area"),
    Fault("a point", (10, 10, 10, 10), says="an area"),
    Fault("turned inside out", (40, 50, 10, 10), says="an area"),
    Fault("negative width", (40, 10, 10, 50), says="an area"),
    Fault("right of the photo", (200, 10, 220, 50), says="on the image of 96 x 64"),
    Fault("below the photo", (10, 100, 20, 150), says="on the image of 96 x 64"),
    Fault("left of the photo", (-60, 10, -10, 50), says="on the image of 96 x 64"),
    Fault("above the photo", (10, -60, 40, -10), says="on the image of 96 x 64"),
    Fault("less than a pixel inside", (95.5, 62.9, 200, 90), says="on the image of 96 x 64"),
    Fault("out on the left: cut", (-5, -5, 40, 50), "accepted", becomes=(0, 0, 40, 50)),
    Fault("out on the right: cut", (50, 20, 120, 90), "accepted", becomes=(50, 20, 96, 64)),
    Fault("larger than the photo: cut", (-9, -9, 99, 99), "accepted", becomes=(0, 0, 96, 64)),
    Fault("the whole photo", (0, 0, 96, 64), "accepted", becomes=(0, 0, 96, 64)),
    Fault("small, inside", (3, 3, 3.25, 3.25), "accepted", becomes=(3, 3, 3.25, 3.25)),
    Fault("numbers as texts: read", ["50", "20", "90", "6e1"], "accepted",
          becomes=(50, 20, 90, 60), forms=("JSON lines", "JSON")),
    Fault("numbers as texts", ["50", "20", "90", "6e1"], says=FOUR, forms=("COCO", "refer")),
    Fault("a text of numbers: read", "50 20 90 60", "accepted", becomes=(50, 20, 90, 60),
          forms=FLEXIBLE),
    Fault("decimal commas", "50,5 20,5 90,5 60,5", says=FOUR, forms=FLEXIBLE),
]  # fmt: skip

TEXTS = [
    Fault("empty", "", says="expression|sent"),
    Fault("white space", " \t\n ", says="a text as"),
    Fault("NUL alone", "\0", says="words|a text"),
    Fault("control characters alone", "\x07\x1b", says="words"),
    Fault("null", None, says="expression|sent"),
    Fault("missing", MISSING, says="expression|sent", forms=("JSON lines", "JSON", "refer")),
    Fault("a number", 7, says="a text as", forms=(*RECORDS, "pth")),
    Fault("NaN", NAN, says="expression|a text as", forms=(*RECORDS, "pth")),
    Fault("a truth value", True, says="a text as", forms=(*RECORDS, "pth")),
    Fault("a list", ["man"], says="a text as", forms=("COCO", "refer")),
    Fault("a list: its texts", ["man"], "accepted", becomes="man", forms=("JSON lines", "JSON")),
    Fault("a record", {"raw": "man"}, says="a text as", forms=RECORDS),
    Fault("bytes", b"man", says="a text as", forms=("pth",)),
    Fault("a lone surrogate", "\ud800 man", says="lone surrogate", forms=(*JSON_FORMS, "pth")),
    Fault("many spaces: one", "a  \t man ", "accepted", becomes="a man"),
    Fault("a line end: a space", "left\r\nman", "accepted", becomes="left man"),
    Fault("NUL inside: taken out", "the\0 dog", "accepted", becomes="the dog"),
    Fault("curly quotes: straight", "dog’s “bowl”", "accepted", becomes="dog's \"bowl\""),
    Fault("mojibake: mended", "the dogâ€™s bowl", "accepted", becomes="the dog's bowl"),
    Fault("an entity: resolved", "black &amp; white", "accepted", becomes="black & white"),
    Fault("a twice escaped tag: resolved", "&amp;lt;b&amp;gt;", "accepted", becomes="<b>"),
    Fault("a script: kept as words", "<script>alert(1)</script>", "accepted",
          becomes="<script>alert(1)</script>"),
    Fault("a ligature: letters", "ﬁre", "accepted", becomes="fire"),
    Fault("full width: plain", "ＭＡＮ", "accepted", becomes="MAN"),
    Fault("two code points: one letter", "cafe\u0301", "accepted", becomes="café"),
    Fault("a byte order mark: taken out", "\ufeffman", "accepted", becomes="man"),
    Fault("an emoji: kept", "🐕 dog", "accepted", becomes="🐕 dog"),
    Fault("right to left: kept", "كلب", "accepted", becomes="كلب"),
    Fault("CLIP's end token: words", "a<|endoftext|>dog", "accepted", becomes="aend of textdog"),
    Fault("200 words: kept", "man " * 199 + "a", "accepted", becomes="man " * 199 + "a"),
    Fault("100,000 letters: kept", "x" * 100_000, "accepted", becomes="x" * 100_000),
    Fault("a formula of a spreadsheet: kept", "=1+1", "accepted", becomes="=1+1"),
    Fault("quotes and commas: kept", 'a "b", c', "accepted", becomes='a "b", c'),
]  # fmt: skip

NAMES = [
    ("image", [
        Fault("empty", "", says="image|file_name"),
        Fault("white space", "  ", says="a text as"),
        Fault("null", None, says="image|file_name"),
        Fault("a number", 7, says="a text as", forms=(*RECORDS, "pth")),
        Fault("leads up", "../x.jpg", says="inside the image folder"),
        Fault("leads up and back", "a/../../x.jpg", says="inside the image folder"),
        Fault("absolute", "/etc/passwd", says="inside the image folder"),
        Fault("a drive", "C:/x.jpg", says="inside the image folder"),
        Fault("back slashes", "..\\x.jpg", says="inside the image folder"),
        Fault("a NUL", "a\0.jpg", says="inside the image folder|line contains NUL"),
    ]),
    ("split", [
        Fault("white space", "  ", says="a text as split", forms=(*TABLES, "refer")),
        Fault("null", None, says="a text as split", forms=("refer",)),
        Fault("a number", 3, says="a text as split", forms=("JSON lines", "JSON", "refer")),
        Fault("none: the file's name", None, "accepted", forms=(*TABLES, "jxu124")),
    ]),
]  # fmt: skip

TWICE_NAMED = "expected every|earlier|once"
IDS = [
    ("sentence_id", [
        Fault("twice", 31, says=TWICE_NAMED, forms=(*TABLES, "refer", "jxu124")),
        Fault("a word", "abc", says="a whole number", forms=("refer",)),
        Fault("a word: numbered", "abc", "accepted", forms=FLEXIBLE),
        Fault("a fraction", 3.5, says="a whole number", forms=("JSON lines", "JSON", "refer")),
        Fault("a truth value", True, says="a whole number", forms=("JSON lines", "JSON", "refer")),
        Fault("a list", [1], says="a whole number", forms=("JSON lines", "JSON", "refer")),
        Fault("over 64 bits", 2**63, says="64 bits", forms=("JSON lines", "JSON", "refer")),
        Fault("NaN", NAN, says="a whole number", forms=("refer",)),
        Fault("missing", MISSING, says="a field sent_id", forms=("refer",)),
        Fault("null", None, says="a whole number", forms=("refer", "jxu124")),
        Fault("a word of digits", "32", says="a whole number", forms=("refer",)),
        Fault("a word of digits: a number", "32", "accepted", forms=FLEXIBLE),
        Fault("32.0: a number", 32.0, "accepted", forms=FLEXIBLE),
        Fault("over 2^53: exact", 2**53 + 1, "accepted", forms=(*TABLES, "refer", "jxu124")),
        Fault("negative: kept", -5, "accepted", forms=(*TABLES, "refer", "jxu124")),
        Fault("missing: numbered", None, "accepted", forms=TABLES),
    ]),
    ("ref_id", [
        Fault("of another record", 50, says=TWICE_NAMED, forms=("refer",)),
        Fault("a word", "abc", says="a whole number", forms=("refer",)),
        Fault("a word: numbered", "abc", "accepted", forms=FLEXIBLE),
        Fault("missing", MISSING, says="a field ref_id", forms=("refer",)),
        Fault("over 64 bits", 2**64, says="64 bits", forms=("JSON", "refer")),
        Fault("missing: numbered", None, "accepted", forms=TABLES),
    ]),
    ("image_id", [
        Fault("unknown", 777, says="777", forms=("refer",)),
        Fault("of another photo", 9, says="as before|in image 9|expected", forms=(
            *TABLES, "refer", "jxu124")),
        Fault("a word", "abc", says="a whole number", forms=("refer",)),
        Fault("a word: numbered", "abc", "accepted", forms=FLEXIBLE),
        Fault("negative, unknown", -1, says="-1", forms=("refer",)),
        Fault("missing", MISSING, says="a field image_id", forms=("refer",)),
        Fault("a fraction", 25.5, says="a whole number", forms=("JSON lines", "JSON", "refer")),
    ]),
    ("annotation_id", [
        Fault("unknown", 777, says="777", forms=("refer",)),
        Fault("in another photo", 90, says="in image|as before|expected", forms=("refer",)),
        Fault("a word", "abc", says="a whole number", forms=("refer",)),
        Fault("a word: numbered", "abc", "accepted", forms=FLEXIBLE),
        Fault("missing", MISSING, says="a whole number|a field", forms=("refer",)),
        Fault("null", None, says="a whole number", forms=("refer", "jxu124")),
    ]),
    ("category_id", [
        Fault("unknown", 99, says="a category of the file", forms=("COCO", "refer")),
        Fault("a word", "thing", says="a category of the file", forms=("COCO", "refer")),
        Fault("null: none", None, "accepted", forms=("COCO", "refer")),
        Fault("missing: none", MISSING, "accepted", forms=("COCO", "refer")),
    ]),
]  # fmt: skip


def cases() -> Iterator[Case]:
    """Yield every fault in every format that can express it."""
    groups = [("boxes", "box", BOXES), ("text", "text", TEXTS)]
    groups += [("ids and names", field, faults) for field, faults in NAMES + IDS]
    for family, field, faults in groups:
        for fault in faults:
            for name, form in FORMS.items():
                if name in fault.forms and field in form.fields:
                    title = fault.fault if family != "ids and names" else f"{field}: {fault.fault}"
                    yield Case(
                        family, name, title, fault.promise, partial(_spoilt, form, field, fault),
                        fault.says, fault.becomes,
                    )  # fmt: skip


def _spoilt(form: Form, field: str, fault: Fault, folder: Path) -> Reading:
    rows = good_rows()
    rows[SPOILT][field] = fault.value
    return reading(form, folder, rows)
