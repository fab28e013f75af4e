"""Results as tables for a reader: names, units in the headings, digits, reasons.

Takes frames of results; nothing is computed here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from hexoframe.plotting.figures import label_of
from hexoframe.report.parts import PageColumn, PageTable
from hexoframe.report.texts import (
    MISSING,
    count,
    doubtful,
    figure,
    moment,
    numbered,
    share,
    time_of_day,
    told_note,
    unit_in_words,
    words,
)
from hexoframe.timestamps.moments import length_in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from hexoframe.channels import Channel

__all__ = [
    "activity_table",
    "annotation_table",
    "breathing_table",
    "coverage_table",
    "doubtful_wear_table",
    "hrv_table",
    "receipt_table",
    "sleep_table",
    "summary_table",
]

# More rows than this do not help a reader.
_MOST_ROWS = 40


class _Shown(NamedTuple):
    """A column of a result: how it is headed and written."""

    name: str
    column: str
    unit: str
    write: Callable[[Any], str]


def _to(decimals: int, factor: float = 1.0) -> Callable[[Any], str]:
    return lambda value: numbered(value if pd.isna(value) else value * factor, decimals)


def _longest(length: pd.Timedelta) -> str:
    return length_in_words(length) if length else MISSING


_ML = 0.001
_HRV = (
    _Shown("beats", "n_beats", "", count),
    _Shown("pairs", "n_pairs", "", count),
    _Shown("covered", "good_share", "", share),
    _Shown("mean HR", "mean_hr", "bpm", _to(1)),
    _Shown("mean NN", "mean_nn", "ms", _to(1)),
    _Shown("SDNN", "sdnn", "ms", _to(1)),
    _Shown("RMSSD", "rmssd", "ms", _to(1)),
    _Shown("pNN50", "pnn50", "%", _to(1)),
    _Shown("SD1", "sd1", "ms", _to(1)),
    _Shown("SD2", "sd2", "ms", _to(1)),
    _Shown("LF", "lf", "ms²", _to(0)),
    _Shown("HF", "hf", "ms²", _to(0)),
    _Shown("LF/HF", "lf_hf", "", _to(2)),
)
_BREATHING = (
    _Shown("breaths", "n_breaths", "", count),
    _Shown("covered", "good_share", "", share),
    _Shown("rate", "rate", "breaths/min", _to(1)),
    _Shown("Ti", "ti", "s", _to(2)),
    _Shown("Te", "te", "s", _to(2)),
    _Shown("CV of Ttot", "ttot_cv", "%", _to(0)),
    _Shown("Ti/Ttot", "duty_cycle", "", _to(2)),
    _Shown("tidal volume", "tidal_volume", "L", _to(2, _ML)),
    _Shown("ventilation", "ventilation", "L/min", _to(1, _ML)),
    _Shown("RSA", "rsa", "ms", _to(1)),
)
_ACTIVITY = (
    _Shown("HR", "heart_rate_mean", "bpm", _to(1)),
    _Shown("HR usable", "heart_rate_good_share", "", share),
    _Shown("breathing", "breathing_rate_mean", "breaths/min", _to(1)),
    _Shown("ventilation", "minute_ventilation_mean", "L/min", _to(1)),
    _Shown("activity", "activity_mean", "g", _to(3)),
    _Shown("steps", "steps", "", count),
    _Shown("RMSSD", "rmssd", "ms", _to(1)),
    _Shown("worn", "worn", "%", _to(0)),
)
_SLEEP = (
    _Shown("from", "start", "", time_of_day),
    _Shown("to", "end", "", time_of_day),
    _Shown("TIB", "tib", "min", _to(0)),
    _Shown("SOL", "sol", "min", _to(0)),
    _Shown("SPT", "spt", "min", _to(0)),
    _Shown("WASO", "waso", "min", _to(0)),
    _Shown("TST", "tst", "min", _to(0)),
    _Shown("NREM", "nrem", "min", _to(0)),
    _Shown("REM", "rem", "min", _to(0)),
    _Shown("SE", "se", "%", _to(1)),
    _Shown("awakenings", "awakenings", "", count),
    _Shown("undefined", "undefined_share", "", share),
    _Shown("usable HR", "good_share", "", share),
)
_COVERAGE = (
    _Shown("came", "share", "", share),
    _Shown("gaps", "gaps", "", count),
    _Shown("longest gap", "longest_gap", "", _longest),
    _Shown("flagged", "flagged", "", doubtful),
    _Shown("implausible", "implausible", "", doubtful),
    _Shown("sensor off", "sensor_off", "", doubtful),
    _Shown("no signal", "no_signal", "samples", count),
)
_OF_COVERAGE = (
    "came: share of the expected samples that came and have a value, events have none; "
    "flagged, implausible, sensor off: shares of time or of samples."
)
_VERIFIED = {
    "real": "recordings",
    "document": "a document",
    "vendor": "code of the vendor",
    "guess": "nothing: a guess",
}


def _heads(shown: Iterable[_Shown]) -> list[PageColumn]:
    return [PageColumn(each.name, each.unit) for each in shown]


def _few(rows: list[list[str]], what: str) -> tuple[list[list[str]], list[str]]:
    """Return the first rows, and how many more there are."""
    left = len(rows) - _MOST_ROWS
    return rows[:_MOST_ROWS], [f"{left} more {what} are left out."] if left > 0 else []


# -- spans: the whole record, then its activities --------------------------------------


def hrv_table(
    whole: pd.DataFrame, activities: pd.DataFrame | None, meanings: pd.DataFrame
) -> PageTable:
    """Return the table of `Record.hrv`: of the record, and of each activity."""
    table = _of_spans("Heart-rate variability", whole, activities, _HRV)
    return replace(table, notes=[*table.notes, *_defined(_HRV, meanings)])


def breathing_table(
    whole: pd.DataFrame, activities: pd.DataFrame | None, meanings: pd.DataFrame
) -> PageTable:
    """Return the table of `Record.breathing`: of the record, and of each activity."""
    table = _of_spans("Breathing", whole, activities, _BREATHING)
    return replace(table, notes=[*table.notes, *_defined(_BREATHING, meanings)])


def _defined(shown: Iterable[_Shown], meanings: pd.DataFrame) -> list[str]:
    """Say what the columns are, where a table of definitions has them."""
    known = meanings.set_index("name")["definition"]
    told = [
        f"{each.name}: {known[each.column]}" for each in shown if each.column in known
    ]
    return [f"{'; '.join(told)}."] if told else []


def _of_spans(
    title: str,
    whole: pd.DataFrame,
    activities: pd.DataFrame | None,
    shown: Sequence[_Shown],
) -> PageTable:
    named = [("whole record", row) for _, row in whole.iterrows()]
    if activities is not None:
        named += [(_name(row), row) for _, row in activities.iterrows()]
    rows = [
        [name, *(each.write(row[each.column]) for each in shown)] for name, row in named
    ]
    rows, more = _few(rows, "activities")
    notes = [
        f"{name}: {told_note(row['note'])}."
        for name, row in named[: len(rows)]
        if row["note"]
    ]
    return PageTable(
        title=title,
        columns=[PageColumn("span", kind="text"), *_heads(shown)],
        rows=rows,
        notes=[*more, *notes],
    )


def _name(row: pd.Series[Any]) -> str:
    return f"{words(row['name'])}, {time_of_day(row['start'])}"


def activity_table(table: pd.DataFrame) -> PageTable:
    """Return the table of `Record.summary` by activities, a row an activity."""
    rows = [
        [
            words(row["name"]),
            moment(row["start"]),
            length_in_words(row["end"] - row["start"]),
            *(each.write(row.get(each.column)) for each in _ACTIVITY),
        ]
        for _, row in table.iterrows()
    ]
    rows, notes = _few(rows, "activities")
    heads = [PageColumn(name, kind="text") for name in ("activity", "start", "length")]
    return PageTable(
        title="Activities", columns=[*heads, *_heads(_ACTIVITY)], rows=rows, notes=notes
    )


# -- sleep -----------------------------------------------------------------------------


def sleep_table(table: pd.DataFrame, meanings: pd.DataFrame) -> PageTable:
    """Return the table of `Record.sleep`, with the definitions of its columns."""
    rows = [
        [str(row["night"]), *(each.write(row[each.column]) for each in _SLEEP)]
        for _, row in table.iterrows()
    ]
    rows, notes = _few(rows, "nights")
    cut = [
        f"{row['night']}: the record cuts the night off ({row['cut']})."
        for _, row in table.iterrows()
        if row["cut"]
    ]
    return PageTable(
        title="Nights",
        columns=[PageColumn("night", kind="text"), *_heads(_SLEEP)],
        rows=rows,
        notes=[*notes, *cut, *_defined(_SLEEP, meanings)],
    )


# -- the summary -----------------------------------------------------------------------


def summary_table(table: pd.DataFrame) -> PageTable:
    """Return the table of `Record.summary`: each metric beside the vendor's figure."""
    figures = ["value", "vendor", "vendor_rule"]
    told = table[table[figures].notna().any(axis=1)]
    rows = [
        [
            label_of(str(metric)),
            *_metric(row),
            told_note(row["note"]),
        ]
        for metric, row in told.iterrows()
    ]
    return PageTable(
        title="Summary",
        columns=[
            PageColumn("metric", kind="text"),
            PageColumn("value"),
            PageColumn("unit", kind="text"),
            PageColumn("usable"),
            PageColumn("n"),
            PageColumn("vendor"),
            PageColumn("vendor's rule"),
            PageColumn("note", kind="note"),
        ],
        rows=rows,
        notes=_without_figure(table.drop(index=told.index)),
    )


