"""The recipes of README run as they stand, against the local server."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import pytest

from hexoframe.errors import HexoframeWarning
from hexoframe.service import logout
from hexoframe.simulator.server import serve

ROOT = Path(__file__).parents[1]
# Blocks of Python, but for the scripts, which have tests of their own.
BLOCK = re.compile(r"(?<!-->\n)```python\n(.*?)```", re.DOTALL)


def recipes():
    blocks = BLOCK.findall((ROOT / "README.md").read_text("utf-8"))
    return [block for block in blocks if "hxapi" not in block]


def run(names):
    for block in recipes():
        exec(compile(block, "README.md", "exec"), names)  # noqa: S102


def times_below(folder):
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path: path.stat().st_mtime_ns for path in files}


def test_every_recipe_runs_as_it_stands_and_once_more(tmp_path, monkeypatch, capsys):
    plt = pytest.importorskip("matplotlib.pyplot", reason="needs hexoframe[plot]")
    (tmp_path / "data").symlink_to(ROOT / "data")
    monkeypatch.chdir(tmp_path)
    names = {}
    with serve() as server, warnings.catch_warnings():
        warnings.simplefilter("ignore", HexoframeWarning)
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        try:
            run(names)
            written = times_below(Path("out"))
            # Whoever pastes them again loses nothing and repeats nothing.
            run({})
            assert times_below(Path("out")) == written
        finally:
            logout()
            plt.close("all")
    assert len(recipes()) >= 6
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {
        "parquet", "csv", "txt", "1s.csv", "record.mat", "many",
    }  # fmt: skip
    # What the text says of them.
    printed = capsys.readouterr().out.splitlines()
    told = "".join(recipes()).splitlines()
    # Twice eight lines.
    assert len(printed) == 16
    comments = [line.partition("# ")[2] for line in told]
    # Either a line of its own, or behind the call.
    assert [
        line
        for line in printed
        if not any(comment.endswith(line) for comment in comments if comment)
    ] == []
    assert names["night"].left_out >= {"ecg", "respiration", "acceleration"}
    assert len(names["rate"]) == 600


@pytest.mark.parametrize("what", ["demo", "test"])
def test_each_command_stands_in_readme_once(what):
    text = (ROOT / "README.md").read_text("utf-8")
    assert text.count(f"<!-- command: {what} -->\n```sh\n") == 1
