"""Parquet: size, reading, and memory while a record is converted."""

from __future__ import annotations

import pandas as pd

import hexoframe
from tests.benchmarks.harness import Row, child, race, timed


def write_default(world):
    folder = world.folder / "default"
    folder.mkdir(exist_ok=True)
    for name, frame in world.frames.items():
        frame.to_parquet(folder / f"{name}.parquet")
    return folder


def size_mb(folder):
    return sum(path.stat().st_size for path in folder.iterdir()) / 1e6


def read_whole(folder):
    record = hexoframe.open_record(folder)
    return [record[name] for name in record]


def read_default(folder):
    return [pd.read_parquet(path) for path in sorted(folder.iterdir())]


def bench(world):
    write = timed(lambda: world.record.to_parquet(world.folder, overwrite=True))
    yield race(
        write,
        timed(lambda: write_default(world)),
        rounds=world.rounds,
        what="Parquet, written",
        against="DataFrame.to_parquet of each frame",
    )
    ours = world.record.to_parquet(world.folder, overwrite=True)
    default = write_default(world)
    yield Row(
        what="Parquet, size of the record",
        against="DataFrame.to_parquet of each frame",
        new=size_mb(ours),
        old=size_mb(default),
        unit="MB",
        target=0.22,
        at_most=True,
    )
    yield race(
        timed(lambda: read_whole(ours)),
        timed(lambda: read_default(default)),
        rounds=world.rounds + 2,
        what="Parquet, read, every channel touched",
        against="pandas.read_parquet of each default file",
        target=2,
    )
    one = timed(lambda: hexoframe.open_record(ours)["heart_rate"])
    yield race(
        one,
        timed(lambda: read_default(default)),
        rounds=world.rounds,
        what="Parquet, one 1 Hz channel of the record",
        against="pandas.read_parquet of each default file",
        target=20,
    )
    yield race(
        one,
        timed(lambda: pd.read_parquet(default / "heart_rate.parquet")),
        rounds=world.rounds + 2,
        what="Parquet, one 1 Hz channel of the record",
        against="pandas.read_parquet of the one default file, unchecked",
    )
    figures = child("convert", str(ours), str(world.folder / "converted"))
    libraries = f"{figures['libraries']:.0f} MB of libraries"
    yield Row(
        what="Parquet -> Parquet, streamed, peak memory",
        against=f"the frames' own size (beside {libraries})",
        new=figures["peak"] - figures["libraries"],
        old=child("load", str(ours))["own"],
        unit="MB",
        at_most=True,
    )
