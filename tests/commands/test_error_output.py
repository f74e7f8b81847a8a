"""Bad input ends a command with one line and exit code 3."""

import os
import signal
import sys
import warnings

import pytest

from vg_mc.commands.error_output import PACKAGE, plain_errors
from vg_mc.errors import BadInputError
from vg_mc.system.signals import StoppedError


def test_bad_input_is_one_line_and_exit_code_3(capsys):
    with pytest.raises(SystemExit) as ended, plain_errors():
        raise BadInputError("expected a box,\nfound 3 numbers", file="refs.p", record="ref 7")

    assert ended.value.code == 3
    written = capsys.readouterr()
    assert written.err == "error: refs.p, ref 7: expected a box, found 3 numbers\n"
    assert written.out == ""


def test_other_faults_keep_their_traceback():
    with pytest.raises(ZeroDivisionError), plain_errors():
        _ = 1 / 0


def test_a_place_that_cannot_be_written_is_named_without_a_traceback(tmp_path, capsys):
    (tmp_path / "file").touch()
    for place in (tmp_path / "file" / "below", tmp_path):
        with pytest.raises(SystemExit) as ended, plain_errors():
            place.write_text("")

        assert ended.value.code == 3
        assert capsys.readouterr().err.startswith(f"error: {place}: ")


def test_a_name_that_is_to_be_replaced_is_the_one_that_is_told(tmp_path, capsys):
    for name in ("new", "folder/file"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    with pytest.raises(SystemExit), plain_errors():
        (tmp_path / "new").replace(tmp_path / "folder")

    assert capsys.readouterr().err.startswith(f"error: {tmp_path / 'folder'}: ")


def test_other_answers_of_the_system_keep_their_traceback(tmp_path):
    with pytest.raises(FileNotFoundError), plain_errors():
        (tmp_path / "missing").read_text()


def test_success_passes(capsys):
    with plain_errors():
        print("done")

    assert capsys.readouterr() == ("done\n", "")


def test_work_that_was_stopped_ends_with_the_code_of_its_signal(capsys):
    with pytest.raises(SystemExit) as caught, plain_errors():
        raise StoppedError(signal.SIGTERM, "saved")

    assert caught.value.code == 143
    assert capsys.readouterr().err == "saved (SIGTERM)\n"


@pytest.mark.parametrize("words", ["few", "many " * 99_999])
def test_who_has_read_enough_sees_no_traceback(words, monkeypatch, capsys):
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as nobody:
        monkeypatch.setattr(sys, "stdout", nobody)

        with pytest.raises(SystemExit) as caught, plain_errors():
            print(words)

        assert caught.value.code == 128 + signal.SIGPIPE
    assert capsys.readouterr().err == ""


def test_another_broken_pipe_keeps_its_traceback(monkeypatch):
    reader, writer = os.pipe()
    with os.fdopen(reader), os.fdopen(writer, "w") as somebody:
        monkeypatch.setattr(sys, "stdout", somebody)

        with pytest.raises(BrokenPipeError), plain_errors():
            raise BrokenPipeError


@pytest.mark.filterwarnings("default")
def test_a_warning_of_the_package_is_a_note_in_one_line(capsys):
    with plain_errors():
        warnings.warn_explicit("boxes are odd", UserWarning, str(PACKAGE / "here.py"), 3)

    assert capsys.readouterr().err == "note: boxes are odd\n"
