"""What was there stays until the new one is complete; only one writes at a time."""

import ast
import os
import platform
import subprocess
import sys

import pytest

from tests.refusals import refused
from vg_mc.prepared.build import publication as publishing
from vg_mc.prepared.build.publication import building
from vg_mc.system.atomic import put_in_place

SETTINGS = {"image_size": 24}


def build(output, content: str, *, overwrite: bool = False, settings=None) -> None:
    with building(output, settings or SETTINGS, overwrite=overwrite) as folder:
        (folder / "table.arrow").write_text(content)
        (folder / "manifest.json").write_text("{}")


def fail_half_way(output, *, overwrite: bool = False, settings=None) -> None:
    def body():
        with building(output, settings or SETTINGS, overwrite=overwrite) as folder:
            (folder / "candidates").mkdir(exist_ok=True)
            (folder / "candidates" / "half.arrow").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        body()


def content(folder) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_the_output_appears_when_the_block_ends(tmp_path):
    output = tmp_path / "new" / "prepared"

    with building(output, SETTINGS, overwrite=False) as folder:
        (folder / "table.arrow").write_text("new")
        (folder / "manifest.json").write_text("{}")
        assert not output.exists()

    assert content(output) == {"table.arrow": "new", "manifest.json": "{}"}
    assert {path.name for path in output.parent.iterdir()} == {"prepared", ".prepared.lock"}


def test_a_failure_leaves_the_older_output_untouched(tmp_path):
    output = tmp_path / "prepared"
    build(output, "old")

    fail_half_way(output, overwrite=True)

    assert content(output) == {"table.arrow": "old", "manifest.json": "{}"}


def test_an_existing_output_is_replaced_only_on_request(tmp_path):
    output = tmp_path / "prepared"
    build(output, "old")

    with refused("--overwrite"):
        build(output, "new")
    assert content(output)["table.arrow"] == "old"

    build(output, "new", overwrite=True)
    assert content(output)["table.arrow"] == "new"
    assert {path.name for path in tmp_path.iterdir()} == {"prepared", ".prepared.lock"}


@pytest.mark.parametrize("overwrite", [False, True])
def test_nothing_but_a_prepared_dataset_is_ever_replaced(tmp_path, overwrite):
    home = tmp_path / "home"
    home.mkdir()
    (home / "thesis.tex").write_text("years of work")

    with refused("prepared"):
        build(home, "new", overwrite=overwrite)

    assert content(home) == {"thesis.tex": "years of work"}


def test_the_folder_one_stands_in_is_not_overwritten_either(tmp_path, monkeypatch):
    (tmp_path / "thesis.tex").write_text("years of work")
    monkeypatch.chdir(tmp_path)

    with refused("prepared"):
        build(tmp_path.relative_to(tmp_path), "new", overwrite=True)


def test_work_of_the_same_settings_is_continued(tmp_path):
    output = tmp_path / "prepared"
    fail_half_way(output)

    build(output, "new")

    assert content(output)["half.arrow"] == "half"


def test_work_of_other_settings_is_thrown_away(tmp_path):
    output = tmp_path / "prepared"
    fail_half_way(output, settings={"image_size": 32})

    build(output, "new")

    assert "half.arrow" not in content(output)


def test_a_file_that_was_being_written_is_thrown_away(tmp_path):
    output = tmp_path / "prepared"
    fail_half_way(output)
    half = tmp_path / ".prepared.partial" / "candidates" / ".data-00001.partial-4711.arrow"
    half.write_text("half")

    build(output, "new")

    assert [path.name for path in (output / "candidates").iterdir()] == ["half.arrow"]


def test_a_second_writer_is_told_who_is_first(tmp_path):
    output = tmp_path / "prepared"
    me = f"process {os.getpid()} on {platform.node()}"

    with building(output, SETTINGS, overwrite=False) as folder:
        (folder / "manifest.json").write_text("{}")
        with refused(me):
            build(output, "second")

    assert content(output) == {"manifest.json": "{}"}
    assert not folder.exists()


def test_after_a_failure_the_next_one_may_write(tmp_path):
    output = tmp_path / "prepared"
    fail_half_way(output)

    assert not (tmp_path / ".prepared.holder").exists()
    build(output, "new")


def test_the_name_of_a_writer_that_was_killed_is_not_told(tmp_path, monkeypatch):
    monkeypatch.setattr(publishing, "SECONDS_BETWEEN", 0)
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    output = tmp_path / "prepared"
    here = f"process {gone.pid} on {platform.node()}"

    with building(output, SETTINGS, overwrite=False) as folder:
        (folder / "manifest.json").write_text("{}")
        (tmp_path / ".prepared.holder").write_text(here)
        with refused("prepared"):
            build(output, "second")
        (tmp_path / ".prepared.holder").write_text(f"process {gone.pid} on another machine")
        with refused(gone.pid):
            build(output, "second")


