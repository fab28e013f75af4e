"""The benchmarks run; how fast anything is, no test says."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import hexoframe
from hexoframe.simulator.export import write_export
from hexoframe.simulator.server import serve
from hexoframe.simulator.shirt import Shirt, wear
from hexoframe.timestamps import index_to_ticks

ROOT = Path(__file__).parents[2]


def run(*arguments):
    command = [sys.executable, "-m", "tests.benchmarks.run", *arguments]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.fixture
def harness(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    return importlib.import_module("tests.benchmarks.harness")


@pytest.fixture
def classic(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    return importlib.import_module("tests.benchmarks.classic")


def test_a_cost_is_new_over_old_and_a_speed_up_old_over_new(harness):
    cost = harness.Row(what="", against="", new=3, old=2, target=1.5, at_most=True)
    assert (cost.ratio, cost.verdict) == (1.5, "at most 1.5: met")
    gain = harness.Row(what="", against="", new=0.5, old=2, target=5)
    assert (gain.ratio, gain.verdict) == (4, "at least 5: MISSED")


def test_both_ways_run_in_turn_and_their_medians_are_compared(harness):
    calls = []

    def way(name, figures):
        taken = iter(figures)
        return lambda: (calls.append(name), next(taken))[1]

    new, old = way("new", [9, 1, 2, 6]), way("old", [9, 4, 4, 3])
    row = harness.race(new, old, rounds=3, what="", against="")
    assert calls == ["new", "old"] * 4
    assert (row.new, row.old, row.ratio, row.spread) == (2, 4, 2, (0.5, 4))


def test_a_slice_is_scaled_by_the_rows_of_its_channel(harness, monkeypatch):
    monkeypatch.setattr(harness, "seconds", lambda work: work())
    parts = [(10, 100, lambda: 0.5), (0, 0, lambda: 9), (4, 4, lambda: 1)]
    assert harness.scaled(iter(parts)) == 6


@pytest.mark.slow
def test_the_classic_way_brings_every_sample_of_its_groups(classic, tmp_path):
    pytest.importorskip("flask", reason="the simulated service needs Flask")
    shirt = Shirt(seed=3, duration_s=600, record_id=41, activity="walk")
    with serve(recordings=[shirt]) as server:
        pair = (server.username, server.password)
        rows = classic.load(server.base_url, pair, 41)
    assert all(rows.values())
    record = hexoframe.open_record(write_export(wear(shirt), tmp_path / "41.zip"))
    names = {"vt": "tidal_volume", "step": "step", "rrinterval": "rr_interval"}
    for name in ("ecg", "acceleration", "respiration", "heart_rate", *names):
        frame = record[names.get(name, name)]
        ticks, *columns = zip(*rows[name], strict=True)
        # Windows meet in a sample that both bring.
        assert sorted(set(ticks)) == index_to_ticks(frame.index, clock=256).tolist()
        assert len(columns) == len(frame.columns)
    raw = hexoframe.open_record(tmp_path / "41.zip", units="raw")
    assert list(dict(rows["ecg"]).values()) == raw["ecg"]["ecg_i"].tolist()


@pytest.mark.benchmark
def test_every_benchmark_runs_on_a_minute():
    done = run("--seconds", "60", "--rounds", "1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("ratio") == 34
    assert not done.stderr


@pytest.mark.benchmark
def test_an_unknown_name_is_refused():
    done = run("speed")
    assert done.returncode == 2
    assert "archive" in done.stderr
