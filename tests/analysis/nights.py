"""Nights whose phases are known, as records of a channel of phases."""

from __future__ import annotations

import numpy as np

from hexoframe.channels import channels_of
from hexoframe.record import Record
from hexoframe.recording.facts import Facts, facts_table
from hexoframe.recording.frames import make_frame
from hexoframe.timestamps.times import ticks_to_index, time_to_tick

START = time_to_tick("2024-03-01T22:00:00Z", clock=256)
NAN = float("nan")
PHASES = {"W": 6, "N": 2, "R": 5, "?": 0, "-": NAN}


def frame(name, minutes, values, *, start=START):
    channel = channels_of("hexoskin")[name]
    ticks = start + np.rint(np.asarray(minutes, float) * 60 * 256).astype(np.int64)
    index = ticks_to_index(ticks, clock=256)
    return make_frame(channel, index, {name: np.asarray(values, float)})


def recording(night, *, minutes=None, at=0, lead=1, ranges=None, belts=None, **more):
    """Return a record with phases, written as ``W10 N30 R20`` in minutes.

    The channel is closed by a missing value, as the service closes it. The record
    begins `lead` minutes before.
    """
    lengths = [float(part[1:]) for part in night.split()]
    codes = [PHASES[part[0]] for part in night.split()]
    begins = at + np.cumsum([0, *lengths])
    length = begins[-1] if minutes is None else minutes
    phases = frame("sleep_phase", begins, [*codes, NAN])
    rows = None
    if ranges is not None:
        rows = facts_table(
            "ranges",
            [
                {"id": 7 + at, "name": "Sleep", "trainingroutine": "/r/12/",
                 "start": START + 15360 * first, "end": START + 15360 * last}
                for at, (first, last) in enumerate(ranges)
            ],
        )  # fmt: skip
    return Record(
        "hexoskin",
        (START - 15360 * lead, START + round(length * 15360)),
        {"sleep_phase": phases, **more},
        facts=Facts(ranges=rows),
        belts=belts,
        tz="Europe/Berlin",
    )


def one(record, *args, **more):
    table = record.sleep(*args, **more)
    assert len(table) == 1
    return table.iloc[0]
