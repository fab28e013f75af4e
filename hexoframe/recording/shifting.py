"""A record moved in time by whole weeks: samples, facts, gaps and what is kept of them.

Everything moves by the same number of ticks, so that differences stay exact. Frames are
made anew when they are read, and carry nothing of their source but times and values.
Which facts may be told at all is decided in `safefacts`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from hexoframe.channels import channels_of
from hexoframe.recording import frames
from hexoframe.recording.belts import Belts
from hexoframe.recording.data import LazyChannel
from hexoframe.timestamps.ticks import NS_PER_TICK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hexoframe.recording.data import RecordData
    from hexoframe.recording.facts import Facts
    from hexoframe.recording.gaps import Receipt, Survey

__all__ = ["move_belts", "move_channels", "move_tables"]

_UTC = pd.DatetimeTZDtype("ns", "UTC")
_TABLES = ("ranges", "annotations", "track")
_Span = tuple[int, int]


def move_channels(record: RecordData, ticks: int) -> dict[str, LazyChannel]:
    """Return every channel of a record, moved; what was not read stays so.

    The frames have no id of a record and no attributes of their source.
    """
    return {
        name: _move_channel(record, name, held, ticks)
        for name, held in record.whole().items()
    }


def _move_channel(
    record: RecordData, name: str, held: LazyChannel, ticks: int
) -> LazyChannel:
    channel = channels_of(record.family)[name]
    survey = record.kept_survey(name)

    def moved(frame: pd.DataFrame) -> pd.DataFrame:
        stamps = pd.DatetimeIndex(frame.index).asi8
        index = pd.DatetimeIndex(
            stamps + ticks * NS_PER_TICK[channel.clock],
            dtype=_UTC,
            copy=False,
            name="time",
        )
        arrays = frames.arrays_of(frame)
        return frames.make_frame(channel, index, arrays, scale=record.scale)

    def pieces(rows: int) -> Iterator[pd.DataFrame]:
        return map(moved, record.pieces(name, rows))

    return LazyChannel(
        read=lambda: moved(held.read()),
        pieces=pieces,
        receipt=lambda: _receipt(record.receipt(name), ticks),
        survey=None if survey is None else _survey(survey, ticks),
        initial=lambda: list(_spans(record.initial_spans(name), ticks)),
    )


def _spans(spans: Iterable[_Span], ticks: int) -> tuple[_Span, ...]:
    return tuple((start + ticks, end + ticks) for start, end in spans)


def _receipt(receipt: Receipt, ticks: int) -> Receipt:
    span = receipt.span
    return receipt._replace(
        lost=_spans(receipt.lost, ticks),
        span=None if span is None else (span[0] + ticks, span[1] + ticks),
    )


def _survey(survey: Survey, ticks: int) -> Survey:
    gaps = tuple(
        gap._replace(start=gap.start + ticks, end=gap.end + ticks)
        for gap in survey.gaps
    )
    belts = None if survey.belts is None else move_belts(survey.belts, ticks)
    return survey._replace(gaps=gaps, belts=belts)


def move_belts(belts: Belts, ticks: int) -> Belts:
    """Return what the belts say of wear, moved."""
    return Belts(*(_spans(spans, ticks) for spans in belts))


def move_tables(facts: Facts, by: pd.Timedelta) -> Facts:
    """Return the facts with the times in their tables moved; `info` is left as it is.

    An end that is not known stays so.
    """
    tables: dict[str, Any] = {}
    for name in _TABLES:
        held: pd.DataFrame | None = getattr(facts, name)
        if held is None:
            continue
        table = held.copy()
        if isinstance(table.index, pd.DatetimeIndex):
            table.index = (table.index + by).rename(table.index.name)
        for column, dtype in table.dtypes.items():
            if isinstance(dtype, pd.DatetimeTZDtype):
                table[column] = table[column] + by
        tables[name] = table
    return replace(facts, **tables)