def _metric(row: pd.Series[Any]) -> list[str]:
    unit = str(row["unit"])
    return [
        figure(row["value"], unit),
        unit_in_words(unit),
        share(row["good_share"]),
        count(row["n"]),
        figure(row["vendor"], unit),
        figure(row["vendor_rule"], unit),
    ]


def _without_figure(table: pd.DataFrame) -> list[str]:
    """Say which metrics have no figure, and why."""
    why: dict[str, list[str]] = {}
    for metric, note in table["note"].items():
        why.setdefault(str(note) or "nothing was measured", []).append(
            str(metric).replace("_", " ")
        )
    return [
        f"No figure of {', '.join(names)}: {told_note(note)}."
        for note, names in why.items()
    ]


# -- coverage, wear, receipts ----------------------------------------------------------


def coverage_table(table: pd.DataFrame) -> PageTable:
    """Return the table of `Record.coverage`: a row a channel."""
    rows = [
        [
            str(name).replace("_", " "),
            _rate(row),
            *(each.write(row[each.column]) for each in _COVERAGE),
        ]
        for name, row in table.iterrows()
    ]
    heads = [PageColumn("channel", kind="text"), PageColumn("rate")]
    return PageTable(
        title="Channels",
        columns=[*heads, *_heads(_COVERAGE)],
        rows=rows,
        notes=[_OF_COVERAGE],
    )