def test_the_lock_of_a_writer_that_was_killed_is_open(tmp_path):
    output = tmp_path / "prepared"
    program = f"""
import os, pathlib, signal
from vg_mc.prepared.build.publication import building
with building(pathlib.Path({str(output)!r}), {SETTINGS}, overwrite=False) as folder:
    (folder / "candidates").mkdir()
    (folder / "candidates" / "half.arrow").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -9
    assert (tmp_path / ".prepared.holder").exists()

    build(output, "new")

    assert content(output)["half.arrow"] == "half"
    assert {path.name for path in tmp_path.iterdir()} == {"prepared", ".prepared.lock"}


def test_what_stepped_aside_comes_back_even_to_one_who_may_not_replace_it(tmp_path):
    output = tmp_path / "prepared"
    build(output, "old")
    output.rename(tmp_path / ".prepared.replaced")  # as far as a run came that was killed

    with refused("--overwrite"):
        build(output, "new")

    assert content(output)["table.arrow"] == "old"


def test_what_was_replaced_is_not_taken_for_work_of_the_run_that_replaced_it(tmp_path):
    output = tmp_path / "prepared"
    fail_half_way(output)
    build(output, "old")
    (output / "manifest.json").write_text('{"older": true}')
    steps = []

    def exchange_and_die(new, folder):
        put_in_place(new, folder)
        steps.append(new)
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(publishing, "put_in_place", exchange_and_die)
        with pytest.raises(KeyboardInterrupt):
            build(output, "new", overwrite=True)
    older = steps[0] / "candidates"
    older.mkdir(parents=True)
    (older / "half.arrow").write_text("older")
    (steps[0] / "manifest.json").write_text('{"older": true}')

    build(output, "newer", overwrite=True)

    assert content(output) == {"table.arrow": "newer", "manifest.json": "{}"}


# Forks two processes that write to one place at the same time, twenty times.
TWO_WRITERS = """
import os, pathlib, sys, time
from vg_mc.errors import BadInputError
from vg_mc.prepared.build.publication import building

folder = pathlib.Path(sys.argv[1])


def write(output, told):
    try:
        with building(output, {}, overwrite=False) as partial:
            while not told.exists():  # the winner is not done before the other has come
                time.sleep(0.001)
            (partial / "manifest.json").write_text(str(os.getpid()))
    except BadInputError as error:
        told.with_suffix(".begun").write_text(str(error))
        told.with_suffix(".begun").rename(told)


for number in range(20):
    output, told = folder / f"out-{number}", folder / f"told-{number}"
    other = os.fork()
    if not other:
        write(output, told)
        os._exit(0)
    write(output, told)
    os.waitpid(other, 0)
    winner = (output / "manifest.json").read_text()
    assert int(winner) in {os.getpid(), other}
    assert f"out-{number}: process {winner} on {os.uname().nodename} is writing" in told.read_text()
"""


def test_of_two_writers_one_wins_and_the_other_names_it(tmp_path):
    command = [sys.executable, "-c", TWO_WRITERS, str(tmp_path)]

    done = subprocess.run(command, capture_output=True, check=False, timeout=60)

    assert done.returncode == 0, done.stderr.decode()


# Forks a process that replaces a dataset for every step on the file system, and kills it there.
KILL_AT_EVERY_STEP = """
import contextlib, os, pathlib, shutil, signal, sys
from vg_mc.system import atomic
from vg_mc.prepared.build.publication import building
from vg_mc.prepared.manifest import read_manifest, write_manifest, describe_files

CAN_EXCHANGE, folder = sys.argv[1] == "True", pathlib.Path(sys.argv[2])
output = folder / "prepared"
os.fsync = lambda _: None  # it takes most of the time, and a kill does not undo it
if not CAN_EXCHANGE:
    atomic._exchange = lambda one, other: False


def build(content, die_at=None):
    step = 0

    def count(event, arguments):
        nonlocal step
        if event in {"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "shutil.rmtree"}:
            step += 1
            if step == die_at:
                os.kill(os.getpid(), signal.SIGKILL)

    if die_at is not None:
        sys.addaudithook(count)
    with building(output, {"content": content}, overwrite=True) as partial:
        table = partial / "tables" / f"{content}.txt"
        if not table.exists():
            table.parent.mkdir(exist_ok=True)
            table.write_text(content)
        files = describe_files(partial)
        write_manifest(partial, {"schema": 1, "files": files, "content": content})


def found():
    manifest = read_manifest(output)
    present = {path.relative_to(output).as_posix() for path in output.rglob("*.*")}
    assert present == {"manifest.json", f"tables/{manifest['content']}.txt"}, present
    assert (output / "tables" / f"{manifest['content']}.txt").read_text() == manifest["content"]
    return manifest["content"]


steps = {"old": 0, "missing": 0, "new": 0}
for die_at in range(1, 1000):
    shutil.rmtree(folder, ignore_errors=True)
    build("old")
    child = os.fork()
    if not child:
        build("new", die_at)
        os._exit(0)
    if not os.waitpid(child, 0)[1]:
        break
    if CAN_EXCHANGE or output.exists():
        steps[found()] += 1
    else:
        steps["missing"] += 1
        with contextlib.suppress(ValueError), building(output, {}, overwrite=False):
            pass
        assert found() == "old"
    build("new")
    assert found() == "new"
    assert {path.name for path in folder.iterdir()} == {"prepared", ".prepared.lock"}
print(steps)
"""


@pytest.mark.parametrize("can_exchange", [sys.platform == "linux", False])
def test_a_kill_at_any_step_leaves_the_older_dataset_or_the_newer(tmp_path, can_exchange):
    arguments = [str(can_exchange), str(tmp_path / "place")]

    done = subprocess.run(
        [sys.executable, "-c", KILL_AT_EVERY_STEP, *arguments], capture_output=True, check=False
    )

    assert done.returncode == 0, done.stderr.decode()
    steps = ast.literal_eval(done.stdout.decode())
    assert steps["old"] > 20
    assert steps["new"] > 5
    assert steps["missing"] == (0 if can_exchange else 1)
