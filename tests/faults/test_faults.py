"""The fault suite counts what it should, and a small part of it is run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from hexoframe import formats
from hexoframe.errors import FileFormatError, MissingSamplesWarning, warn
from tests.faults.damage import BYTES, KINDS, CannotHitError
from tests.faults.verdicts import HangError, Result, judged

pytest.importorskip("resource", reason="workers are held to limits that Windows lacks")
pytest.importorskip("flask", reason="the simulated service needs Flask")

from tests.faults import __main__ as suite
from tests.faults import doors
from tests.faults.pool import Case, Limits, resident_mb, try_all

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


def refuses():
    raise FileFormatError("no")


def escapes():
    raise RuntimeError("a bug")


def grumbles():
    warnings.warn("a library said so", RuntimeWarning, stacklevel=1)


def is_partial():
    warn("half of it", MissingSamplesWarning)


def dies():
    os.kill(os.getpid(), signal.SIGSEGV)


def grows():
    held = b"x" * (400 << 20)
    return held.count(b"y")


def would_wait():
    raise HangError("a wait of 1e308 s")


TOY = {
    "whole": ("whole", lambda: 0),
    "refuses": ("refused", refuses),
    "is partial": ("partial", is_partial),
    "differs": ("lost", lambda: 1),
    "escapes": ("escape", escapes),
    "grumbles": ("escape", grumbles),
    "dies": ("escape", dies),
    "would wait": ("hang", would_wait),
    "grows": ("memory", grows),
    "hangs": ("hang", lambda: time.sleep(600)),
}


@dataclass
class ToyDoor:
    name: str = "toy"
    every: int = 1
    kinds: tuple[str, ...] = tuple(TOY)

    def attempt(self, kind, rng, scratch):
        assert isinstance(rng, Random)
        assert list(scratch.iterdir()) == []
        return judged(TOY[kind][1], 0, blind=lambda _: False)


def test_a_door_that_escapes_hangs_or_loses_is_counted_and_the_rest_goes_on(tmp_path):
    work = suite.worker_of({"toy": ToyDoor()}, seed=1)
    cases = [Case("toy", number, kind) for number, kind in enumerate(TOY)]
    most = resident_mb(os.getpid()) + 100
    tried = []
    # However slow the machine is, only the one that never ends is too late.
    for seconds, some in ((300, cases[:-1]), (0.2, cases[-1:])):
        limits = Limits(seconds=seconds, megabytes=most)
        tried += try_all(some, work, tmp_path, workers=2, limits=limits)
    found = {each.case.kind: each.result.verdict for each in tried}
    assert found == {kind: verdict for kind, (verdict, _) in TOY.items()}
    figures = suite.Figures()
    for each in tried:
        figures.add(each)
    assert figures.bad == 7
    assert "RuntimeError in faults/test_faults.py:escapes" in figures.list(1)
    assert '--seed 1 --rerun "toy:4"' in figures.list(1)
    assert "all" in figures.table()
    assert list(tmp_path.iterdir()) == [], "workers clear up"


def test_a_difference_is_excused_only_where_nothing_could_tell(tmp_path):
    assert judged(lambda: 1, 0, blind=lambda _: True) == Result("unknowable", "'1'")
    flipped = "bits flipped"
    assert not doors.is_blind("parquet", flipped, tmp_path)
    assert not doors.is_blind("export ZIP", flipped, tmp_path)
    assert doors.is_blind("export ZIP", f"in a ZIP: {flipped}", tmp_path)
    assert doors.is_blind("dashboard CSV", flipped, tmp_path)
    assert doors.is_blind("txt classic", flipped, tmp_path)
    (tmp_path / "hexoframe.sha256").touch()
    assert not doors.is_blind("txt classic", flipped, tmp_path)


def test_every_format_that_is_read_has_an_original(monkeypatch):
    assert len(doors.makers()) >= len(list(formats.readers()))
    new = formats.Format(name="new", title="new file", reader=lambda: None)
    monkeypatch.setattr(formats, "FORMATS", (*formats.FORMATS, new))
    with pytest.raises(LookupError, match=r"new file: doors.MAKERS has no original"):
        doors.makers()


@pytest.mark.parametrize("kind", BYTES)
def test_the_same_seed_and_number_give_the_same_damage(tmp_path, kind):
    spoilt = []
    for name in ("one", "two"):
        place = tmp_path / name
        place.write_bytes(bytes(range(256)) * 9)
        KINDS[kind](Random("1 door 7"), place)
        spoilt.append(place.read_bytes())
    assert spoilt[0] == spoilt[1]
    assert spoilt[0] != bytes(range(256)) * 9


def test_a_kind_that_finds_nothing_says_so(tmp_path):
    (tmp_path / "a.csv").write_text("time,1")
    with pytest.raises(CannotHitError):
        KINDS["JSON value"](Random(1), tmp_path)


def run(*arguments):
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults", "--seed", "13", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


QUICK = ("dashboard", "converter", "tokens", "lists", "facts", "service: token")


def test_some_inputs_of_quick_doors_end_well():
    doors = [word for name in QUICK for word in ("--door", name)]
    assert "\n150 inputs in" in run("--inputs", "150", *doors)


@pytest.mark.slow
def test_inputs_of_every_door_end_well():
    assert "\n600 inputs in" in run("--inputs", "600")
