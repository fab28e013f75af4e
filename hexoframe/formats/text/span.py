"""From when to when a folder of classic .txt files goes, and whether its zone fits.

Samples, info.txt and the activities all say when a record was. How they are read does
not belong here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hexoframe.errors import ConfigurationError, FileFormatError
from hexoframe.timestamps import index_to_ticks, tick_to_time

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from hexoframe.formats.text.stamps import Stamps
    from hexoframe.recording.facts import Facts

__all__ = ["span_of"]

# Zones lie a quarter of an hour apart at least, so less than half of that is no zone.
_QUARTER_S = 900
_FARTHEST_MINUTES = 14 * 60


def span_of(
    path: Path, seen: tuple[int, int] | None, facts: Facts, stamps: Stamps
) -> tuple[int, int]:
    """Return the span of a record.

    Parameters
    ----------
    path : Path
        Folder or file, for messages.
    seen : (int, int) or None, in ticks
        Begin and end of the time that has samples; None where no file has any.
    facts : Facts
        What info.txt and annotations.txt say.
    stamps : Stamps
        How the samples are stamped.

    Returns
    -------
    (int, int), in ticks
        As info.txt says it, or else as the samples do.

    Raises
    ------
    FileFormatError
        If neither says it.
    ConfigurationError
        If text stamps, read in the zone that was given, are not from the time that
        info.txt or the activities say in ticks.
    """
    said = _said(facts.info)
    if seen is not None and stamps.fmt is not None:
        _check_zone(path, seen, said, stamps)
        _check_activities(path, seen, facts.ranges, stamps)
    span = said or seen
    if span is None:
        raise FileFormatError(
            f"{path}: no sample in any file, and no info.txt that says `start` and "
            "`end`: nothing tells when this was"
        )
    return span


def _said(info: dict[str, Any]) -> tuple[int, int] | None:
    """Return the span that info.txt says, if it does."""
    start, end = (info.get(name) for name in ("start", "end"))
    if _is_tick(start) and _is_tick(end):
        return int(start), int(end)  # type: ignore[arg-type]
    return None


def _is_tick(value: Any) -> bool:
    return isinstance(value, int | float) and float(value).is_integer()


def _check_zone(
    path: Path, seen: tuple[int, int], said: tuple[int, int] | None, stamps: Stamps
) -> None:
    """Refuse samples that lie outside of the record by more than a clock is wrong."""
    if said is None or _lies_within(seen, said, stamps):
        return
    raise ConfigurationError(
        f"{path}: with tz={stamps.tz!r} the samples are from {_shown(seen, stamps)}, "
        f"but info.txt says that the record is from {_shown(said, stamps)}: "
        f"{_way_out(seen, said, stamps)}, or take info.txt away if it is of another "
        "recording"
    )


def _lies_within(seen: tuple[int, int], said: tuple[int, int], stamps: Stamps) -> bool:
    play = _QUARTER_S * stamps.clock // 2
    return seen[0] >= said[0] - play and seen[1] <= said[1] + play


def _way_out(seen: tuple[int, int], said: tuple[int, int], stamps: Stamps) -> str:
    """Name the offset of the clock that would explain it all, if there is one."""
    quarter = _QUARTER_S * stamps.clock
    shift = round((seen[0] - said[0]) / quarter)
    moved = (seen[0] - shift * quarter, seen[1] - shift * quarter)
    begin = tick_to_time(seen[0], clock=stamps.clock).tz_convert(stamps.tz)
    local = begin.tz_localize(None) - begin.tz_convert(None)
    ahead = round(local.total_seconds() / 60) + shift * _QUARTER_S // 60
    if not _lies_within(moved, said, stamps) or abs(ahead) > _FARTHEST_MINUTES:
        return "give another tz="
    hours, minutes = divmod(abs(ahead), 60)
    sign = "-" if ahead < 0 else "+"
    return f"give the tz= of a clock at UTC{sign}{hours:02}:{minutes:02}, which fits"


def _check_activities(
    path: Path, seen: tuple[int, int], ranges: pd.DataFrame | None, stamps: Stamps
) -> None:
    """Refuse samples that no activity of the record has anything to do with."""
    known = None if ranges is None else ranges[["start", "end"]].dropna()
    if known is None or not len(known):
        return
    begins = index_to_ticks(known["start"], clock=stamps.clock)
    ends = index_to_ticks(known["end"], clock=stamps.clock)
    if ((begins <= seen[1]) & (ends >= seen[0])).any():
        return
    activities = (int(begins.min()), int(ends.max()))
    raise ConfigurationError(
        f"{path}: with tz={stamps.tz!r} the samples are from {_shown(seen, stamps)}, "
        f"but the activities in annotations.txt from {_shown(activities, stamps)}: "
        "give another tz=, or take annotations.txt away if it is of another recording"
    )


def _shown(span: tuple[int, int], stamps: Stamps) -> str:
    first, last = (
        tick_to_time(tick, clock=stamps.clock).floor("s").isoformat() for tick in span
    )
    return f"{first} to {last}"
