"""Bad input ends a command with one line and exit code 3."""

import signal

import pytest

from vg_mc.commands.failing import plain_errors
from vg_mc.faults import BadInputError
from vg_mc.interruption import StoppedError


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


def test_success_passes(capsys):
    with plain_errors():
        print("done")

    assert capsys.readouterr() == ("done\n", "")


def test_work_that_was_stopped_ends_with_the_code_of_its_signal(capsys):
    with pytest.raises(SystemExit) as caught, plain_errors():
        raise StoppedError(signal.SIGTERM, "saved")

    assert caught.value.code == 143
    assert capsys.readouterr().err == "saved (SIGTERM)\n"
