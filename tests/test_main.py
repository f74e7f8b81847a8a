import sys
from types import SimpleNamespace

import pytest

from vg_mc.__main__ import COMMANDS, main


@pytest.fixture
def heard(monkeypatch) -> list[list[str]]:
    """What a stand-in for the command `ensemble` was called with."""
    calls = []
    monkeypatch.setitem(sys.modules, "vg_mc.commands.ensemble", SimpleNamespace(main=calls.append))
    return calls


def test_a_command_gets_the_flags_behind_its_name(heard):
    main(["ensemble", "--weighting", "equal", "--help"])

    assert heard == [["--weighting", "equal", "--help"]]


def test_the_arguments_of_the_process_are_the_default(heard, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["vg_mc/__main__.py", "ensemble"])

    main()

    assert heard == [[]]


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_without_a_command_all_are_listed(capsys, arguments):
    main(arguments)

    page = capsys.readouterr().out
    assert all(f"  {name} " in page and summary in page for name, summary in COMMANDS.items())


def test_an_unknown_command_ends_the_program(heard):
    with pytest.raises(SystemExit, match="no command 'assemble'"):
        main(["assemble"])

    assert heard == []
