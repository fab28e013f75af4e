"""The summary of a record: each metric from usable samples, beside the vendor's figure.

The rows, their units and rules are data (`metrics.csv`). Here they are computed, of all
spans at once, and what the vendor counts besides is said.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from hexoframe.analysis.align import second_channel
from hexoframe.analysis.beats import vendor_rmssds
from hexoframe.analysis.energy import Profile, estimate_watts
from hexoframe.analysis.hrv import table_of_spans
from hexoframe.analysis.metrics import ENERGY, indexed_metrics, vendor_figures
from hexoframe.analysis.quality import measured_rows, worn_rows
from hexoframe.analysis.spans import spans_of
from hexoframe.analysis.usage import (
    ChosenRows,
    SpanSamples,
    count_rows,
    span_samples,
)
from hexoframe.analysis.wear import find_wear
from hexoframe.errors import ConfigurationError
from hexoframe.recording import metadata
from hexoframe.recording.frames import ticks_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from hexoframe.analysis.grids import Origin
    from hexoframe.analysis.metrics import IndexedMetric
    from hexoframe.analysis.spans import By, Spans
    from hexoframe.recording.data import RecordData

    Marks = NDArray[np.bool_]
    Rows = NDArray[np.int64]
    Values = NDArray[np.float64]

__all__ = ["summarise"]

# Sums of the same samples in another order differ by less.
_SAME = 1e-9
# How a note says it of seconds.
_WORDS = {
    "not_worn": "{:,} s not worn",
    "initial": "{:,} s of the default before the first measurement",
    "flagged": "{:,} s flagged",
    "clipped": "{:,} s clipped",
    "implausible": "{:,} s implausible",
    "handled": "{:,} s handled",
    "missing": "{:,} s missing",
}
_OF_SAMPLES = ("mean", "min", "max", "total", "rmssd")
_STEP = "step"


def summarise(  # noqa: PLR0913  # each is a question of its own
    record: RecordData,
    by: By = None,
    *,
    origin: Origin = "start",
    wide: bool = False,
    min_share: float = 0.1,
    profile: Profile | None = None,
) -> pd.DataFrame:
    """Return the metrics of a record, as `hexoframe.Record.summary` describes them.

    Parameters
    ----------
    record : RecordData
        The record.
    by, origin, wide, min_share
        As for `hexoframe.Record.summary`.
    profile : Profile, optional
        What is known of the wearer.

    Returns
    -------
    DataFrame
        A row a metric, a row a span and metric or, if `wide`, a row a span.

    Raises
    ------
    ConfigurationError, TimestampError
        If `by` names no spans, or `min_share` is no share.
    """
    if not 0 < min_share <= 1:
        raise ConfigurationError(
            f"min_share={min_share!r}: give a share above 0, at most 1"
        )
    spans = spans_of(record, by, origin=origin)
    work = _Work(record, by, spans, min_share, profile or Profile())
    figures = {one: work.figures(one) for one in indexed_metrics()}
    found = {one: row for one, row in figures.items() if row is not None}
    if wide:
        return _wide(work, found)
    rows = list(found.values())
    tidy = pd.DataFrame(
        {
            "metric": [one.metric for one in found] * len(spans),
            "value": _joined([row.value for row in rows]),
            "unit": [one.unit for one in found] * len(spans),
            "good_share": _joined([row.good_share for row in rows]),
            "n": _joined([row.n for row in rows]),
            "vendor": _joined([row.vendor for row in rows]),
            "vendor_rule": _joined([row.vendor_rule for row in rows]),
            "note": [
                note
                for notes in zip(*(row.notes for row in rows), strict=True)
                for note in notes
            ],
        }
    ).astype({"metric": "string", "unit": "string", "n": "Int64", "note": "string"})
    return tidy.set_index("metric") if by is None else spans.labelled(tidy)


def _joined(columns: list[Values]) -> Values:
    """Put a row of spans for each metric into one column, span by span."""
    joined: Values = np.stack(columns, axis=1).ravel()
    return joined


def _wide(work: _Work, found: Mapping[IndexedMetric, _Figures]) -> pd.DataFrame:
    """Return a column a metric, and behind those of a channel their good share."""
    columns: dict[str, Values] = {}
    units: dict[str, str] = {}
    for one, row in found.items():
        if one.statistic and not work.profile.lacks(one.profile):
            share = f"{one.channel or one.metric}_good_share"
            columns.pop(share, None)
            columns[one.metric] = row.value
            # How long a span is rests on nothing.
            if one.statistic != "duration":
                columns[share] = row.good_share
            units[one.metric] = one.unit
    table = work.spans.labelled(pd.DataFrame(columns))
    table.attrs[metadata.KEY] = metadata.result_block(units, record_id=work.record.id)
    return table


class _Figures(NamedTuple):
    """The figures of one metric, each of shape (spans,), and a note for each span."""

    value: Values
    good_share: Values
    n: Values
    vendor: Values
    vendor_rule: Values
    notes: list[str]


class _Computed(NamedTuple):
    """What was computed of one metric, each of shape (spans,).

    `besides` is what the vendor counts besides, and `lost` why nothing is usable:
    numbers of each span by the words around them. `omitted` counts zeros that only the
    vendor leaves out; `said` is what was said before of the value of each span.
    """

    value: Values
    good_share: Values
    n: Values
    vendor_rule: Values
    besides: Mapping[str, Values] = MappingProxyType({})
    lost: Mapping[str, Values] = MappingProxyType({})
    omitted: Values | None = None
    said: list[str] | None = None


class _Work:
    """A record, its spans, and what was read of it so far."""

    def __init__(
        self,
        record: RecordData,
        by: By,
        spans: Spans,
        min_share: float,
        profile: Profile,
    ) -> None:
        self.record = record
        self.spans = spans
        self._by = by
        self.profile = profile
        self._min_share = min_share
        self._vendor = vendor_figures(record)
        self._whole = spans.covers(record)
        self._outside = spans.labels["span_share"].to_numpy() == 0
        self._samples: dict[str, SpanSamples] = {}
        self._rows: dict[
            tuple[str, str, str], tuple[ChosenRows, ChosenRows, _Computed]
        ] = {}

    def figures(self, one: IndexedMetric) -> _Figures | None:
        """Return the figures of a metric; None where only the vendor could have one."""
        vendor = np.where(self._whole, self._vendor.get(one.metric, np.nan), np.nan)
        if not one.statistic and np.isnan(vendor).all():
            return None
        why = self._absent(one)
        found = self._blank(one) if why else self._computed(one)
        few = ~(found.good_share >= self._min_share)
        value = np.where(few, np.nan, found.value)
        limit = np.inf if one.limit is None else one.limit * self._factor(one)
        high = found.vendor_rule >= limit
        rule = np.where(high, np.nan, found.vendor_rule)
        notes = [
            "outside the record" if away else why or self._note(found, at, value[at])
            for at, away in enumerate(self._outside)
        ]
        _add(notes, high, _told_limit(one))
        _add(notes, ~np.isnan(value), self._told_flags(one))
        told = ~np.isnan(vendor) & ~np.isnan(rule)
        _add(
            notes,
            told & ~_equal(vendor, rule),
            "the vendor's figure is not that of its rule",
        )
        return _Figures(value, found.good_share, found.n, vendor, rule, notes)

    # -- notes -------------------------------------------------------------------------

    def _absent(self, one: IndexedMetric) -> str:
        """Say why a metric cannot be computed; empty if it can."""
        if not one.statistic:
            return "the vendor's figure alone"
        if one.channel and one.channel not in self.record:
            if one.channel in self.record.left_out:
                return f"{one.channel} was left out when the record was opened"
            return f"the record has no {one.channel}"
        lacks = self.profile.lacks(one.profile)
        if lacks:
            return f"needs {', '.join(f'{name}=' for name in lacks)} of the wearer"
        return ""

    def _note(self, found: _Computed, at: int, value: float) -> str:
        """Say why there is no value, or why the vendor's rule gives another one."""
        share, parts = found.good_share[at], []
        lost = _in_words(found.lost, at)
        if found.said and found.said[at]:
            parts.append(found.said[at])
        elif share < self._min_share:
            because = f" ({lost})" if lost else ""
            parts.append(
                f"{_percent(share)} usable{because}, under the minimum of "
                f"{_percent(self._min_share)}"
            )
        elif np.isnan(value):
            parts.append("no usable value above 0")
        rule = found.vendor_rule[at]
        if not np.isnan(rule) and not _equal(value, rule):
            besides = _in_words(found.besides, at)
            zeros = 0 if found.omitted is None else int(found.omitted[at])
            told = [f"also counts {besides}"] if besides else []
            told += [f"leaves out {zeros:,} s of 0"] if zeros else []
            if told:
                parts.append(f"the vendor {' and '.join(told)}")
        return "; ".join(parts)

    def _told_flags(self, one: IndexedMetric) -> str:
        """Say that flags are not known; empty if they are."""
        if one.statistic not in _OF_SAMPLES or not one.channel:
            return ""
        quality = self.record.channel(one.channel).datatypes[0].quality
        if not quality or quality in self.record:
            return ""
        return f"flags are not known: no {quality}"

    # -- figures -----------------------------------------------------------------------

    def _blank(self, one: IndexedMetric) -> _Computed:
        """Return what is known of a metric that cannot be computed: nothing, mostly."""
        rule = nothing = np.full(len(self.spans), np.nan)
        mean = self._vendor.get("energy_mean", np.nan)
        if one.statistic == "total" and one.channel in self.record and mean > 0:
            # The vendor's sum follows from the vendor's mean.
            rule = np.where(self._whole, mean * self._seconds_of_energy(), np.nan)
        return _Computed(nothing, nothing, nothing, rule)

    def _computed(self, one: IndexedMetric) -> _Computed:
        how = {
            "duration": self._duration,
            "worn": self._worn,
            "count": self._steps,
            "rmssd": self._rmssd,
        }
        if one.statistic in how:
            return how[one.statistic]()
        return self._of_rate(one)

    def _duration(self) -> _Computed:
        seconds = (self.spans.ends - self.spans.starts) / self.record.clock
        share = np.ones(len(self.spans))
        return _Computed(seconds, share, np.full(len(share), np.nan), seconds)

    def _worn(self) -> _Computed:
        wear = find_wear(self.record)
        length = self.spans.ends - self.spans.starts
        known = length - self._ticks_in(wear.unknown)
        worn = known - self._ticks_in(wear.not_worn)
        nothing = np.full(len(length), np.nan)
        value = np.divide(100.0 * worn, known, out=nothing.copy(), where=known > 0)
        share = np.divide(known, length, out=np.zeros(len(length)), where=length > 0)
        lost = {
            "nothing tells of wear for {:,} s": (length - known) / self.record.clock
        }
        return _Computed(value, share, nothing, nothing, lost=lost)

    def _ticks_in(self, others: Iterable[tuple[int, int]]) -> Rows:
        """Return for how many ticks each span lies in others, which do not overlap."""
        shared = np.zeros(len(self.spans), np.int64)
        for first, last in others:
            ends = np.minimum(self.spans.ends, last)
            shared += np.maximum(ends - np.maximum(self.spans.starts, first), 0)
        return shared

    def _factor(self, one: IndexedMetric) -> float:
        """From the figure that the channel gives to that of the metric."""
        weight = self.profile.weight
        return weight / 65 if one.profile == "weight" and weight else 1.0

    def _of_rate(self, one: IndexedMetric) -> _Computed:
        kept, counted, known = self._counted(one)
        numbers = self._samples_of(one.channel).numbers
        if one.profile in ("body", "vo2max"):
            with_vo2max = one.profile == "vo2max"
            numbers = estimate_watts(numbers, self.profile, with_vo2max=with_vo2max)
        factor = self._factor(one) / one.divisor
        statistic = "mean" if one.statistic == "total" else one.statistic
        value = kept.reduced(numbers, statistic) * factor
        rule = counted.reduced(numbers, statistic) * factor
        if one.statistic == "total":
            value, rule = value * known.n, rule * self._seconds_of_energy()
        return known._replace(value=value, vendor_rule=rule)

    def _counted(self, one: IndexedMetric) -> tuple[ChosenRows, ChosenRows, _Computed]:
        """Return the rows that count here and for the vendor, and what they rest on.

        Metrics of a channel share them: they are counted once.
        """
        key = (one.channel, one.zeros, one.vendor_zeros)
        if key not in self._rows:
            samples = self._samples_of(one.channel)
            usable, known = samples.usable, samples.known
            zero = samples.numbers == 0
            kept = usable & ~zero if one.zeros == "left out" else usable
            counted = known & ~zero if one.vendor_zeros == "left out" else known
            chosen = samples.chosen(kept)
            lost = samples.doubted(known & ~usable)
            lost["missing"] = np.maximum(samples.expected - samples.count(known), 0)
            nothing = np.full(len(self.spans), np.nan)
            found = _Computed(
                nothing,
                samples.share,
                chosen.n,
                nothing,
                besides=samples.doubted(counted & ~kept),
                lost=lost,
                omitted=samples.count(kept & ~counted),
            )
            self._rows[key] = (chosen, samples.chosen(counted), found)
        return self._rows[key]

    def _seconds_of_energy(self) -> Values:
        """Return how many samples the vendor's sum has: those of its own channel."""
        channel = ENERGY if ENERGY in self.record else "heart_rate"
        first, last = self._rows_of(channel)
        return (last - first).astype(np.float64)

    def _steps(self) -> _Computed:
        usable = measured_rows(self.record, _STEP)
        usable &= worn_rows(self.record, _STEP)
        first, last = self._rows_of(_STEP)
        n = count_rows(usable, first, last)
        every = (last - first).astype(np.float64)
        # Steps have no rate: what is written each second tells when there could be any.
        name = second_channel(self.record)
        share = np.full(len(n), np.nan)
        lost = {}
        if name is not None:
            seconds = self._samples_of(name)
            worn = worn_rows(self.record, name)
            share = seconds.share_of(worn)
            off = seconds.count(~worn)
            lost = {
                "not_worn": off,
                "missing": np.maximum(seconds.expected - seconds.count(worn) - off, 0),
            }
        besides = {"{:,} step{s} of a shirt that was off": every - n}
        return _Computed(n, share, n, every, besides=besides, lost=lost)

    def _rmssd(self) -> _Computed:
        made = table_of_spans(self.record, self.spans, self._by, brief=True)
        made.add_time()
        table = made.frame()
        n = table["n_pairs"].to_numpy(np.float64)
        rule, every = vendor_rmssds(self.record, self.spans)
        return _Computed(
            table["rmssd"].to_numpy(np.float64),
            table["good_share"].to_numpy(np.float64),
            n,
            rule,
            besides={"{:,} difference{s} of beats that are no neighbours": every - n},
            said=table["note"].tolist(),
        )

    # -- samples -----------------------------------------------------------------------

    def _rows_of(self, name: str) -> tuple[Rows, Rows]:
        channel = self.record.channel(name)
        return self.spans.rows(ticks_of(self.record[name], channel) - channel.lag)

    def _samples_of(self, name: str) -> SpanSamples:
        """Return the samples of a channel at an even rate; they are read once."""
        if name not in self._samples:
            self._samples[name] = span_samples(self.record, name, self.spans)
        return self._samples[name]


def _equal(one: Values | float, other: Values | float) -> Marks:
    """Whether figures are the same; NaN is no figure."""
    same: Marks = np.isclose(one, other, rtol=_SAME, atol=0.0)
    return same


def _add(notes: list[str], where: Marks, text: str) -> None:
    """Add a text to the notes of some spans."""
    if text:
        for at in np.flatnonzero(where).tolist():
            notes[at] = f"{notes[at]}; {text}" if notes[at] else text


def _told_limit(one: IndexedMetric) -> str:
    return (
        f"the vendor prints no maximum so high ({one.limit_source}; the limit of "
        f"{one.limit:g} {one.unit} between these is ours)"
        if one.limit
        else ""
    )


def _in_words(numbers: Mapping[str, Values], at: int) -> str:
    counts = {words: round(float(each[at])) for words, each in numbers.items()}
    parts = [
        _WORDS.get(words, words).format(count, s="s" * (count != 1))
        for words, count in counts.items()
        if count
    ]
    *first, last = parts or [""]
    return f"{', '.join(first)} and {last}" if first else last


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 1 else "100 %"
