"""What the waveforms of the respiration belts say of wear: flat, displaced, or neither.

A shirt that lies on a chair has flat belts, and the device flags nothing. The samples
are counted piece by piece and only sums of each second are kept. Whether the shirt was
worn is decided in `hexoframe.analysis.wear`, which has other witnesses too.

The limits are in counts of the belts and were found on 15 real records (27 328 s): a
worn pair of belts never stays under 5.3 counts for 15 s, a shirt on a chair is under 2;
one flat belt alone says nothing (an abdomen may lie flat for 50 s).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hexoframe.timestamps.ticks import NS_PER_TICK

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from hexoframe.channels import Channel

__all__ = ["BeltCounter", "Belts", "cut_belts", "has_belts", "join_belts"]

Spans = tuple[tuple[int, int], ...]
# A window of five seconds around each second.
_HALF_WINDOW_S = 2
_FLAT_COUNTS = 2.0
_FLAT_FOR_S = 15
_FLAT_APART_S = 60
_DISPLACED_COUNTS = 500.0
_DISPLACED_AFTER_S = 45
# Belts that never moved for so long in all may be unplugged: flat, they say nothing.
_ALIVE_FOR_S = 60
# Beyond so many seconds without samples nothing tells of those before.
_REACH_S = 2 * _HALF_WINDOW_S + _DISPLACED_AFTER_S + 1
# Samples of a window that may be missing: a part of a second at the ends of a record.
_COMPLETE = 0.99
_SUMS = 6


class Belts(NamedTuple):
    """Spans in ticks, end not included, in ascending order.

    Attributes
    ----------
    measured
        Where both belts have samples, so that a verdict is possible.
    flat
        Where both belts are still: the shirt is not worn, if `alive`.
    displaced
        Where the thoracic belt jumps, and 45 s after: somebody handles the shirt.
    silent
        Spans of `flat` in a record whose belts never moved: they may be unplugged, and
        say something only with another witness.
    """

    measured: Spans
    flat: Spans
    displaced: Spans
    silent: Spans = ()


def cut_belts(belts: Belts, start: int | None, end: int | None) -> Belts:
    """Return what is known of a span of ticks; None leaves that side as it is."""
    return Belts(*(_cut(spans, start, end) for spans in belts))


def join_belts(parts: Iterable[Belts]) -> Belts:
    """Return what is known of records that follow each other."""
    return Belts(*(sum(spans, ()) for spans in zip(*parts, strict=True)))


def _cut(spans: Spans, start: int | None, end: int | None) -> Spans:
    kept = (
        (
            first if start is None else max(first, start),
            last if end is None else min(last, end),
        )
        for first, last in spans
    )
    return tuple((first, last) for first, last in kept if first < last)


class BeltCounter:
    """Counts the samples of both belts, piece by piece."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._columns = _belts_of(channel)
        self._seconds: list[NDArray[np.int64]] = []
        self._sums: list[NDArray[np.float64]] = []

    def add(self, piece: pd.DataFrame) -> None:
        """Count the rows of a piece."""
        if not len(piece):
            return
        times = piece.index.asi8  # type: ignore[attr-defined]
        values = [_signal(piece[column].to_numpy()) for column in self._columns]
        whole = self._add_seconds(times, values)
        for rows in (slice(0, whole.start), slice(whole.stop, None)):
            self._add_rows(times[rows], [column[rows] for column in values])

    def _add_seconds(
        self, times: NDArray[np.int64], values: Sequence[NDArray[np.float64]]
    ) -> slice:
        """Count the whole seconds of even rows, as nearly all are; return their rows.

        The times within such seconds are the same.
        """
        clock, step = self._channel.clock, int(self._channel.ticks or 0)
        ns = NS_PER_TICK[clock]
        if not step or clock % step or not _is_even(times, step * ns):
            return slice(0, 0)
        start, size = int(times[0]) // ns, clock // step
        # The first row of a second lies less than a step behind its begin.
        before = -(-(-start % clock) // step) if start % clock >= step else 0
        count = max(0, (len(times) - before) // size)
        rows = slice(before, before + count * size)
        start += before * step
        time = (start % clock + step * np.arange(size)) / clock
        sums = np.empty((len(values), _SUMS, count))
        for row, column in zip(sums, values, strict=True):
            x = column[rows].reshape(count, size)
            row[0], row[3], row[4] = size, time.sum(), time @ time
            row[1], row[2], row[5] = x.sum(axis=1), np.vecdot(x, x), x @ time
            some = np.flatnonzero(~(x != 0).all(axis=1))
            there = (x[some] != 0).astype(np.float64)
            row[0, some], row[3, some] = there.sum(axis=1), there @ time
            row[4, some] = there @ (time * time)
        self._seconds.append(start // clock + np.arange(count))
        self._sums.append(sums)
        return rows

    def _add_rows(
        self, times: NDArray[np.int64], values: Sequence[NDArray[np.float64]]
    ) -> None:
        """Count rows with any stamps."""
        if not len(times):
            return
        ticks = times // NS_PER_TICK[self._channel.clock]
        second, rest = np.divmod(ticks, self._channel.clock)
        first = np.flatnonzero(np.diff(second, prepend=second[0] - 1))
        time = rest / self._channel.clock
        sums = np.empty((len(values), _SUMS, len(first)))
        for row, x in zip(sums, values, strict=True):
            there = (x != 0).astype(np.float64)
            t = time * there
            terms = (there, x, x * x, t, t * t, t * x)
            row[:] = [np.add.reduceat(term, first) for term in terms]
        self._seconds.append(second[first])
        self._sums.append(sums)

    def result(self, span: tuple[int, int]) -> Belts:
        """Return the spans that the samples within the record tell."""
        clock = self._channel.clock
        first, last = span[0] // clock, -(-span[1] // clock)
        parts = [
            (seconds[inside], part[..., inside])
            for seconds, part in zip(self._seconds, self._sums, strict=True)
            if (inside := (seconds >= first) & (seconds < last)).any()
        ]
        if not parts:
            return Belts((), (), ())
        line = _Line(np.unique(np.concatenate([seconds for seconds, _ in parts])))
        sums = np.zeros((len(self._columns), _SUMS, line.length))
        for seconds, part in parts:
            # Two pieces may share a second.
            sums[..., line.places(seconds)] += part
        full = clock / float(self._channel.ticks or 1)
        deviations = np.array([_deviation(each, full) for each in sums])
        known = ~np.isnan(deviations).any(axis=0)
        deviations = np.nan_to_num(deviations)
        flat = known & (deviations < _FLAT_COUNTS).all(axis=0)
        jumps = known & (deviations[0] > _DISPLACED_COUNTS)
        still = _flat_spans(flat, known)
        moved = np.count_nonzero(known & ~flat) >= _ALIVE_FOR_S
        return Belts(
            *(
                _ticks(line.seconds(runs), span, clock)
                for runs in (
                    _runs(_widened(known, _HALF_WINDOW_S, _HALF_WINDOW_S)),
                    still if moved else [],
                    _runs(
                        _widened(
                            jumps, _HALF_WINDOW_S, _HALF_WINDOW_S + _DISPLACED_AFTER_S
                        )
                    ),
                    [] if moved else still,
                )
            )
        )


class _Line:
    """Places of seconds in an array, where long stretches without samples are short.

    No array is as long as a record whose file says that it lasts a century.
    """

    def __init__(self, there: NDArray[np.int64]) -> None:
        skipped = np.maximum(np.diff(there, prepend=there[:1]) - _REACH_S, 0)
        self._there = there
        self._skipped = np.cumsum(skipped) + there[0]
        self._places = there - self._skipped
        self.length = int(self._places[-1]) + _REACH_S

    def places(self, seconds: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return where seconds are that have samples."""
        found: NDArray[np.int64] = self._places[np.searchsorted(self._there, seconds)]
        return found

    def seconds(self, runs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """Return runs of places as seconds; none reaches beyond a short stretch."""
        edges = np.array(runs, dtype=np.int64).reshape(-1, 2)
        before = np.searchsorted(self._places, edges, side="right") - 1
        found = edges + self._skipped[before]
        return [(int(first), int(last)) for first, last in found]


def _is_even(times: NDArray[np.int64], step: int) -> bool:
    """Whether each time is a step behind the one before."""
    if int(times[-1]) - int(times[0]) != step * (len(times) - 1):
        return False
    return bool((np.diff(times) == step).all())


def _signal(column: NDArray[Any]) -> NDArray[np.float64]:
    """Return a column with 0, which is no signal, where it is not finite."""
    values: NDArray[np.float64] = column.astype(np.float64)
    finite = np.isfinite(values)
    return values if finite.all() else np.where(finite, values, 0.0)


def has_belts(channel: Channel) -> bool:
    """Whether the samples of a channel are those of both belts: one decides nothing."""
    return len(_belts_of(channel)) > 1


def _belts_of(channel: Channel) -> list[str]:
    return [row.column for row in channel.datatypes if row.wear == "belt"]


def _ticks(runs: Sequence[tuple[int, int]], span: tuple[int, int], clock: int) -> Spans:
    """Return runs of seconds as ticks within a record."""
    start, end = span
    spans = (
        (max(first * clock, start), min(last * clock, end)) for first, last in runs
    )
    return tuple((first, last) for first, last in spans if first < last)


def _deviation(sums: NDArray[np.float64], full: float) -> NDArray[np.float64]:
    """SD around a straight line in the five seconds around each; NaN where some lack.

    `full` is the number of samples of a whole second.
    """
    total = np.zeros_like(sums)
    seconds = sums.shape[-1]
    for shift in range(-_HALF_WINDOW_S, _HALF_WINDOW_S + 1):
        n, x, xx, t, tt, tx = sums[:, max(0, shift) : seconds + min(0, shift)]
        # Time of a second `shift` later counts from the middle one.
        moved = (n, x, xx, t + shift * n, tt + 2 * shift * t + shift**2 * n)
        target = total[:, max(0, -shift) : seconds - max(0, shift)]
        for row, part in enumerate((*moved, tx + shift * x)):
            target[row] += part
    n, x, xx, t, tt, tx = total
    with np.errstate(divide="ignore", invalid="ignore"):
        spread, time, slope = xx - x * x / n, tt - t * t / n, tx - t * x / n
        squares = (spread - slope * slope / time) / n
    # Rounding may leave a belt at rest a hair below zero.
    deviation: NDArray[np.float64] = np.sqrt(np.maximum(squares, 0.0))
    deviation[n < _COMPLETE * full * (2 * _HALF_WINDOW_S + 1)] = np.nan
    return deviation


def _flat_spans(
    flat: NDArray[np.bool_], known: NDArray[np.bool_]
) -> list[tuple[int, int]]:
    """Return the spans of windows in which both belts are flat; near ones are joined.

    What lies between two spans must have been measured.
    """
    spans = [
        (first - _HALF_WINDOW_S, last + _HALF_WINDOW_S) for first, last in _runs(flat)
    ]
    long = [(first, last) for first, last in spans if last - first >= _FLAT_FOR_S]
    joined: list[tuple[int, int]] = []
    for first, last in long:
        near = joined and first - joined[-1][1] <= _FLAT_APART_S
        if near and known[joined[-1][1] : first].all():
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return joined


def _runs(marks: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(marks, prepend=False, append=False))
    return [(int(first), int(last)) for first, last in edges.reshape(-1, 2)]


def _widened(marks: NDArray[np.bool_], before: int, after: int) -> NDArray[np.bool_]:
    """Return the marks with some seconds before each run of them, and some after."""
    steps = np.diff(marks.astype(np.int8), prepend=0, append=0)
    starts, ends = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
    counts = np.zeros(len(marks) + 1, np.int64)
    np.add.at(counts, np.maximum(starts - before, 0), 1)
    np.add.at(counts, np.minimum(ends + after, len(marks)), -1)
    widened: NDArray[np.bool_] = np.cumsum(counts[:-1]) > 0
    return widened
