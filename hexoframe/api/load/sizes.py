"""Bytes that a sample takes as it is sent: a table of measurements by channel and form.

The binary export is a ZIP of deflated files, JSON comes with gzip. How well a channel
compresses depends on what the wearer did, so the figures lie between those of a walk
and those of a night. Real recordings compress less well than synthetic ones; where one
figure cannot be near both, it is near the real one.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple

from hexoframe.channels import CLOCK_OF_FAMILY

if TYPE_CHECKING:
    from hexoframe.channels import Datatype, Family, Kind

__all__ = [
    "ANSWER_BYTES",
    "EXPORT_BYTES",
    "FILE_BYTES",
    "LIST_BYTES",
    "TABLE_BYTES",
    "SampleSize",
    "size_of",
]

FILE_BYTES = 170
"""A file of a ZIP beside its samples: two entries with its name, and its own header."""

EXPORT_BYTES = 1_300
"""``info.json`` and ``statistics.csv`` of an export. Source: exports of 2017 and 2022,
1.2 to 1.4 kB deflated."""

ANSWER_BYTES, LIST_BYTES = 90, 10
"""An answer in JSON without samples, and the list of a datatype in it, with gzip."""

TABLE_BYTES = 25_000
"""The tables beside the samples, and the record itself. Source: the simulated service,
19 to 30 kB; it sends them without gzip. A long track is more."""


class SampleSize(NamedTuple):
    """Bytes per sample of the datatypes that one row of the table is for.

    Attributes
    ----------
    kind : str
        Kind of the channel.
    binary, json, plain : float
        Bytes of a sample in a deflated file, in JSON with gzip, and in JSON without.
    source : str
        What was measured, in bytes per sample unless it says otherwise: real exports of
        2017 and 2022, and synthetic records of 10 min to a day. JSON of the real ones
        is that of the simulated service, which serves them.
    channels : tuple of str
        Channels that the row is for; empty is all.
    unit : str
        Unit of the channel; empty is any.
    family : str or None
        Device family; None is any.
    hz : float
        Events per second, where the channel has no fixed rate.
    least_s : float
        Shortest step of the channel.
    """

    kind: Kind
    binary: float
    json: float
    plain: float
    source: str
    channels: tuple[str, ...] = ()
    unit: str = ""
    family: Family | None = None
    hz: float = 0.0
    least_s: float = 0.0


# The first row that fits counts.
_SIZES = (
    SampleSize(
        "waveform", 1.4, 4.2, 21.5, channels=("ecg",), family="astroskin_1000",
        source="synthetic binary 1.1 to 1.26, JSON 4.0 to 4.2; in counts of 0.001 mV, "
        "no real record",
    ),
    SampleSize(
        "waveform", 0.95, 4.1, 22, channels=("ecg",),
        source="real binary 0.88 to 1.36, JSON 3.7 to 4.8; synthetic 0.65 to 0.79, 3.7",
    ),
    SampleSize(
        "waveform", 0.43, 3.4, 23, channels=("respiration",),
        source="real binary 0.37 to 0.48, JSON 3.4 to 3.6, 0.1 and 2.6 of belts that "
        "measured nothing; synthetic 0.32 to 0.65, 3.0 to 3.5",
    ),
    SampleSize(
        "waveform", 0.77, 3.9, 27.5, channels=("acceleration",),
        source="real binary 0.91 to 1.15, JSON 4.2 to 4.5, 0.45 and 3.4 at rest; "
        "synthetic 0.52 to 1.18, 3.4 to 3.9",
    ),
    SampleSize(
        "waveform", 1.8, 5.6, 23,
        source="PPG: real binary 1.84, JSON 5.6; synthetic 1.77, 5.6",
    ),
    SampleSize(
        "rate", 2.5, 9, 30, least_s=300,
        source="synthetic binary 0.5 to 4.8, JSON 5 to 9; no real record",
    ),
    SampleSize(
        "rate", 0.05, 2.5, 20, unit="bits", family="astroskin_1000",
        source="synthetic JSON 2.4 to 2.6; binary as for the other families",
    ),
    SampleSize(
        "rate", 0.05, 3.3, 19, unit="bits",
        source="real binary 0.04 to 0.17, JSON 3.3 to 3.6; synthetic 0.004 to 0.08, "
        "3.2 to 3.5",
    ),
    SampleSize(
        "rate", 0.7, 4, 29, family="astroskin_1000",
        channels=("minute_ventilation", "tidal_volume", "minute_ventilation_adjusted",
                  "tidal_volume_adjusted"),
        source="synthetic JSON 3.3 to 4.8; binary as for the other families",
    ),
    SampleSize(
        "rate", 0.7, 5.3, 31,
        channels=("minute_ventilation", "tidal_volume", "minute_ventilation_adjusted",
                  "tidal_volume_adjusted"),
        source="real binary 0.6 to 1.1, JSON 4.7 to 6.4; synthetic 0.27 to 0.9, 4.4 to "
        "6.1",
    ),
    SampleSize(
        "rate", 0.4, 3.1, 22, family="astroskin_1000",
        source="synthetic JSON 2.8 to 4.7; binary as for the other families",
    ),
    SampleSize(
        "rate", 0.03, 3.2, 19, family="hexoskin",
        channels=("systolic_pressure", "systolic_pressure_adjusted"),
        source="real binary 0.02 and 0.03, JSON 3.2: all are 0",
    ),
    SampleSize(
        "rate", 0.4, 4.1, 21,
        source="real binary 0.37 to 1.1, JSON 3.9 to 5.2; synthetic 0.004 to 1.0, "
        "3.2 to 5.1",
    ),
    SampleSize(
        "event", 4, 3.75, 19.5, channels=("rr_interval_quality",), hz=1.25,
        source="real 1.1 to 1.8 a second, binary 3.9, JSON 3.8; synthetic 0.9 to 1.9 a "
        "second, 3.7 to 4.2, 3.7",
    ),
    SampleSize(
        "event", 5, 5.4, 26, channels=("rr_interval", "qrs_amp_channel_char"), hz=1.25,
        source="real 1.1 to 1.8 a second, binary 4.9 to 5.9, JSON 5.3 to 6.2; "
        "synthetic 0.9 to 1.9 a second, 4.3 to 5.7, 5.1 to 5.9",
    ),
    SampleSize(
        "event", 5.2, 5.4, 26, channels=("nn_interval",), hz=0.9,
        source="real 0.06 to 1 a second, binary 4.9 to 6, JSON 5.2 to 6.3; "
        "synthetic 0.9 to 1.8 a second, 4.5 to 5.7, 5.3 to 5.6",
    ),
    SampleSize(
        "event", 0, 0, 0, channels=("ptt",), family="hexoskin",
        source="real: the file has no samples",
    ),
    SampleSize(
        "event", 4.6, 5, 27, channels=("ptt",), hz=1.2,
        source="synthetic 0.9 to 1.3 a second, binary 4.5 to 4.8, JSON 4.5 to 5.3",
    ),
    SampleSize(
        "event", 5.5, 5.8, 22, channels=("step",), hz=0.35,
        source="real 0.95 to 1.3 a second, binary 5.5, JSON 5.9; synthetic 0 (night), "
        "0.17 (day) to 1.8 (walk) a second, 4.8 to 5.6, 5.6 to 5.9",
    ),
    SampleSize(
        "event", 4, 5, 24, channels=("batt_st_channel_char",), hz=1 / 60,
        source="synthetic: one a minute; no real record",
    ),
    SampleSize(
        "event", 5.6, 5.8, 23, hz=0.35,
        source="breaths: real 0.31 to 0.49 a second, binary 5.6 to 6, JSON 5.6 to 6.1; "
        "synthetic 0.23 to 0.4 a second, 5.1 to 6.3, 5.4 to 6.4",
    ),
    SampleSize(
        "state", 10, 10, 38, hz=1 / 400,
        source="real one in 200 to 310 s, binary 10 to 14; synthetic one in 100 to "
        "4000 s, 8 to 25, JSON 10 to 30",
    ),
)  # fmt: skip


@functools.cache
def size_of(row: Datatype) -> SampleSize:
    """Return what a sample of a datatype takes."""
    step_s = float(row.ticks or 0) / CLOCK_OF_FAMILY[row.family]
    return next(
        size
        for size in _SIZES
        if size.kind == row.kind
        and size.family in {None, row.family}
        and row.channel in (size.channels or (row.channel,))
        and row.unit == (size.unit or row.unit)
        and step_s >= size.least_s
    )
