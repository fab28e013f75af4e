"""Spectra of intervals between beats, and the power in the bands of variability.

Lomb-Scargle takes the beats where they are, all spans at once; Welch interpolates them.
Arrays in, arrays out; which spans have a spectrum, and what a row says, is for `hrv`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from hexoframe.analysis.bins import ranges
from hexoframe.analysis.extras import part_of_scipy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.analysis.beats import RRSeries

    Rows = NDArray[np.int64]
    Spectra = NDArray[np.float64]

__all__ = ["BANDS", "STEP_S", "Method", "band_powers", "lomb_spectra", "welch_spectrum"]

Method = Literal["lomb", "welch"]

STEP_S = 300
"""Frequencies are whole multiples of 1 / 300 Hz, which all edges of bands are."""


class _Edges(NamedTuple):
    """A band of frequencies, `low` and not `high`, in multiples of 1 / 300 Hz."""

    low: int
    high: int


BANDS = {"vlf": _Edges(1, 12), "lf": _Edges(12, 45), "hf": _Edges(45, 121)}
"""0.0033 to 0.04, 0.04 to 0.15, and 0.15 to 0.4 Hz, which is the last frequency."""
_LAST = 120
# Beats of a block that stays in the cache of a core.
_BLOCK = 1 << 13
# A sum of squares so much smaller than the number of beats is one of rounding.
_NOTHING = 1e-9

_RATE_HZ = 4
_SEGMENT = 120 * _RATE_HZ
_LONGEST_HOLE_S = 3


def lomb_spectra(
    series: RRSeries, lows: Rows, highs: Rows, *, finer: int = 1
) -> Spectra:
    """Return the Lomb-Scargle spectrum of each span, in ms^2/Hz.

    Of the intervals that count, at the times of their beats, less their mean. One-sided
    density ``2 P T / n``, where T is the time that the intervals cover: a hole leaves
    the power as it is. Spans hold the beats stamped from `lows` up to, not including,
    `highs`.

    Parameters
    ----------
    series : RRSeries
        The beats.
    lows, highs : ndarray of int64, shape (n,), in ticks
        The spans.
    finer : int, default 1
        Frequencies are multiples of ``1 / (300 * finer)`` Hz: no step may be wider than
        one part in the length of a span.

    Returns
    -------
    ndarray of float64, shape (n, 120 * finer)
        NaN for spans with fewer than three beats.
    """
    ticks = series.ticks[series.counts]
    values = series.milliseconds[series.counts]
    first, last = np.searchsorted(ticks, lows), np.searchsorted(ticks, highs)
    spectra = np.full((len(first), _LAST * finer), np.nan)
    filled = np.flatnonzero(last - first >= 3)
    block = np.cumsum(last[filled] - first[filled]) // _BLOCK
    for part in np.split(filled, np.flatnonzero(np.diff(block)) + 1):
        if len(part):
            rows = ranges(first[part].astype(np.int64), last[part].astype(np.int64))
            counts = last[part] - first[part]
            origin = np.repeat(ticks[first[part]], counts)
            seconds = (ticks[rows] - origin) / series.clock
            spectra[part] = _lomb(seconds, values[rows], counts, finer)
    return spectra


def _lomb(
    seconds: NDArray[np.float64], values: NDArray[np.float64], counts: Rows, finer: int
) -> Spectra:
    """Return the spectra of spans that follow each other, none of them empty.

    Frequencies are multiples of the first, so each turns the beats on by the same
    angle: a product takes the place of sine and cosine.
    """
    starts = np.cumsum(counts) - counts
    means = np.add.reduceat(values, starts) / counts
    centred = values - np.repeat(means, counts)
    turn = np.exp(2j * np.pi * seconds / (STEP_S * finer))
    frequencies = _LAST * finer
    sums = np.empty((2 * frequencies, len(counts)), np.complex128)
    waves = np.empty((frequencies, len(counts)), np.complex128)
    angle = turn.copy()
    product = np.empty_like(turn)
    for at in range(2 * frequencies):
        sums[at] = np.add.reduceat(angle, starts)
        if at < frequencies:
            np.multiply(angle, centred, out=product)
            waves[at] = np.add.reduceat(product, starts)
        angle *= turn
    # Sine and cosine are shifted until they are orthogonal on the beats: by half the
    # angle of the sum at twice the frequency.
    double = sums[1::2]
    length = np.abs(double)
    shifted = waves * np.exp(-0.5j * np.angle(double))
    power = _over(shifted.real**2, counts + length)
    power += _over(shifted.imag**2, counts - length)
    # T / n is the mean interval.
    spectra: Spectra = (2 * power * means / 1000).T
    return spectra


def _over(squares: NDArray[np.float64], twice: NDArray[Any]) -> Spectra:
    """Divide by sums of squared cosines, given twice; 0 where all beats meet its 0."""
    ratio: Spectra = np.divide(
        squares, twice, out=np.zeros_like(squares), where=twice > _NOTHING
    )
    return ratio


def welch_spectrum(series: RRSeries, low: int, high: int) -> Spectra:
    """Return the spectrum of a span by Welch, in ms^2/Hz; NaN without a segment.

    A cubic spline through the intervals that count, at 4 Hz, within runs without a hole
    of more than 3 s; segments of 120 s that overlap by half, less a straight line,
    under a Hann window, filled up to 300 s; the mean of all segments.

    Parameters
    ----------
    series : RRSeries
        The beats.
    low, high : int, in ticks
        The span.

    Returns
    -------
    ndarray of float64, shape (120,)
        At the multiples of 1 / 300 Hz.
    """
    interpolate = part_of_scipy("interpolate", "a spectrum by Welch")
    signal = part_of_scipy("signal", "a spectrum by Welch")
    ticks = series.ticks[series.counts]
    first, last = np.searchsorted(ticks, (low, high))
    seconds = (ticks[first:last] - ticks[first : first + 1]) / series.clock
    values = series.milliseconds[series.counts][first:last]
    holes = np.diff(seconds) - values[1:] / 1000
    total, segments = np.zeros(_LAST), 0
    for run in np.split(
        np.arange(len(seconds)), np.flatnonzero(holes > _LONGEST_HOLE_S) + 1
    ):
        if not len(run):
            continue
        begin, end = seconds[run[0]], seconds[run[-1]]
        count = int((end - begin) * _RATE_HZ) + 1
        if count < _SEGMENT:
            continue
        spline = interpolate.CubicSpline(seconds[run], values[run])
        number = (count - _SEGMENT) // (_SEGMENT // 2) + 1
        total += number * _welch(signal, spline(begin + np.arange(count) / _RATE_HZ))
        segments += number
    return total / segments if segments else np.full(_LAST, np.nan)


def _welch(signal: Any, samples: NDArray[np.float64]) -> Spectra:
    _, density = signal.welch(
        samples,
        fs=_RATE_HZ,
        window="hann",
        nperseg=_SEGMENT,
        noverlap=_SEGMENT // 2,
        nfft=STEP_S * _RATE_HZ,
        detrend="linear",
    )
    spectrum: Spectra = density[1 : _LAST + 1]
    return spectrum


def band_powers(spectra: Spectra) -> dict[str, NDArray[np.float64]]:
    """Return the power of each band of each spectrum, in ms^2.

    `spectra` have shape (n, 120 * finer) and begin with their first multiple.
    """
    finer = spectra.shape[1] // _LAST
    step_hz = 1 / (STEP_S * finer)
    return {
        name: spectra[:, low * finer - 1 : high * finer - 1].sum(axis=1) * step_hz
        for name, (low, high) in BANDS.items()
    }