def _rate(row: pd.Series[Any]) -> str:
    hertz = row["rate_hz"]
    if pd.isna(hertz):
        return str(row["kind"])
    return f"{hertz:g} Hz" if hertz >= 1 else f"every {1 / hertz:g} s"


def doubtful_wear_table(table: pd.DataFrame) -> PageTable | None:
    """Return the spans of `Record.wear` that were not simply worn; None without."""
    doubtful = table[(~table["worn"].fillna(value=False)) | table["handled"]]
    if not len(doubtful):
        return None
    rows = [
        [
            _wear_state(row),
            moment(row["start"]),
            moment(row["end"]),
            length_in_words(row["end"] - row["start"]),
            words(row["reason"]),
        ]
        for _, row in doubtful.iterrows()
    ]
    rows, notes = _few(rows, "spans")
    heads = ("state", "from", "to", "length", "what says so")
    return PageTable(
        title="When the shirt was off, handled, or not known",
        columns=[PageColumn(name, kind="text") for name in heads],
        rows=rows,
        notes=notes,
    )


def _wear_state(row: pd.Series[Any]) -> str:
    if row["handled"]:
        return "handled"
    return "not known" if pd.isna(row["worn"]) else "not worn"


def annotation_table(table: pd.DataFrame, kinds: Mapping[int | None, str]) -> PageTable:
    """Return button presses and comments, a row each.

    `kinds` says what an annotation without a comment is, by its datatype.
    """
    rows = []
    for time, row in table.iterrows():
        kind = None if pd.isna(row["datatype"]) else int(row["datatype"])
        told = words(row["comment"])
        rows.append([moment(time), kinds.get(kind, told) if told == MISSING else told])
    rows, notes = _few(rows, "annotations")
    return PageTable(
        title="Annotations",
        columns=[
            PageColumn("time", kind="text"),
            PageColumn("annotation", kind="note"),
        ],
        rows=rows,
        notes=notes,
    )


def receipt_table(
    table: pd.DataFrame, channels: Mapping[str, Channel], digests: Mapping[str, str]
) -> PageTable:
    """Return what came of each channel, what confirms its scale, and its checksum."""
    rows = [
        [
            str(name).replace("_", " "),
            unit_in_words(str(row["unit"])) or MISSING,
            count(row["expected"]),
            count(row["received"]),
            count(row["lost"]),
            count(row["duplicates"]),
            _VERIFIED[channels[str(name)].datatypes[0].verified],
            digests[str(name)],
        ]
        for name, row in table.iterrows()
    ]
    return PageTable(
        title="Samples",
        columns=[
            PageColumn("channel", kind="text"),
            PageColumn("unit", kind="text"),
            PageColumn("expected"),
            PageColumn("received"),
            PageColumn("lost"),
            PageColumn("twice"),
            PageColumn("scale confirmed by", kind="text"),
            PageColumn("SHA-256", kind="hash"),
        ],
        rows=rows,
    )
