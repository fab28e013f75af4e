"""Ctrl-C in a download, a writer and the menu, and the same command again."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hexoframe.simulator.export import write_export
from hexoframe.simulator.server import ServerFault
from hexoframe.simulator.shirt import Shirt

pytestmark = pytest.mark.filterwarnings("ignore::hexoframe.errors.HexoframeWarning")

ROOT = Path(__file__).parents[3]
LONG = Shirt(seed=7, duration_s=900, record_id=51)
HOUR = Shirt(seed=7, duration_s=3600, record_id=51)
_PATIENCE_S = 60


@pytest.fixture
def slow(serving, own_config, monkeypatch):
    """A maker of slow services; the environment has the credentials of the last."""
    del own_config
    opened = []

    def make(**switches):
        context = serving(LONG, **switches)
        server = context.__enter__()
        opened.append(context)
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        return server

    yield make
    for context in opened:
        context.__exit__(None, None, None)


def wait_for(found):
    """Wait until something is found, and return it."""
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        there = found()
        if there:
            return there
        time.sleep(0.002)
    pytest.fail("it never came")


def large_part(cache):
    """Return the part of an export that is being downloaded, once it is large."""

    def found():
        # A folder of the download may go away while it is looked into.
        with contextlib.suppress(FileNotFoundError):
            for path in cache.rglob("*.part"):
                if path.stat().st_size > 60_000:
                    return path
        return None

    return wait_for(found)


def samples_of(server):
    return [r for r in server.log if r.path == f"/api/data/?record={LONG.record_id}"]


def scratch(folder):
    """What a writer has begun and not finished."""
    return [path for path in folder.rglob(".*") if path.is_dir()]


# -- downloads -------------------------------------------------------------------------


def test_an_interrupted_download_goes_on_and_fetches_what_is_missing(
    terminal, slow, tmp_path, same, new_client
):
    server = slow(bandwidth=120_000)
    cache = tmp_path / "cache"
    known = {"HEXOFRAME_CACHE_DIR": str(cache)}
    child = terminal("download", "51", "--to", "out", **known)
    part = large_part(cache)
    child.sendintr()
    told = child.read()
    child.close()
    assert child.exitstatus == 130
    assert "Traceback" not in told
    *_, last = told.splitlines()
    assert last == (
        "hexoframe: interrupted: what came is kept, and the same command goes on there"
    )
    # No file is there that says less than it seems to.
    assert not (tmp_path / "out").exists()
    kept = part.stat().st_size
    (first,) = samples_of(server)

    server.clear_log()
    child = terminal("download", "51", "--to", "out", **known)
    child.read()
    child.close()
    assert child.exitstatus == 0
    (second,) = samples_of(server)
    assert second.range == f"bytes={kept}-"
    assert second.status == 206
    # Of the export no byte was sent for nothing.
    quick = slow()
    with new_client(quick) as client:
        client.load_record(51).to_txt(tmp_path / "python")
    (whole,) = samples_of(quick)
    assert kept + second.bytes == whole.bytes
    assert first.bytes >= kept
    same(tmp_path / "out", tmp_path / "python")


@pytest.mark.slow
def test_an_interrupted_plot_of_an_id_goes_on_where_it_was(terminal, slow, tmp_path):
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    server = slow(bandwidth=120_000)
    cache = tmp_path / "cache"
    known = {"HEXOFRAME_CACHE_DIR": str(cache)}
    child = terminal("plot", "51", **known)
    part = large_part(cache)
    child.sendintr()
    *_, last = child.read().splitlines()
    child.close()
    assert child.exitstatus == 130
    assert last.startswith("hexoframe: interrupted: what came is kept")
    assert list(tmp_path.glob("*.png")) == scratch(tmp_path) == []
    kept = part.stat().st_size

    server.clear_log()
    child = terminal("plot", "51", **known)
    assert child.read().splitlines()[-1] == "record_51.png"
    child.close()
    assert child.exitstatus == 0
    (second,) = samples_of(server)
    assert second.range == f"bytes={kept}-"
    assert (tmp_path / "record_51.png").read_bytes().startswith(b"\x89PNG")


def test_an_interruption_does_not_wait_for_an_answer(terminal, slow):
    server = slow()
    server.faults.add(ServerFault(kind="drip", path="/api/data/", bytes_per_s=0.001))
    child = terminal("download", "51")
    wait_for(lambda: not server.faults.pending)
    child.sendintr()
    told = child.read()
    child.close()
    assert child.exitstatus == 130
    assert "hexoframe: interrupted" in told


# -- files -----------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["txt", "csv"])
def test_an_interrupted_writer_leaves_nothing(tmp_path, worn, form):
    export = write_export(worn(HOUR), tmp_path / "51.zip")
    out = tmp_path / "out"
    command = [sys.executable, "-m", "hexoframe", "convert", export, "--to", out]
    process = subprocess.Popen(
        [*map(str, command), "--format", form],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: scratch(out) or process.poll() is not None)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=_PATIENCE_S)
    assert process.returncode == 130
    assert told.splitlines()[-1] == "hexoframe: interrupted"
    assert not out.exists()


# -- the menu --------------------------------------------------------------------------


def answers(server, point):
    """What the user types until the menu asks for what `point` says."""
    steps = [
        ("q to quit: ", server.username),
        (r"\(not shown\): ", server.password),
        ("\nNumber: ", "3"),
        ("between: ", "51"),
    ]
    if point == "cost":
        return [*steps, (None, None)]
    steps.append((r"\(y/n\): ", "y"))
    return [*steps, (None, None)][: POINTS.index(point) + 1]


POINTS = ["name", "password", "number", "ids", "start", "download", "cost"]


@pytest.mark.parametrize("point", POINTS)
def test_ctrl_c_ends_the_menu_at_any_point(terminal, slow, tmp_path, point):
    server = slow()
    child = terminal("menu", "--to", "out")
    *before, (question, _) = answers(server, point)
    for expected, answer in before:
        child.expect(expected)
        if question is None and (expected, answer) == before[-1]:
            server.faults.add(
                ServerFault(kind="drip", path="/api/data/", bytes_per_s=0.001)
            )
        child.sendline(answer)
    if question is None:
        wait_for(lambda: not server.faults.pending)
    else:
        child.expect(question)
    child.sendintr()
    told = child.read()
    child.close()
    assert child.exitstatus == 130
    lines = [line for line in told.splitlines() if "%|" not in line]
    told_lines = [line for line in lines if line.strip(" ^C")]
    (line,) = [each for each in told_lines if each not in {"51", "y"}]
    assert line.removeprefix("^C").startswith(
        "hexoframe: interrupted: what came is kept"
    )
    assert not (tmp_path / "out").exists()


def test_the_terminal_shows_what_is_typed_again_after_ctrl_c_at_the_password(
    terminal, slow
):
    server = slow()
    child = terminal(line=f"trap : INT; {sys.executable} -m hexoframe menu; stty -a")
    child.expect("q to quit: ")
    child.sendline(server.username)
    child.expect("not shown")
    child.sendintr()
    told = child.read()
    assert "hexoframe: interrupted" in told
    assert " echo " in told
