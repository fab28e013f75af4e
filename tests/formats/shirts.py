"""Records with known counts and holes, for the formats that keep a rate."""

from __future__ import annotations

import numpy as np

from hexoframe.channels import CLOCK_OF_FAMILY, channels_of
from hexoframe.record import Record
from hexoframe.recording.facts import Facts, facts_table
from hexoframe.recording.frames import make_frame
from hexoframe.timestamps.times import ticks_to_index

START = 437_610_700_877  # an odd tick: 2024-03-02T22:00:00.30078125Z
NAMES = ("ecg", "respiration", "acceleration", "heart_rate", "rr_interval", "sdnn")


def counts_of(row, count):
    """Counts that differ from column to column and use the range of the row."""
    low, high = (-2000, 2000) if row.signed else (0, 40_000)
    if row.column.startswith("ecg"):
        low, high = 0, 4000
    if row.channel == "heart_rate":
        low, high = 60, 90
    numbers = np.arange(count) * 37 + len(row.column)
    return low + numbers % (high - low)


def frame_of(family, name, ticks, values, record_id=77):
    channel = channels_of(family)[name]
    index = ticks_to_index(np.asarray(ticks, np.int64), clock=channel.clock)
    return make_frame(channel, index, values, record_id=record_id)


def made(
    seconds=12,
    *,
    family="hexoskin",
    start=START,
    names=NAMES,
    holes=(),
    record_id=77,
    facts=True,
):
    """A record of so many seconds; `holes` are (channel or None, first s, last s)."""
    clock = CLOCK_OF_FAMILY[family]
    end = start + seconds * clock
    frames = {}
    for name in names:
        channel = channels_of(family)[name]
        if channel.ticks is None or channel.ticks > clock:
            ticks = start + clock * np.arange(1, seconds, 2) + 3
            values = np.linspace(0.5, 1.25, len(ticks)).round(2)
            frames[name] = frame_of(
                family, name, ticks, {channel.columns[0]: values}, record_id
            )
            continue
        count = int(seconds * clock / channel.ticks)
        first = channel.first_sample
        steps = (
            2 * np.arange(count) * channel.ticks.numerator + channel.ticks.denominator
        ) // (2 * channel.ticks.denominator)
        begins = start + steps
        kept = np.ones(count, bool)
        for which, low, high in holes:
            if which in (None, name):
                kept &= (begins < start + low * clock) | (
                    begins >= start + high * clock
                )
        values = {
            row.column: counts_of(row, count)[kept] * row.gain + row.offset
            for row in channel.datatypes
        }
        ticks = begins[kept] + first * round(channel.ticks)
        frames[name] = frame_of(family, name, ticks, values, record_id)
    info = {} if record_id is None else {"id": record_id}
    tables = {}
    if facts:
        tables = {
            "annotations": facts_table(
                "annotations",
                [
                    {"time": start + 300, "id": 9, "datatype": 215, "comment": "up"},
                    {"time": start + 700, "comment": "Grüße: 3\tÄpfel"},
                ],
                clock=clock,
            ),
            "ranges": facts_table(
                "ranges",
                [{"name": "Sleep", "start": start + 100, "end": start + 900}],
                clock=clock,
            ),
        }
    return Record(family, (start, end), frames, facts=Facts(info=info, **tables))
