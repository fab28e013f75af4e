"""Rows of heart-rate variability: when a figure counts, and what its row says.

A table is made of spans and beats; parts are added to it. What a caller asks for is in
`hrv`; the figures are computed in `timedomain`, `spectrum` and `nonlinear`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from hexoframe.analysis.bins import ranges
from hexoframe.analysis.nonlinear import MOST_BEATS, nonlinear_figures
from hexoframe.analysis.spectrum import (
    STEP_S,
    Method,
    band_powers,
    lomb_spectra,
    welch_spectrum,
)
from hexoframe.analysis.timedomain import differences, time_domain
from hexoframe.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from hexoframe.analysis.beats import RRSeries

    Figures = dict[str, NDArray[np.float64]]
    Rows = NDArray[np.int64]
    Values = NDArray[np.float64]

__all__ = [
    "NEAR_FLOOR_MS",
    "PAIRS",
    "SHARE",
    "UNITS",
    "HrvLimits",
    "HrvTable",
    "HrvWindows",
    "limits_of",
]

UNITS = {
    "n_beats": "",
    "n_pairs": "",
    "good_share": "",
    "mean_nn": "ms",
    "mean_hr": "bpm",
    "sdnn": "ms",
    "rmssd": "ms",
    "pnn50": "%",
    "sd1": "ms",
    "sd2": "ms",
    "triangular_index": "",
    "sdann": "ms",
    "sdnni": "ms",
    "vlf": "ms^2",
    "lf": "ms^2",
    "hf": "ms^2",
    "total_power": "ms^2",
    "lf_nu": "%",
    "hf_nu": "%",
    "lf_hf": "",
    "sampen": "",
    "dfa_a1": "",
    "dfa_a2": "",
    "n_windows": "",
    "rmssd_floor_ms": "ms",
    "judged_by": "",
    "note": "",
}
"""Units of the columns; a share, count, ratio or text has none."""
_COUNTS = ("n_beats", "n_pairs", "n_windows")
_TEXTS = ("judged_by", "note")
# What a row rests on, which is told also where no figure counts.
_TOLD = ("n_beats", "n_pairs", "good_share", "n_windows", "rmssd_floor_ms", *_TEXTS)

_WINDOW_SHARE, SHARE, PAIRS = 0.8, 0.1, 100
# A standard deviation needs two.
_LEAST_PAIRS = 2
# A band needs some periods of its lowest frequency.
_LEAST_S = {"hf": 60, "lf": 120, "vlf": 270, "total_power": 270}
# The last beat of a window of 300 s may end a beat after it.
_PLAY_S = 2
# Below it the ticks of a Hexoskin add more than 4 % to RMSSD.
NEAR_FLOOR_MS = 10


class HrvLimits(NamedTuple):
    """What a span needs at least: a covered share, and pairs; `given` by the caller."""

    share: float
    pairs: int
    given: float | None = None

    @property
    def piece(self) -> float:
        """Share that each five minutes of a longer span need."""
        return _WINDOW_SHARE if self.given is None else self.given


@dataclass(frozen=True, slots=True, kw_only=True)
class HrvWindows:
    """Spans in ticks.

    `lows` and `highs` say which beats belong to a span, `starts` and `ends` how long it
    is, and `asked` how long it would be if it were not cut at the edges of the record.
    """

    starts: Rows
    ends: Rows
    lows: Rows
    highs: Rows
    asked: Values

    @classmethod
    def plain(cls, starts: Rows, ends: Rows) -> HrvWindows:
        """Return spans that are not cut."""
        asked = (ends - starts).astype(np.float64)
        return cls(starts=starts, ends=ends, lows=starts, highs=ends, asked=asked)

    def part(self, rows: Any) -> HrvWindows:
        """Return some of the spans."""
        return HrvWindows(
            starts=self.starts[rows],
            ends=self.ends[rows],
            lows=self.lows[rows],
            highs=self.highs[rows],
            asked=self.asked[rows],
        )

    def seconds(self, series: RRSeries) -> Values:
        """Return how long the spans are."""
        seconds: Values = (self.ends - self.starts) / series.clock
        return seconds

    def covered(self, series: RRSeries, *lengths: Values) -> list[Values]:
        """Return the parts of lengths that intervals cover; 0 where there is none."""
        both = series.covered(np.concatenate((self.starts, self.ends)))
        ticks = both[len(self.starts) :] - both[: len(self.starts)]
        return [
            np.divide(ticks, length, out=np.zeros(len(length)), where=length > 0)
            for length in lengths
        ]


def limits_of(
    min_share: float | None, min_pairs: int | None, *, is_window: bool
) -> HrvLimits:
    """Return what spans need: those given, or those of windows or of other spans."""
    if min_share is not None and not 0 <= min_share <= 1:
        raise ConfigurationError(
            f"min_share={min_share!r}: give a share from 0 to 1, such as 0.8"
        )
    if min_pairs is not None and min_pairs < 0:
        raise ConfigurationError(f"min_pairs={min_pairs!r}: give 0 or a number of them")
    share = _WINDOW_SHARE if is_window else SHARE
    pairs = 0 if is_window else PAIRS
    return HrvLimits(
        share if min_share is None else min_share,
        max(_LEAST_PAIRS, pairs if min_pairs is None else min_pairs),
        min_share,
    )


class HrvTable:
    """The rows of some spans, to which figures are added a part at a time.

    A `brief` one has RMSSD alone.
    """

    def __init__(
        self,
        series: RRSeries,
        windows: HrvWindows,
        limits: HrvLimits,
        *,
        is_long: bool,
        brief: bool = False,
    ) -> None:
        self._series, self._windows, self._limits = series, windows, limits
        self._is_long = is_long and not brief
        how = differences if brief else time_domain
        self._time = how(series, windows.lows, windows.highs)
        length = (windows.ends - windows.starts).astype(np.float64)
        share, self._asked_share = windows.covered(series, length, windows.asked)
        self._columns: Figures = {
            "n_beats": self._time["n_beats"],
            "n_pairs": self._time["n_pairs"],
            "good_share": share,
        }
        floor = 1000 / series.clock / np.sqrt(2)
        self._columns["rmssd_floor_ms"] = np.full(len(length), floor)
        self._notes: list[list[str]] = [[] for _ in length]
        self._counts = self._count()
        self._pieces, self._piece_of = self._cut()

    # -- what counts

    def _count(self) -> NDArray[np.bool_]:
        """Return which rows have figures, and note why others have none."""
        limits, pairs = self._limits, self._time["n_pairs"]
        for row, notes in enumerate(self._notes):
            share = self._asked_share[row]
            if not self._time["n_beats"][row]:
                notes.append("no interval counts")
            elif share < limits.share:
                cut = self._windows.asked[row] > (
                    self._windows.ends[row] - self._windows.starts[row]
                )
                what = "of the span asked for" if cut else "of the time"
                notes.append(
                    f"intervals that count cover {_percent(share)} {what}, under the "
                    f"{_percent(limits.share)} of min_share"
                )
            elif pairs[row] < limits.pairs:
                least = "that any figure needs"
                if limits.pairs > _LEAST_PAIRS:
                    least = "of min_pairs"
                notes.append(
                    f"{int(pairs[row])} pairs of neighbours, under the {limits.pairs} "
                    f"{least}"
                )
        return np.array([not notes for notes in self._notes], dtype=np.bool_)

    def _cut(self) -> tuple[HrvWindows, Rows]:
        """Return the five minutes of long spans, and the row of each."""
        series, windows = self._series, self._windows
        step = STEP_S * series.clock
        number = (windows.ends - windows.starts) // step
        number = np.where((number >= 2) & self._counts & self._is_long, number, 0)
        if not number.any():
            return windows.part([]), np.empty(0, np.int64)
        row = np.repeat(np.arange(len(number)), number)
        starts = windows.starts[row] + step * ranges(np.zeros_like(number), number)
        pieces = HrvWindows.plain(starts, starts + step)
        (share,) = pieces.covered(series, pieces.asked)
        pairs = time_domain(series, pieces.lows, pieces.highs)["n_pairs"]
        kept = np.flatnonzero((share >= self._limits.piece) & (pairs >= _LEAST_PAIRS))
        return pieces.part(kept), row[kept]

    # -- parts

    def add_time(self) -> None:
        """Add the time domain."""
        self._columns |= self._time
        rmssd = self._time["rmssd"]
        for row in np.flatnonzero(self._counts & (rmssd < NEAR_FLOOR_MS)).tolist():
            floor = self._columns["rmssd_floor_ms"][row]
            if floor > NEAR_FLOOR_MS / 1000:
                self._notes[row].append(
                    f"RMSSD is near the {floor:.2f} ms that ticks add in quadrature"
                )
        if not self._is_long:
            return
        pieces = time_domain(self._series, self._pieces.lows, self._pieces.highs)
        count = len(self._notes)
        means, spreads = (pieces[name] for name in ("mean_nn", "sdnn"))
        number = np.bincount(self._piece_of, minlength=count).astype(np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            centre = np.bincount(self._piece_of, means, count) / number
            around = (means - centre[self._piece_of]) ** 2
            squares = np.bincount(self._piece_of, around, count)
            self._columns["sdann"] = np.sqrt(
                squares / np.where(number > 1, number - 1, np.nan)
            )
            self._columns["sdnni"] = (
                np.bincount(self._piece_of, spreads, count) / number
            )
        self._columns["n_windows"] = number

    def add_frequency(self, method: Method) -> None:
        """Add the bands of the spectrum."""
        spectra = self.spectra(method)
        bands: Figures = {
            name: np.full(len(spectra), np.nan) for name in ("vlf", "lf", "hf")
        }
        for row, spectrum in enumerate(spectra):
            for name, power in band_powers(spectrum[None]).items():
                bands[name][row] = power[0]
        bands["total_power"] = bands["vlf"] + bands["lf"] + bands["hf"]
        self._note_spectra(bands)
        seconds = self._windows.seconds(self._series)
        for name, least in _LEAST_S.items():
            bands[name][seconds < least] = np.nan
        both = bands["lf"] + bands["hf"]
        with np.errstate(divide="ignore", invalid="ignore"):
            some = np.where(both > 0, both, np.nan)
            bands["lf_nu"], bands["hf_nu"] = (
                100 * bands[name] / some for name in ("lf", "hf")
            )
            bands["lf_hf"] = bands["lf"] / np.where(
                bands["hf"] > 0, bands["hf"], np.nan
            )
        self._columns |= bands
        if self._is_long:
            number = np.bincount(self._piece_of, minlength=len(spectra))
            self._columns["n_windows"] = number.astype(np.float64)

    def _note_spectra(self, bands: Figures) -> None:
        seconds = self._windows.seconds(self._series)
        for row in np.flatnonzero(self._counts).tolist():
            if np.isnan(bands["hf"][row]):
                self._notes[row].append(self._no_spectrum(row))
                continue
            short = [name for name, least in _LEAST_S.items() if seconds[row] < least]
            if short:
                names = " and ".join(
                    name.upper() for name in short if name != "total_power"
                )
                self._notes[row].append(
                    f"{seconds[row]:.0f} s are too short for {names}"
                )

    def _no_spectrum(self, row: int) -> str:
        if self._windows.seconds(self._series)[row] >= 2 * STEP_S:
            return (
                "no spectrum: there are no five minutes of which "
                f"{_percent(self._limits.piece)} are covered"
            )
        return "no spectrum: no run of beats is long enough for it"

    def spectra(self, method: Method) -> list[Values]:
        """Return the spectrum of each row; NaN where there is none."""
        if method == "welch":
            return list(self._welch())
        series, windows = self._series, self._windows
        nothing = lomb_spectra(series, windows.starts[:0], windows.ends[:0])
        found: list[Values] = [np.full(nothing.shape[1], np.nan)] * len(self._notes)
        seconds = windows.seconds(series)
        whole = self._counts & (seconds < 2 * STEP_S)
        for finer, chosen in (
            (1, whole & (seconds <= STEP_S + _PLAY_S)),
            (2, whole & (seconds > STEP_S + _PLAY_S)),
        ):
            rows = np.flatnonzero(chosen)
            part = windows.part(rows)
            spectra = lomb_spectra(series, part.lows, part.highs, finer=finer)
            for row, spectrum in zip(rows.tolist(), spectra, strict=True):
                found[row] = spectrum
        pieces = lomb_spectra(series, self._pieces.lows, self._pieces.highs)
        for row in np.unique(self._piece_of).tolist():
            found[row] = pieces[self._piece_of == row].mean(axis=0)
        return found

    def _welch(self) -> Iterator[Values]:
        windows = self._windows
        for low, high, counts in zip(
            windows.lows.tolist(), windows.highs.tolist(), self._counts, strict=True
        ):
            # An empty span has no segment.
            yield welch_spectrum(self._series, low, high if counts else low)

    def add_nonlinear(self) -> None:
        """Add sample entropy and detrended fluctuations."""
        series, windows = self._series, self._windows
        kept = np.flatnonzero(series.counts)
        values = series.intervals[kept].astype(np.float64)
        follows = series.pairs[kept]
        ticks = series.ticks[kept]
        first, last = (
            np.searchsorted(ticks, at) for at in (windows.lows, windows.highs)
        )
        figures = np.full((len(self._notes), 3), np.nan)
        for row in np.flatnonzero(self._counts).tolist():
            rows = slice(first[row], last[row])
            inside = follows[rows].copy()
            inside[:1] = False
            figures[row] = nonlinear_figures(values[rows], inside)
            if last[row] - first[row] > MOST_BEATS:
                self._notes[row].append(
                    f"no sample entropy of more than {MOST_BEATS} beats"
                )
        names = ("sampen", "dfa_a1", "dfa_a2")
        self._columns |= dict(zip(names, figures.T, strict=True))

    # -- the frame

    def frame(self) -> pd.DataFrame:
        """Return the table, in the order of `UNITS`."""
        for row, strays in enumerate(self._strays()):
            if strays:
                self._notes[row].append(
                    f"{strays} intervals do not begin at the beat before them"
                )
        columns: dict[str, Any] = {}
        for name in UNITS:
            if name not in self._columns:
                continue
            values = self._columns[name]
            if name in _COUNTS:
                columns[name] = values.astype(np.int64)
            else:
                told = name in _TOLD
                columns[name] = (
                    values if told else np.where(self._counts, values, np.nan)
                )
        judged_by = [self._series.judged_by] * len(self._notes)
        columns["judged_by"] = pd.array(judged_by, dtype="string")
        notes = ["; ".join(notes) for notes in self._notes]
        columns["note"] = pd.array(notes, dtype="string")
        return pd.DataFrame(columns)

    def _strays(self) -> list[int]:
        at = self._series.ticks[self._series.strays]
        low, high = (
            np.searchsorted(at, edges)
            for edges in (self._windows.lows, self._windows.highs)
        )
        number: list[int] = np.maximum(high - low, 0).tolist()
        return number


def _percent(share: float) -> str:
    """Return a share in %, with a decimal where it is small."""
    return f"{100 * share:.{0 if share >= 0.1 else 1}f} %"
