"""RR intervals as text for Kubios HRV: one interval a line, in s, without a header.

Kubios adds the intervals up and so sees no hole in them. What counts as a beat is for
`analysis.beats`. Written, and not read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, get_args

import numpy as np

from hexoframe.analysis.beats import RR, Counted, RRSeries
from hexoframe.analysis.hrv import beats_of_record
from hexoframe.errors import ConfigurationError, HexoframeWarning, warn
from hexoframe.formats.atomic import new_file, new_folder
from hexoframe.formats.decimals import SECOND, decimal_seconds, lines_of
from hexoframe.formats.holes import check_gaps
from hexoframe.formats.steps import length_text
from hexoframe.timestamps.ticks import NS_PER_TICK
from hexoframe.timestamps.times import tick_to_time

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.formats.holes import Gaps
    from hexoframe.recording.data import RecordData

__all__ = ["SUFFIX", "TABLE", "write"]

SUFFIX = ".txt"
TABLE = "stretches.csv"
"""File beside those of the stretches that says when each begins."""
# A longer hole is one that a spectrum must not be drawn across.
_HOLE_S = 3
_NAMED = 3


def write(  # noqa: PLR0913  # what is written, where, and how
    record: RecordData,
    path: Path,
    *,
    channels: Sequence[str | int] | None = None,
    overwrite: bool = False,
    beats: Counted = "good",
    gaps: Gaps = "raise",
) -> Path:
    """Write the file `path`, or a folder of files, as `Record.to_kubios` tells."""
    check_gaps(gaps, ("raise", "split"))
    if beats not in get_args(Counted):
        raise ConfigurationError(
            f"beats={beats!r}: give one of {', '.join(map(repr, get_args(Counted)))}"
        )
    if channels is not None and RR not in {
        record.channel(key).name for key in channels
    }:
        raise ConfigurationError(
            f"Kubios takes RR intervals, and channels= leaves {RR} out: name it, or "
            "leave channels= out"
        )
    series = _Intervals.of(beats_of_record(record, beats))
    stretches = series.stretches()
    if gaps == "raise" and len(stretches) > 1:
        raise ConfigurationError(_told(record, series))
    series.warn_of_short_holes()
    if gaps == "split":
        return _write_stretches(stretches, path, overwrite=overwrite)
    with new_file(path, overwrite=overwrite) as target:
        target.write_bytes(series.lines())
    return path


class _Intervals(NamedTuple):
    """Intervals that count, in ticks, and the holes before each of them."""

    ends: NDArray[np.int64]
    lengths: NDArray[np.int64]
    holes: NDArray[np.int64]
    clock: int

    @classmethod
    def of(cls, series: RRSeries) -> _Intervals:
        """Take those that count; none at all is a ConfigurationError."""
        counts = series.counts & (series.intervals > 0)
        ends, lengths = series.ticks[counts], series.intervals[counts]
        if not len(ends):
            raise ConfigurationError(
                f"none of {len(series)} RR intervals counts, so there is nothing to "
                "write: beats() says why, and beats='all' writes all that are above 0"
            )
        holes = ends[1:] - lengths[1:] - ends[:-1]
        # Two stamps are rounded, and so is the interval.
        holes = np.where(holes > series.play, holes, 0)
        return cls(ends, lengths, np.concatenate(([0], holes)), series.clock)

    @property
    def long(self) -> NDArray[np.bool_]:
        """Whether an interval comes after a hole of more than 3 s."""
        longer: NDArray[np.bool_] = self.holes > _HOLE_S * self.clock
        return longer

    def warn_of_short_holes(self) -> None:
        """Warn of holes that are closed up in a list of intervals."""
        short = self.holes[(self.holes > 0) & ~self.long]
        if len(short):
            together = length_text(int(short.sum()), self.clock)
            many = "1 hole" if len(short) == 1 else f"{len(short)} holes"
            warn(
                f"{many} of up to {_HOLE_S} s, together {together}, closed up in the "
                "list of intervals: Kubios sees two beats there as neighbours",
                HexoframeWarning,
            )

    def stretches(self) -> list[_Intervals]:
        """Split at the long holes."""
        edges = [0, *np.flatnonzero(self.long).tolist(), len(self.ends)]
        return [
            _Intervals(
                self.ends[low:high],
                self.lengths[low:high],
                self.holes[low:high],
                self.clock,
            )
            for low, high in pairwise(edges)
        ]

    @property
    def start(self) -> int:
        """Tick at which the first interval begins."""
        return int(self.ends[0] - self.lengths[0])

    def lines(self) -> bytes:
        """Return a line an interval; a tick has an exact decimal form."""
        return lines_of([decimal_seconds(self.lengths * NS_PER_TICK[self.clock])])


def _told(record: RecordData, series: _Intervals) -> str:
    at = np.flatnonzero(series.long)
    begins = series.ends[at - 1].tolist()
    lengths = series.holes[at].tolist()
    named = [
        f"{length_text(length, series.clock)} from "
        f"{tick_to_time(begin, clock=record.clock).tz_convert(record.tz)}"
        for begin, length in zip(begins[:_NAMED], lengths, strict=False)
    ]
    more = f", and {len(at) - _NAMED} more" if len(at) > _NAMED else ""
    return (
        f"the beats that count have holes of more than {_HOLE_S} s, and Kubios would "
        f"close them up: {', '.join(named)}{more}. gaps='split' writes a file for each "
        "stretch between; between() cuts out a part"
    )


def _write_stretches(
    stretches: Sequence[_Intervals], path: Path, *, overwrite: bool
) -> Path:
    folder = path.with_suffix("") if path.suffix.lower() == SUFFIX else path
    own = re.compile(rf"{re.escape(folder.name)}-\d{{3,}}{re.escape(SUFFIX)}")
    rows = ["file,start,seconds,intervals\n"]

    def owned(name: str) -> bool:
        return name == TABLE or own.fullmatch(name) is not None

    with new_folder(folder, overwrite=overwrite, owned=owned) as target:
        for number, each in enumerate(stretches, 1):
            name = f"{folder.name}-{number:03d}{SUFFIX}"
            (target / name).write_bytes(each.lines())
            clock = each.clock
            start = _text_of(each.start, clock)
            seconds = decimal_seconds(
                np.array([int(each.lengths.sum()) * NS_PER_TICK[clock]])
            )[0]
            rows.append(f"{name},{start},{seconds},{len(each.lengths)}\n")
        (target / TABLE).write_bytes("".join(rows).encode())
    return folder


def _text_of(tick: int, clock: int) -> str:
    seconds, part = divmod(tick * NS_PER_TICK[clock], SECOND)
    whole = np.datetime64(seconds, "s")
    return f"{whole}.{part:09d}Z"
