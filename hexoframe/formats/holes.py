"""What formats without stamps do with holes: refuse them, or end a file at each.

`steps` finds them. No hole is closed or filled unless the caller says so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal, get_args

from hexoframe.errors import ConfigurationError
from hexoframe.formats.steps import Hole, length_text, scan_channel
from hexoframe.recording.data import RecordData
from hexoframe.recording.frames import slice_ticks
from hexoframe.timestamps.times import tick_to_time

if TYPE_CHECKING:
    import pandas as pd

    from hexoframe.channels import Channel

__all__ = ["Gaps", "check_gaps", "parts_between", "refuse_holes"]

Gaps = Literal["raise", "fill", "split"]

_NAMED = 3
_WAYS: dict[str, str] = {
    "fill": "gaps='fill' writes the digital minimum there and marks it",
    "split": "gaps='split' writes a file for each part between",
}


def check_gaps(gaps: str, allowed: Sequence[str] = get_args(Gaps)) -> None:
    """Raise ConfigurationError for a way with holes that the format does not have."""
    if gaps not in allowed:
        raise ConfigurationError(
            f"gaps={gaps!r}: give one of {', '.join(map(repr, allowed))}"
        )


def refuse_holes(
    record: RecordData, holes: Iterable[Hole], allowed: Collection[str]
) -> None:
    """Raise ConfigurationError if there is a hole, with place and length."""
    found = sorted(holes, key=lambda hole: (hole.start, hole.channel))
    if not found:
        return
    told = [_told(record, hole) for hole in found[:_NAMED]]
    more = f", and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    ways = "; ".join(way for name, way in _WAYS.items() if name in allowed)
    raise ConfigurationError(
        f"the recording has gaps, which this format cannot hold: {', '.join(told)}"
        f"{more}. {ways}; channels= leaves a channel out"
    )


def _told(record: RecordData, hole: Hole) -> str:
    time = tick_to_time(hole.start, clock=record.clock).tz_convert(record.tz)
    length = length_text(hole.end - hole.start, record.clock)
    name = ", ".join(hole.columns) if hole.rows else hole.channel
    return (
        f"{name} has no {'value' if hole.rows else 'sample'} for {length} from {time}"
    )


# -- parts between holes ---------------------------------------------------------------


def parts_between(
    record: RecordData, channels: Iterable[Channel]
) -> Iterator[RecordData]:
    """Yield the parts of a record between the holes of a second and longer.

    A part ends where any of the channels ends, and the next begins where any begins
    again. Every sample and every event is in one part: what happens in a hole of all
    channels belongs to the part before.
    """
    regular = [channel for channel in channels if channel.ticks is not None]
    scans = [(channel, scan_channel(record, channel)) for channel in regular]
    holes = [
        hole
        for channel, scan in scans
        for hole in scan.holes(channel)
        if hole.end - hole.start >= record.clock
    ]
    spans = [
        (
            scan.first,
            scan.last,
            [hole for hole in holes if hole.channel == channel.name],
        )
        for channel, scan in scans
        if scan.rows
    ]
    edges = _cuts(holes, record.clock)
    inside = [tick for tick in edges if record.start_tick < tick < record.end_tick]
    starts: list[int] = []
    for start, end in zip(
        [record.start_tick, *inside], [*inside, record.end_tick], strict=True
    ):
        if any(_has_samples(span, start, end) for span in spans):
            # What precedes the first sample goes with it.
            starts.append(start if starts else record.start_tick)
    starts = starts or [record.start_tick]
    for start, until in zip(starts, [*starts[1:], None], strict=True):
        yield _part(record, start, until)


def _has_samples(span: tuple[int, int, list[Hole]], start: int, end: int) -> bool:
    first, last, holes = span
    covered = any(hole.start <= start and end <= hole.end for hole in holes)
    return first < end and last >= start and not covered


def _cuts(holes: Collection[Hole], clock: int) -> list[int]:
    """Return where files end and begin.

    Channels of other rates end and begin within a second of each other: a file ends
    with the last of them, and begins with the first.
    """
    ends = [group[-1] for group in _groups({hole.start for hole in holes}, clock)]
    begins = [group[0] for group in _groups({hole.end for hole in holes}, clock)]
    return sorted({*ends, *begins})


def _groups(ticks: Collection[int], width: int) -> list[list[int]]:
    groups: list[list[int]] = []
    for tick in sorted(ticks):
        if groups and tick - groups[-1][0] < width:
            groups[-1].append(tick)
        else:
            groups.append([tick])
    return groups


def _part(record: RecordData, start: int, end: int | None) -> RecordData:
    """Cut a part; its states are those that change in it, as no part repeats a row."""
    first = None if start == record.start_tick else start
    part = record.cut(first, end)
    states: dict[str, pd.DataFrame] = {
        name: slice_ticks(
            record[name].tz_convert("UTC"), record.channel(name), first, end
        )
        for name in part
        if record.channel(name).kind == "state"
    }
    return RecordData.of(part, channels={**part.whole(), **states}) if states else part
