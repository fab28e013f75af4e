"""The vendor's ZIP as a Record, everything touched."""

from __future__ import annotations

import zipfile
from fractions import Fraction

import numpy as np
import pandas as pd

import hexoframe
from hexoframe.channels import datatypes_of
from tests.benchmarks.harness import Row, child, race, timed

_HEADER = 44
_NS = pd.DatetimeTZDtype("ns", "UTC")


def load_zip(world):
    record = hexoframe.open_record(world.archive)
    return [record[name] for name in record]


def bare_minimum(world):
    """Unpack every member, make float32 of the counts, and one index a rate."""
    ticks = {row.api_name: row.ticks for row in datatypes_of("hexoskin")}
    indexes, values = {}, []
    with zipfile.ZipFile(world.archive) as archive:
        for member in archive.namelist():
            data = archive.read(member)
            name, _, suffix = member.rpartition("/")[2].rpartition(".")
            if suffix != "wav":
                continue
            counts = np.frombuffer(data, "<i2", offset=_HEADER)
            values.append(counts.astype(np.float32))
            key = (ticks.get(name) or Fraction(256), len(counts))
            if key not in indexes:
                step = int(key[0] * 3_906_250)
                stamps = np.arange(0, step * key[1], step)
                indexes[key] = pd.DatetimeIndex(stamps, dtype=_NS, copy=False)
    return values, indexes


def bench(world):
    yield race(
        timed(lambda: load_zip(world)),
        timed(lambda: bare_minimum(world)),
        rounds=world.rounds,
        what="vendor ZIP -> Record, everything touched",
        against="zipfile, numpy.frombuffer, float32, one index a rate",
        target=1.5,
        at_most=True,
    )
    figures = child("load", str(world.archive))
    libraries = f"{figures['libraries']:.0f} MB of libraries"
    yield Row(
        what="vendor ZIP -> Record, peak memory",
        against=f"the frames' own size (beside {libraries})",
        new=figures["peak"] - figures["libraries"],
        old=figures["own"],
        unit="MB",
        target=2.5,
        at_most=True,
    )
