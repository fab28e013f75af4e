"""Heart-rate variability: time domain, spectrum and nonlinear figures, a row a span.

`hexoframe.Record.hrv` is `compute_hrv`; the functions of one part take a frame of
intervals. When a figure counts and what its row says is in `hrvtable`, and which
intervals count in `beats`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import pandas as pd

from hexoframe.analysis.beats import RR, Counted, beats_of, counted_beats, rr_channel
from hexoframe.analysis.hrvtable import (
    NEAR_FLOOR_MS,
    PAIRS,
    SHARE,
    UNITS,
    HrvLimits,
    HrvTable,
    HrvWindows,
    limits_of,
)
from hexoframe.analysis.quality import usable_rows, worn_rows
from hexoframe.analysis.spans import spans_of, window_length_s, window_spans
from hexoframe.analysis.spectrum import STEP_S, Method
from hexoframe.errors import ConfigurationError, HexoframeWarning, warn
from hexoframe.recording import metadata
from hexoframe.recording.scales import without_warning

if TYPE_CHECKING:
    from hexoframe.analysis.beats import RRSeries
    from hexoframe.analysis.grids import Origin
    from hexoframe.analysis.spans import Spans
    from hexoframe.recording.data import RecordData

    Intervals = pd.DataFrame | pd.Series[Any]
    Window = str | pd.Timedelta | pd.DataFrame | None

__all__ = [
    "beats_of_record",
    "compute_hrv",
    "compute_hrv_frequency",
    "compute_hrv_nonlinear",
    "compute_hrv_spectrum",
    "compute_hrv_time",
    "spectrum_of_record",
    "table_of_spans",
]

# -- of a record -----------------------------------------------------------------------


def compute_hrv(  # noqa: PLR0913  # each is a question of its own
    record: RecordData,
    window: Window = "5min",
    *,
    beats: Counted = "good",
    spectrum: Method = "lomb",
    nonlinear: bool = False,
    min_share: float | None = None,
    min_pairs: int | None = None,
    origin: Origin = "start",
) -> pd.DataFrame:
    """Return the heart-rate variability of a record, a row a span.

    Parameters
    ----------
    record : RecordData
        The record.
    window, beats, spectrum, nonlinear, min_share, min_pairs, origin
        As for `hexoframe.Record.hrv`.

    Returns
    -------
    DataFrame
        As `hexoframe.Record.hrv` describes it; the units of its columns are in
        ``frame.attrs["hexoframe"]["units"]``.

    Raises
    ------
    ConfigurationError, TimestampError, UnknownChannelError
        As for `hexoframe.Record.hrv`.
    """
    spans = window_spans(record, window, origin)
    _check_method(spectrum)
    made = table_of_spans(
        record, spans, window, beats=beats, min_share=min_share, min_pairs=min_pairs
    )
    made.add_time()
    made.add_frequency(spectrum)
    if nonlinear:
        made.add_nonlinear()
    table = _with_units(spans.labelled(made.frame()), record.id)
    _warn_of_floor(table)
    return table


def beats_of_record(record: RecordData, counted: Counted = "good") -> RRSeries:
    """Return the beats of a record, and which of its intervals count.

    Parameters
    ----------
    record : RecordData
        The record.
    counted : {"good", "nn", "all"}
        As `beats` of `hexoframe.Record.hrv`.

    Returns
    -------
    RRSeries
        Without a channel of flags, plausible intervals count as good, and a warning
        says so.

    Raises
    ------
    ConfigurationError
        If the record has no channel of intervals, or `counted` is another word.
    """
    if counted not in get_args(Counted):
        raise ConfigurationError(
            f"beats={counted!r}: give one of {', '.join(get_args(Counted))}"
        )
    with without_warning():
        rr_channel(record, RR)
        rows = usable_rows if counted == "good" else worn_rows
        return counted_beats(record, counted, rows(record, RR))


def table_of_spans(  # noqa: PLR0913  # each is a question of its own
    record: RecordData,
    spans: Spans,
    window: Window,
    *,
    beats: Counted = "good",
    min_share: float | None = None,
    min_pairs: int | None = None,
    brief: bool = False,
) -> HrvTable:
    """Return the table of the spans that `window` names, still without figures.

    A `brief` one is for RMSSD alone.
    """
    fixed = window_length_s(window)
    limits = limits_of(min_share, min_pairs, is_window=fixed is not None)
    series = beats_of_record(record, beats)
    _warn_of_strays(series)
    is_long = fixed is None or fixed >= 2 * STEP_S
    how = {"is_long": is_long, "is_window": fixed is not None, "brief": brief}
    return _table_of(series, spans, limits, **how)


def _table_of(  # noqa: PLR0913  # what a table is of
    series: RRSeries,
    spans: Spans,
    limits: HrvLimits,
    *,
    is_long: bool,
    is_window: bool = False,
    brief: bool = False,
) -> HrvTable:
    length = (spans.ends - spans.starts).astype(np.float64)
    # Of a window that the record cuts short, the whole length counts; a day or an
    # activity is judged by what lies in the record.
    share = spans.labels["span_share"].to_numpy()
    is_cut = (share > 0) & is_window
    windows = HrvWindows(
        starts=spans.starts,
        ends=spans.ends,
        lows=spans.lows,
        highs=spans.highs,
        asked=np.divide(length, share, out=length.copy(), where=is_cut),
    )
    return HrvTable(series, windows, limits, is_long=is_long, brief=brief)


def _with_units(table: pd.DataFrame, record_id: int | None) -> pd.DataFrame:
    """Return a table that says its units."""
    units = {str(name): UNITS.get(str(name), "") for name in table}
    table.attrs = {metadata.KEY: metadata.result_block(units, record_id=record_id)}
    return table


def _check_method(method: str) -> None:
    if method not in get_args(Method):
        raise ConfigurationError(
            f"{method!r} is no way to a spectrum: give one of "
            f"{', '.join(get_args(Method))}"
        )


def _warn_of_strays(series: RRSeries) -> None:
    strays = int(series.strays.sum())
    if strays:
        warn(
            f"{strays} of {len(series)} intervals do not begin at the beat before: "
            "times were rounded, rows were lost, or the series was thinned; their "
            "differences do not count. In a recording as it was made all do: take the "
            "binary export, or load the record",
            HexoframeWarning,
        )


def _warn_of_floor(table: pd.DataFrame) -> None:
    near = table["rmssd"] < NEAR_FLOOR_MS
    floor = table["rmssd_floor_ms"]
    # Stamps in ns add nothing.
    if not (near & (floor > NEAR_FLOOR_MS / 1000)).any():
        return
    least = table["rmssd"].min()
    warn(
        f"RMSSD is {least:.2f} ms at the least, near the {floor.iloc[0]:.2f} ms that "
        f"the ticks of the clock add in quadrature ({int(near.sum())} of {len(table)} "
        f"rows are under {NEAR_FLOOR_MS} ms): differences between such rows may be "
        "those of rounding",
        HexoframeWarning,
    )


# -- of a frame ------------------------------------------------------------------------


def compute_hrv_time(
    rr: Intervals,
    quality: Intervals | None = None,
    *,
    min_share: float = SHARE,
    min_pairs: int = PAIRS,
) -> pd.DataFrame:
    """Return the time domain of heart-rate variability, in one row.

    Parameters
    ----------
    rr : DataFrame of one column or Series, shape (n,), in s
        ``record["rr_interval"]``, or intervals of your own: each at the time of its
        later beat, ascending, with a zone. 0 is a beat with none before it, NaN a
        missing one. Times and intervals are those of the source: whole ticks of 1/256
        or 1/1000 s, or else ns. A frame of counts says so itself.
    quality : DataFrame of one column or Series, shape (m,), optional
        ``record["rr_interval_quality"]``: beats with a flag, or without a row there, do
        not count. Without it, intervals of 0.3 to 2 s do.
    min_share : float, default 0.1
        Share of the time from the first interval to the last beat that intervals must
        cover.
    min_pairs : int, default 100
        Pairs of neighbours that there must be; never fewer than 2.

    Returns
    -------
    DataFrame of one row
        ``n_beats``, intervals that count; ``n_pairs``, pairs of them of which the
        second begins where the first ends, to the tick; ``good_share``, the share of
        the time that they cover. ``mean_nn`` and ``sdnn``, their mean and standard
        deviation (n - 1), in ms; ``mean_hr``, 60 000 / mean_nn, in bpm. Of pairs alone:
        ``rmssd``, the root of the mean square of their differences, in ms; ``pnn50``,
        the share of differences above 50 ms, in % of pairs; ``sd1`` and ``sd2``, the
        standard deviations across and along the diagonal of the Poincare plot, in ms.
        ``triangular_index``, intervals / those in the fullest bin of 1/128 s.
        ``sdann`` and ``sdnni``, the standard deviation of the means, and the mean of
        the standard deviations, of the ``n_windows`` full five minutes from the start
        of which 80 % are covered; NaN under 10 min. ``rmssd_floor_ms``: rounding to
        ticks adds as much to RMSSD in quadrature. ``judged_by``: quality or limits.
        ``note``: why figures are NaN, or what to know of them. Units are in
        ``frame.attrs["hexoframe"]["units"]``.

    Raises
    ------
    ConfigurationError
        If `rr` is no such frame, or an interval is negative, infinite or no whole tick.
    TimestampError
        If times have no zone, run backwards, come twice, or are no whole ticks.

    Notes
    -----
    Definitions: Task Force of the European Society of Cardiology and the North American
    Society of Pacing and Electrophysiology, Circulation 93 (1996) 1043; Brennan,
    Palaniswami and Kamen, IEEE Trans Biomed Eng 48 (2001) 1342, for SD1 and SD2. The
    floor: the time of a beat that is rounded to a tick is off by tick / sqrt(12), and
    the difference of two intervals holds three beats (1, -2, 1 times), which makes
    sqrt(6) of it.
    """
    made = _of_frame(rr, quality, min_share, min_pairs)
    made.add_time()
    return _with_units(made.frame(), metadata.block_of(rr).get("record"))


def compute_hrv_frequency(
    rr: Intervals,
    quality: Intervals | None = None,
    *,
    method: Method = "lomb",
    min_share: float = SHARE,
    min_pairs: int = PAIRS,
) -> pd.DataFrame:
    """Return the power of heart-rate variability in bands of frequency, in one row.

    Parameters
    ----------
    rr, quality, min_share, min_pairs
        As for `compute_hrv_time`.
    method : {"lomb", "welch"}
        Lomb-Scargle on the beats as they are, or Welch on a spline through them, which
        needs scipy.

    Returns
    -------
    DataFrame of one row
        ``n_beats``, ``n_pairs`` and ``good_share`` as in `compute_hrv_time`; ``vlf``
        (0.0033 to 0.04 Hz), ``lf`` (0.04 to 0.15 Hz), ``hf`` (0.15 to 0.4 Hz) and their
        sum ``total_power``, in ms^2; a frequency on an edge belongs to the band above
        it, 0.4 Hz to HF. ``lf_nu`` and ``hf_nu``, their shares of LF + HF, in %;
        ``lf_hf``, the ratio. HF needs a span of 60 s, LF of 120 s, VLF and the sum of
        270 s. From 10 min on, the spectrum is the mean of the ``n_windows`` full five
        minutes from the start of which 80 % are covered (`min_share`, where given
        otherwise). ``judged_by`` and ``note`` as in `compute_hrv_time`.

    Raises
    ------
    ConfigurationError, TimestampError
        As for `compute_hrv_time`; also if scipy is needed and not installed.

    Notes
    -----
    Lomb-Scargle: the mean is removed, frequencies are multiples of 1/300 Hz (of 1/600
    Hz for 5 to 10 min), and the one-sided density is 2 P T / n with T the time that the
    intervals cover, not the span, so that a hole costs no power. Lomb, Astrophys Space
    Sci 39 (1976) 447; Scargle, Astrophys J 263 (1982) 835. Welch: a cubic spline at 4
    Hz within runs without a hole of more than 3 s, a straight line removed, Hann
    windows of 120 s that overlap by half; runs under 120 s are left out, and VLF is
    resolved only in part. Welch, IEEE Trans Audio Electroacoust 15 (1967) 70.
    """
    _check_method(method)
    made = _of_frame(rr, quality, min_share, min_pairs)
    made.add_frequency(method)
    return _with_units(made.frame(), metadata.block_of(rr).get("record"))


def compute_hrv_nonlinear(
    rr: Intervals,
    quality: Intervals | None = None,
    *,
    min_share: float = SHARE,
    min_pairs: int = PAIRS,
) -> pd.DataFrame:
    """Return sample entropy and detrended fluctuations, in one row; needs scipy.

    Parameters
    ----------
    rr, quality, min_share, min_pairs
        As for `compute_hrv_time`.

    Returns
    -------
    DataFrame of one row
        ``n_beats``, ``n_pairs`` and ``good_share`` as in `compute_hrv_time`; ``sampen``
        (m = 2, r = 0.2 standard deviations of the intervals, n in the denominator), of
        at most 5000 beats; ``dfa_a1`` and ``dfa_a2``, the slopes of log F(n) over all n
        from 4 to 16 and from 16 to 64 beats. ``judged_by`` and ``note`` as there.

    Raises
    ------
    ConfigurationError, TimestampError
        As for `compute_hrv_time`; also if scipy is not installed.

    Notes
    -----
    Beats that follow each other alone: templates and boxes lie within runs of
    neighbours. F(n) is the root of the mean square of the summed deviations from the
    mean, less a straight line in each box of n beats; boxes do not overlap and follow
    each other from the start of each run, and two of the longest must fit. Richman and
    Moorman, Am J Physiol 278 (2000) H2039; Peng et al., Chaos 5 (1995) 82.
    """
    made = _of_frame(rr, quality, min_share, min_pairs)
    made.add_nonlinear()
    return _with_units(made.frame(), metadata.block_of(rr).get("record"))


def compute_hrv_spectrum(
    rr: Intervals,
    quality: Intervals | None = None,
    *,
    method: Method = "lomb",
    min_share: float = SHARE,
    min_pairs: int = PAIRS,
) -> pd.DataFrame:
    """Return the spectrum behind `compute_hrv_frequency`.

    Parameters
    ----------
    rr, quality, method, min_share, min_pairs
        As for `compute_hrv_frequency`.

    Returns
    -------
    DataFrame, indexed by ``frequency`` in Hz
        ``psd``, the one-sided density in ms^2/Hz, all NaN where there is no spectrum.
        The power of a band is the sum of its rows times their step.

    Raises
    ------
    ConfigurationError, TimestampError
        As for `compute_hrv_frequency`.
    """
    _check_method(method)
    made = _of_frame(rr, quality, min_share, min_pairs)
    return _spectrum_frame(made, method)


def spectrum_of_record(record: RecordData) -> pd.DataFrame:
    """Return the spectrum of a whole record, as `compute_hrv_spectrum` does."""
    spans = spans_of(record, None)
    limits = limits_of(None, None, is_window=False)
    series = beats_of_record(record)
    return _spectrum_frame(_table_of(series, spans, limits, is_long=True), "lomb")


def _spectrum_frame(made: HrvTable, method: Method) -> pd.DataFrame:
    (spectrum,) = made.spectra(method)
    steps = np.arange(1, len(spectrum) + 1)
    highest = 0.4
    frequency = pd.Index(steps * highest / len(spectrum), name="frequency")
    return pd.DataFrame({"psd": spectrum}, index=frequency)


def _of_frame(
    rr: Intervals, quality: Intervals | None, min_share: float, min_pairs: int
) -> HrvTable:
    series = beats_of(rr, quality)
    edges = np.zeros(2, np.int64)
    if len(series):
        edges[:] = series.ticks[0] - series.intervals[0], series.ticks[-1]
    # The last beat, at the end of the span, belongs to it.
    plain = HrvWindows.plain(edges[:1], edges[1:])
    windows = replace(plain, highs=edges[1:] + 1)
    limits = limits_of(min_share, min_pairs, is_window=False)
    if min_share == SHARE:
        limits = limits._replace(given=None)
    return HrvTable(series, windows, limits, is_long=True)
