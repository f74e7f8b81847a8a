import sys
from importlib.abc import MetaPathFinder

import pytest

from vg_mc.system.opencv import require_opencv


class FailingFinder(MetaPathFinder):
    """Answers `import cv2` as a machine does on which it cannot be loaded."""

    def __init__(self, error: ImportError):
        self.error = error

    def find_spec(self, name, *_):
        if name == "cv2":
            raise self.error


@pytest.fixture
def failing_import(monkeypatch):
    def fail_with(message: str) -> None:
        monkeypatch.delitem(sys.modules, "cv2", raising=False)
        monkeypatch.setattr(sys, "meta_path", [FailingFinder(ImportError(message)), *sys.meta_path])

    return fail_with


@pytest.mark.parametrize("library", ["libGL.so.1", "libgthread-2.0.so.0"])
def test_a_missing_system_library_is_told_with_its_cure(failing_import, library):
    failing_import(f"{library}: cannot open shared object file: No such file or directory")

    with pytest.raises(ImportError) as raised:
        require_opencv()

    message = str(raised.value)
    assert library in message
    assert "apt-get install libgl1 libglib2.0-0" in message
    assert "pip install opencv-python-headless" in message


def test_another_failure_is_passed_on_as_it_is(failing_import):
    failing_import("numpy.core.multiarray failed to import")

    with pytest.raises(ImportError, match=r"^numpy\.core\.multiarray failed to import$"):
        require_opencv()


def test_a_machine_with_all_libraries_passes_in_silence(capsys):
    require_opencv()

    assert "cv2" in sys.modules
    assert capsys.readouterr() == ("", "")
