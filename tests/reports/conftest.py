"""Pictures for reports, a reader of pages, and a browser."""

import io
import shutil
import subprocess
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from vg_mc.reports.pages.page import templates

VOID = {"img", "input", "meta"}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


class Page(HTMLParser):
    """Keeps tags and text without blanks, and notices a tag that is closed by another one."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if text := data.strip(" \n"):
            self.words.append(text)

    def every(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def read_page() -> type[Page]:
    return Page


@pytest.fixture
def read_part():
    """Render a macro of a template with values, and read it."""

    def render(template: str, macro: str, *values: object) -> Page:
        return Page(getattr(templates().get_template(template).module, macro)(*values))

    return render


@pytest.fixture
def browse(tmp_path):
    """Open an address in a headless browser without a network; return what it prints."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip(f"no chromium found: install one of {', '.join(BROWSERS)} to open the pages")

    def run(address: str, *flags: str) -> str:
        alone = ("--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={tmp_path / 'user'}")
        plain = ("--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr")
        done = subprocess.run(
            [browser, *plain, *alone, *flags, address],
            capture_output=True, text=True, timeout=120, check=True,
        )  # fmt: skip
        complaints = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
        assert not complaints
        return done.stdout

    return run


@pytest.fixture
def pictures_of():
    def read(candidate_ids: np.ndarray) -> list[bytes]:
        return [jpeg(int(candidate)) for candidate in candidate_ids]

    return read


def jpeg(seed: int) -> bytes:
    """Return a plain grey picture whose brightness tells which one it is."""
    file = io.BytesIO()
    Image.new("RGB", (32, 32), (seed * 5 % 256,) * 3).save(file, format="JPEG")
    return file.getvalue()
