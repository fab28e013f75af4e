"""The classic .txt, both forms of time stamps, there and back.

What a Python loop takes is measured on the first rows of each channel and scaled by the
number of rows.
"""

from __future__ import annotations

import datetime as dt
import functools
import shutil

import numpy as np
import pandas as pd

import hexoframe
from hexoframe.timestamps import CLASSIC_FORMAT
from tests.benchmarks.harness import race, scaled, timed

MOST = {"loop": 100_000, "to_csv": 400_000, "strftime": 30_000}


def rows_of(world, name, most):
    """Return the first rows of a channel as the old script holds them."""
    ticks, columns = world.answers[name]
    values = [column[:most].tolist() for column in columns.values()]
    return list(zip(ticks[:most].tolist(), *values, strict=True))


def stamp_of(tick):
    return dt.datetime.fromtimestamp(tick / 256, tz=dt.UTC).strftime(CLASSIC_FORMAT)


def write_by_loop(path, rows, stamp):
    """Put each line together from pieces of text, and write it."""
    with path.open("w") as file:
        for tick, *values in rows:
            line = stamp(tick)
            for value in values:
                line = line + "\t" + str(value)
            line = line + "\n"
            file.write(line)


def write_by_pandas(path, frame):
    frame.to_csv(path, sep="\t", header=False)


def read_by_loop(path, most, fields):
    """Split each line and convert field by field."""
    stamps, values = [], []
    with path.open() as file:
        for number, line in enumerate(file):
            if number == most:
                break
            parts = line.rstrip("\n").split("\t")
            if fields == 1:
                stamps.append(int(parts[0]))
            else:
                text = "\t".join(parts[:2])
                stamps.append(dt.datetime.strptime(text, CLASSIC_FORMAT))  # noqa: DTZ007
            values.append(
                [None if part == "None" else float(part) for part in parts[fields:]]
            )
    return np.array(stamps), np.array(values)


def loop_parts(world, most, stamp):
    path = world.folder / "slice.txt"
    for name, frame in world.frames.items():
        rows = rows_of(world, name, most)
        work = functools.partial(write_by_loop, path, rows, stamp)
        yield len(rows), len(frame), work


def pandas_parts(world, most):
    path = world.folder / "slice.csv"
    for name, frame in world.frames.items():
        ticks, columns = world.answers[name]
        slices = {key: values[:most] for key, values in columns.items()}
        part = pd.DataFrame(slices, index=ticks[:most])
        yield len(part), len(frame), functools.partial(write_by_pandas, path, part)


def read_parts(folder, most, fields):
    for path in sorted(folder.glob("*.txt")):
        if path.stem in {"info", "annotations", "track"}:
            continue
        with path.open("rb") as file:
            whole = sum(
                block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b"")
            )
        work = functools.partial(read_by_loop, path, most, fields)
        yield min(most, whole), whole, work


def read_new(folder):
    record = hexoframe.open_record(folder, tz="UTC", model="hexoskin")
    return [record[name] for name in record]


def bench(world):
    for form, fields in (("epoch", 1), ("string", 2)):
        root = world.folder / form
        write = functools.partial(
            world.record.to_txt, root, timestamps=form, overwrite=True
        )
        folder = write()
        yield from _writing(world, form, timed(write))
        most = MOST["loop"] if form == "epoch" else MOST["strftime"]
        yield race(
            timed(lambda folder=folder: read_new(folder)),
            lambda folder=folder, most=most, fields=fields: scaled(
                read_parts(folder, most, fields)
            ),
            rounds=world.rounds,
            what=f"classic .txt, {form}, read",
            against=f"a Python loop (first {most} rows of a channel, scaled)",
            target=8,
        )
        shutil.rmtree(root)


def _writing(world, form, write):
    if form == "string":
        most = MOST["strftime"]
        yield race(
            write,
            lambda: scaled(loop_parts(world, most, stamp_of)),
            rounds=world.rounds,
            what="classic .txt, string, written",
            against=f"strftime a sample (first {most} rows of a channel, scaled)",
            target=30,
        )
        return
    most = MOST["loop"]
    yield race(
        write,
        lambda: scaled(loop_parts(world, most, str)),
        rounds=world.rounds,
        what="classic .txt, epoch, written",
        against=f"text put together a sample (first {most} rows, scaled)",
        target=8,
    )
    most = MOST["to_csv"]
    yield race(
        write,
        lambda: scaled(pandas_parts(world, most)),
        rounds=world.rounds,
        what="classic .txt, epoch, written",
        against=f"DataFrame.to_csv (first {most} rows of a channel, scaled)",
        target=6,
    )
