"""One table of all channels, the index of a channel, and the first use of a Record."""

from __future__ import annotations

import numpy as np
import pandas as pd

from hexoframe.timestamps import index_to_ticks, ticks_to_index
from tests.benchmarks.harness import child, race, timed


def by_pandas(record):
    """Take means of everything, the least that resample and concat can do."""
    frames = [record[name] for name in record]
    means = [frame.resample("1s").mean() for frame in frames if len(frame)]
    return pd.concat(means, axis=1)


def bench(world):
    gappy = world.gappy.load()
    yield race(
        timed(lambda: gappy.to_frame("1s")),
        timed(lambda: by_pandas(gappy)),
        rounds=world.rounds,
        what='to_frame("1s") of all channels, with gaps',
        against="pandas resample().mean() of each and concat",
        target=3,
    )
    ticks = index_to_ticks(world.frames["ecg"].index, clock=256)
    yield race(
        timed(lambda: ticks_to_index(ticks, clock=256)),
        timed(lambda: np.array(ticks, copy=True)),
        rounds=2 * world.rounds + 1,
        what="ticks -> index, checked",
        against="a copy of the array",
        target=6,
        at_most=True,
    )
    yield race(
        lambda: child("import_record")["seconds"],
        lambda: child("import_pandas")["seconds"],
        rounds=2 * world.rounds + 1,
        what="first use of hexoframe.Record",
        against="import pandas",
        target=1.15,
        at_most=True,
    )
