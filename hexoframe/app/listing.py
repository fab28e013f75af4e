"""Lists and facts as rows of text: times in UTC, sizes in MB.

Frames and answers of the service come in; the most important columns come first, since
a narrow terminal shows no more. `texttable` sets rows in columns; nothing is requested
or printed here.
"""

from __future__ import annotations

import json
import math
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from hexoframe.api.load.resources import id_of
from hexoframe.recording.gaps import percent, percent_up
from hexoframe.timestamps import clock_of, tick_to_time

if TYPE_CHECKING:
    from hexoframe.api.load.plan import Estimate
    from hexoframe.record import Record
    from hexoframe.study.planning import StudyPlan

__all__ = [
    "SUMMARY_NUMBERS",
    "all_rows",
    "annotation_rows",
    "breath_check_notes",
    "breath_check_rows",
    "breath_notes",
    "breath_rows",
    "breathing_rows",
    "cache_rows",
    "change_facts",
    "change_rows",
    "channel_rows",
    "cost_rows",
    "costs_frame",
    "coverage_frame",
    "coverage_rows",
    "fact_lines",
    "hrv_rows",
    "joined",
    "megabytes",
    "notes_of",
    "plain",
    "plan_lines",
    "plan_rows",
    "record_facts",
    "record_rows",
    "sleep_notes",
    "sleep_rows",
    "span_rows",
    "study_rows",
    "summary_notes",
    "summary_rows",
    "user_facts",
]

Rows = list[dict[str, str]]
Facts = dict[str, str]

_MISSING = "-"
_LEAST = 16
_INDENT = 2
_NOTHING: tuple[Any, ...] = (None, "", [], {})
# Fields that repeat others, or that have a form of their own.
_SHOWN = frozenset({"end", "resource_uri", "start_date"})


# -- cells -----------------------------------------------------------------------------


def plain(value: object) -> str:
    r"""Return a value as one line of text without control characters; missing: ``-``.

    Examples
    --------
    >>> plain("a\tb\x1b[2J"), plain(None)
    ('a b?[2J', '-')
    """
    if value is None or value is pd.NA or value is pd.NaT:
        return _MISSING
    text = " ".join(str(value).split())
    return "".join(each if each.isprintable() else "?" for each in text) or _MISSING


def megabytes(size: float) -> str:
    """Return a number of bytes in MB.

    Examples
    --------
    >>> megabytes(3_833_764)
    '3.8 MB'
    """
    return f"{size / 1e6:,.1f} MB"


def _minute(time: Any) -> str:
    return _MISSING if pd.isna(time) else f"{time:%Y-%m-%d %H:%M}"


def _spans(table: pd.DataFrame) -> Iterator[tuple[str, Any]]:
    """Yield spans with the text of their start: to the second if they are short."""
    apart = table["start"].diff().dropna()
    short = ((apart < pd.Timedelta("2min")) & (apart.dt.seconds % 60 > 0)).any()
    for _, row in table.iterrows():
        yield (
            (f"{row['start']:%Y-%m-%d %H:%M:%S}" if short else _minute(row["start"])),
            row,
        )


def _moment(time: pd.Timestamp) -> str:
    # On the clock on the wall: in the hour that comes twice pandas cannot round.
    time = time.tz_localize(None)
    return f"{time.floor('ms'):%Y-%m-%d %H:%M:%S.%f}"[:-3].removesuffix(".000")


def _length(span: Any) -> str:
    """Return a span as hours, minutes and seconds."""
    if pd.isna(span):
        return _MISSING
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"


def _percent(share: object, write: Callable[[float], str] = percent) -> str:
    if not isinstance(share, float) or pd.isna(share):
        return _MISSING
    return write(share)


def _count(value: Any) -> str:
    return _MISSING if pd.isna(value) else f"{value:,}"


# -- lists -----------------------------------------------------------------------------


def all_rows(frame: pd.DataFrame) -> Rows:
    """Return rows of any list with all of its columns."""
    whole = frame if frame.index.name is None else frame.reset_index()
    columns = {str(name): [_cell(value) for value in whole[name]] for name in whole}
    return [
        dict(zip(columns, row, strict=True))
        for row in zip(*columns.values(), strict=True)
    ]


def _cell(value: Any) -> str:
    if isinstance(value, pd.Timedelta):
        return _length(value)
    if isinstance(value, pd.Timestamp):
        return _moment(value)
    if isinstance(value, float):
        return _MISSING if math.isnan(value) else f"{value:g}"
    return plain(joined(value) if isinstance(value, tuple) else value)


def joined(values: tuple[Any, ...]) -> str:
    """Return several values as a text: names, or ranges as the channel table has them.

    Examples
    --------
    >>> joined(("hr", "pulse")), joined(((0.0, 0.0), (2000.0, math.inf)))
    ('hr pulse', '0 2000..')
    """
    return " ".join(
        _range(*value) if isinstance(value, tuple) else str(value) for value in values
    )


def _range(low: float, high: float) -> str:
    ends = ("" if math.isinf(end) else f"{end:g}" for end in (low, high))
    return f"{low:g}" if low == high else "..".join(ends)


def record_rows(records: pd.DataFrame) -> Rows:
    """Return rows of `Client.list_records`."""
    return [
        _id_and_span(row)
        | {
            "status": plain(row["status"]),
            "user": plain(row["user"] if pd.isna(row["email"]) else row["email"]),
            "device": plain(row["device"]),
        }
        for _, row in records.reset_index().iterrows()
    ]


def range_rows(ranges: pd.DataFrame) -> Rows:
    """Return rows of `Client.list_ranges`."""
    return [
        {"id": plain(row["id"]), "name": plain(row["name"])}
        | _id_and_span(row)
        | {"user": plain(row["user"])}
        for _, row in ranges.reset_index().iterrows()
    ]


def annotation_rows(annotations: pd.DataFrame) -> Rows:
    """Return rows of `Client.list_annotations`."""
    return [
        {
            "id": plain(row["id"]),
            "annotation": plain(row["annotation"]),
            "start (UTC)": _MISSING if pd.isna(row["start"]) else _moment(row["start"]),
            "record": plain(row["record"]),
            "user": plain(row["user"]),
        }
        for _, row in annotations.reset_index().iterrows()
    ]


def change_rows(table: pd.DataFrame) -> Rows:
    """Return rows of `Client.create_ranges` or `create_annotations`."""
    return [
        {
            "state": plain(row["state"]),
            "id": plain(row["id"]),
            **{
                name: plain(row[name])
                for name in ("name", "annotation")
                if name in table
            },
            "start (UTC)": _moment(row["start"]),
            **({"end (UTC)": _moment(row["end"])} if "end" in table else {}),
            "user": plain(row["user"]),
        }
        for _, row in table.iterrows()
    ]


def change_facts(item: Mapping[str, Any]) -> Facts:
    """Return the fields of a range or an annotation that a user can change."""
    context = item.get("context")
    inside = context if isinstance(context, Mapping) else {}
    facts: Facts = {}
    for name in ("id", "name", "annotation", "start", "end", "note"):
        if item.get(name) not in _NOTHING:
            value = item[name]
            timed = name in {"start", "end"}
            facts[name] = f"{_moment(_time_of(value))} UTC" if timed else plain(value)
    for name in ("trainingroutine", "datatype", "record", "user"):
        if (number := id_of(inside.get(name) or item.get(name))) is not None:
            facts[name] = plain(number)
    return facts


def _id_and_span(row: pd.Series[Any]) -> dict[str, str]:
    return {
        "id": plain(row["id"]),
        "start (UTC)": _minute(row["start"]),
        "duration": _length(row["duration"]),
    }


def channel_rows(table: pd.DataFrame) -> Rows:
    """Return rows of `hexoframe.channel_table`."""
    return [
        {
            "channel": plain(row["channel"]),
            "verified": row["verified"],
            "unit": row["unit"],
            "rate": row["kind"] if pd.isna(row["rate_hz"]) else _rate(row["rate_hz"]),
            "id": plain(row["id"]),
            "model": row["family"],
            "column": plain(row["column"]),
        }
        for _, row in table.iterrows()
    ]


def _rate(hertz: float) -> str:
    return f"{hertz:g} Hz" if hertz >= 1 else f"1/{1 / hertz:g} Hz"


def coverage_frame(record: Record) -> pd.DataFrame:
    """Return `Record.coverage` with the id or pseudonym of the record; reads it all."""
    coverage = record.coverage().reset_index()
    coverage.insert(0, "record", record.pseudonym or record.id)
    return coverage


def coverage_rows(coverage: pd.DataFrame) -> Rows:
    """Return rows of `coverage_frame`."""
    return [
        {
            "channel": str(row["channel"]),
            "coverage": _percent(row["share"]),
            "gaps": _count(row["gaps"]),
            "flagged": _percent(row["flagged"], percent_up),
            "implausible": _percent(row["implausible"], percent_up),
            "not worn": _percent(row["not_worn"], percent_up),
            "longest": _length(row["longest_gap"]) if row["gaps"] else _MISSING,
            "sensor off": _percent(row["sensor_off"], percent_up),
            "samples": _count(row["received"]),
            "rate": row["kind"] if pd.isna(row["rate_hz"]) else _rate(row["rate_hz"]),
            "unit": plain(row["unit"]),
        }
        for _, row in coverage.iterrows()
    ]


def hrv_rows(table: pd.DataFrame) -> Rows:
    """Return rows of `Record.hrv`: a row a span, with what it rests on."""
    return _result_rows(table, {"pairs": "n_pairs"}, _HRV)


def breathing_rows(table: pd.DataFrame) -> Rows:
    """Return rows of `Record.breathing`: a row a span, with what it rests on."""
    litres = {name: table[name] / 1000 for name in ("tidal_volume", "ventilation")}
    return _result_rows(table.assign(**litres), {"breaths": "n_breaths"}, _BREATHING)


def breath_check_rows(table: pd.DataFrame) -> Rows:
    """Return rows of `Record.check_breaths`: a row a span."""
    told = table.rename(columns={"judged_share": "good_share"})
    return _result_rows(told, _CHECKED, _CHECKED_RATES)


def breath_rows(table: pd.DataFrame) -> Rows:
    """Return rows of `Record.breaths`: a row a breath."""
    return [
        {
            "start": _moment(row["start"])[11:],
            **{
                label: _figure(row[name], decimals)
                for label, (name, decimals) in _BREATH.items()
            },
            "not usable": plain(row["reason"]),
        }
        for _, row in table.assign(volume=table["volume"] / 1000).iterrows()
    ]


def breath_notes(table: pd.DataFrame) -> list[str]:
    """Return how many of `Record.breaths` are usable, and why the others are not."""
    why = table.loc[~table["usable"], "reason"].value_counts()
    others = ", ".join(f"{count} {reason}" for reason, count in why.items())
    head = f"{int(table['usable'].sum()):,} of {len(table):,} breaths are usable"
    return [head + (f"; left out: {others}" if others else "")]


def _result_rows(
    table: pd.DataFrame,
    counts: Mapping[str, str],
    figures: Mapping[str, tuple[str, int]],
) -> Rows:
    """Return rows of a result: what the span is, what it rests on, its figures."""
    names = [name for name in ("name", "day") if name in table]
    return [
        {
            **{name: plain(row[name]) for name in names},
            "start": start,
            "share": _percent(row["good_share"], lambda share: f"{share:.1%}"),
            **{label: _count(row[name]) for label, name in counts.items()},
            **{
                label: _figure(row[name], decimals)
                for label, (name, decimals) in figures.items()
            },
        }
        for start, row in _spans(table)
    ]


def sleep_rows(table: pd.DataFrame) -> Rows:
    """Return rows of `Record.sleep`: a row a night, in min."""
    return [
        {
            "night": plain(row["night"]),
            **{name: f"{row[name]:%H:%M}" for name in ("start", "end")},
            **{label: _figure(row[name], 0) for label, name in _NIGHT.items()},
            "SE": _percent(row["se"] / 100, _tenths),
            "wakes": _count(row["awakenings"]),
            "scored": _percent(1 - row["undefined_share"], _tenths),
        }
        for _, row in table.iterrows()
    ]


_NIGHT = {
    "TIB": "tib",
    "SOL": "sol",
    "SPT": "spt",
    "WASO": "waso",
    "TST": "tst",
    "REM": "rem",
}


def sleep_notes(table: pd.DataFrame) -> list[str]:
    """Return what to know of the nights of `Record.sleep`."""
    notes = []
    for _, row in table.iterrows():
        said = []
        if row["cut"]:
            ends = "both ends" if row["cut"] == "both" else f"its {row['cut']}"
            said.append(f"the record cuts it off at {ends}")
        if pd.isna(row["tst"]):
            said.append("too little of it has a phase")
        elif pd.isna(row["sleep_onset"]):
            said.append("no sleep")
        if row["not_worn"] > 0:
            said.append(f"{_figure(row['not_worn'], 0)} min with the shirt off")
        if said:
            notes.append(f"{row['night']}: {'; '.join(said)}")
    if len(table) and (table["source"] == "channel").any():
        notes.append("time in bed: as far as the phases reach, for want of activities")
    return notes


def summary_rows(table: pd.DataFrame, *, short: bool = False) -> Rows:
    """Return rows of `Record.summary` of a whole record, those with a figure.

    With `short` the names of metrics are such that a narrow terminal has room for them.
    """
    figures = ["value", "vendor", "vendor_rule"]
    told = table[table[figures].notna().any(axis=1)]
    return [
        {
            "metric": _short(row["metric"]) if short else str(row["metric"]),
            "value": _rounded(row["value"]),
            "unit": plain(row["unit"]),
            "usable": _percent(row["good_share"], _tenths),
            "vendor": _rounded(row["vendor"]),
            "by its rule": _rounded(row["vendor_rule"]),
        }
        for _, row in told.reset_index().iterrows()
    ]


def _short(metric: str) -> str:
    for name, letters in _LETTERS.items():
        metric = metric.replace(name, letters)
    return metric.replace("_", " ")


def span_rows(table: pd.DataFrame) -> Rows:
    """Return rows of `Record.summary` in its wide form: a row a span."""
    names = [name for name in ("name", "day") if name in table]
    return [
        {
            **{name: plain(row[name]) for name in names},
            "start": start,
            **{
                label: _percent(row[name], _tenths)
                if label == "usable"
                else _figure(row[name], decimals)
                for label, (name, decimals) in _SPAN.items()
            },
        }
        for start, row in _spans(table)
    ]


def result_rows(table: pd.DataFrame, kind: str) -> Rows:
    """Return rows of a result of many records, as those of one, behind its number.

    The kinds are hrv, breathing, sleep and spans, as of `span_rows`; others have all of
    their columns.
    """
    makers = {
        "hrv": hrv_rows,
        "breathing": breathing_rows,
        "sleep": sleep_rows,
        "spans": span_rows,
    }
    if kind not in makers:
        return all_rows(table)
    rows = makers[kind](table)
    numbers = table["record"].astype("string")
    return [
        {"record": number, **row} for number, row in zip(numbers, rows, strict=True)
    ]


def summary_notes(table: pd.DataFrame) -> list[str]:
    """Return the notes of `Record.summary` of a whole record, each with its metrics."""
    metrics: dict[str, list[str]] = {}
    for name, note in table["note"].items():
        if note and note != _ALONE:
            metrics.setdefault(str(note), []).append(str(name))
    return [f"{', '.join(names)}: {note}" for note, names in metrics.items()]


_SPAN = {
    "HR": ("heart_rate_mean", 1),
    "usable": ("heart_rate_good_share", 0),
    "BR": ("breathing_rate_mean", 1),
    "MV": ("minute_ventilation_mean", 1),
    "activity": ("activity_mean", 3),
    "steps": ("steps", 0),
    "RMSSD": ("rmssd", 1),
    "worn": ("worn", 0),
}
# What the field calls them.
_LETTERS = {
    "heart_rate": "HR",
    "breathing_rate": "BR",
    "minute_ventilation": "MV",
    "tidal_volume": "VT",
    "rmssd": "RMSSD",
}
SUMMARY_NUMBERS = ("value", "usable", "vendor", "by its rule")
"""Columns of `summary_rows` that are numbers."""
# What the rows say without a note.
_ALONE = "the vendor's figure alone"


def _tenths(share: float) -> str:
    return f"{100 * share:.1f} %"


def _rounded(value: Any) -> str:
    """Return a figure with four digits, and all of those before the point."""
    if pd.isna(value):
        return _MISSING
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


_HRV = {
    "HR": ("mean_hr", 1),
    "SDNN": ("sdnn", 1),
    "RMSSD": ("rmssd", 1),
    "LF": ("lf", 0),
    "HF": ("hf", 0),
    "LF/HF": ("lf_hf", 2),
}
_BREATH = {
    "Ti": ("ti", 2),
    "Te": ("te", 2),
    "Ttot": ("ttot", 2),
    "counts": ("amplitude", 0),
    "VT": ("volume", 2),
    "RSA": ("rsa", 1),
}
_BREATHING = {
    "BR": ("rate", 1),
    "CV": ("ttot_cv", 0),
    "Ti": ("ti", 2),
    "Te": ("te", 2),
    "VT": ("tidal_volume", 2),
    "MV": ("ventilation", 1),
    "RSA": ("rsa", 1),
}
_CHECKED = {
    "device": "device",
    "belts": "waveform",
    "missed": "missed",
    "extra": "extra",
}
_CHECKED_RATES = {"diff": ("difference", 1), "offset": ("offset_ms", 0)}
# So many rows say each what to know of them.
_FEW_ROWS = 12


def notes_of(table: pd.DataFrame, figure: str) -> list[str]:
    """Return what to know of the rows of a result; of many, what is alike.

    `figure` is a column that is missing where a row has none.
    """
    notes = table.loc[table["note"] != "", ["start", "note"]]
    if len(notes) <= _FEW_ROWS:
        return [
            f"{_minute(start)}: {note}"
            for start, note in notes.itertuples(index=False, name=None)
        ]
    alike = notes["note"].value_counts()
    if len(alike) <= _FEW_ROWS:
        return [f"{count} rows: {note}" for note, count in alike.items()]
    without = int(table[figure].isna().sum())
    counts = f"{without} of {len(table)} rows have no figures, and {len(notes)} a note"
    return [f"{counts}: see --all-columns"]


def breath_check_notes(table: pd.DataFrame) -> list[str]:
    """Return in how many rows of `Record.check_breaths` both agree, and why not."""
    known = table["agrees"].dropna()
    head = f"within 5 % in {int(known.sum())} of {len(known)} rows"
    return [head, *notes_of(table, "difference")]


def _figure(value: float, decimals: int) -> str:
    return _MISSING if pd.isna(value) else f"{value:.{decimals}f}"


# Rows of beats for so long, at a terminal.
_BEATS_FOR = "5min"


def beat_rows(table: pd.DataFrame) -> Rows:
    """Return rows of `Record.beats`, a row for five minutes from the first beat on."""
    groups = table.resample(_BEATS_FOR, origin="start")
    return [_beats_of(begin, some) for begin, some in groups if len(some)]


def _beats_of(begin: Any, some: pd.DataFrame) -> dict[str, str]:
    good = some[some["usable"]]
    # A beat may have several reasons, and counts for each.
    texts = some.loc[~some["usable"], "reason"].str.replace("_", " ")
    why = texts.str.split("; ").explode().value_counts()
    return {
        "from": _minute(begin),
        "beats": f"{len(some):,}",
        "usable": _percent(len(good) / len(some)),
        "RR (s)": _figure(good["rr"].mean(), 3),
        "edited": str(int(some["edited"].sum())),
        "not usable": ", ".join(f"{reason} {count}" for reason, count in why.items()),
    }


def check_rows(table: pd.DataFrame) -> Rows:
    """Return rows of `Record.check_beats`."""
    return [
        {
            "from": start,
            "judged": _percent(row["judged_share"]),
            "device": f"{row['device']:,}",
            "ECG": f"{row['waveform']:,}",
            "extra": f"{row['extra']:,}",
            "missed": f"{row['missed']:,}",
            "good": _percent(row["good_matched_share"]),
            "offset (ms)": _figure(row["offset_ms"], 1),
            "jitter (ms)": _figure(row["jitter_ms"], 1),
            "not judged": row["note"],
        }
        for start, row in _spans(table)
    ]


def ecg_rows(table: pd.DataFrame) -> Rows:
    """Return rows of `Record.check_ecg`."""
    shares = ("missing", "sensor_off", "not_worn", "saturated", "flat")
    return [
        {
            "from": start,
            "beats": f"{row['beats']:,}",
            "correlation": _figure(row["correlation"], 2),
            **{name.replace("_", " "): _percent(row[name]) for name in shares},
            "mains (mV)": _figure(row["mains_mv"], 3),
        }
        for start, row in _spans(table)
    ]


def cache_rows(held: pd.DataFrame) -> Rows:
    """Return rows of `hexoframe.cache.info`."""
    return [
        {
            "record": plain(row["record"]),
            "size": megabytes(row["bytes"]),
            "state": "complete" if row["complete"] else "not finished",
            "channels": plain(row["channels"]),
            "part": "whole" if pd.isna(row["start"]) else "a part",
            "server": plain(row["host"]),
        }
        for _, row in held.iterrows()
    ]


def costs_frame(costs: Mapping[str, Estimate]) -> pd.DataFrame:
    """Return what downloads cost, one row a record."""
    rows = [
        {
            "record": int(number),
            "requests": cost.requests,
            "megabytes": cost.megabytes,
            "minutes": cost.minutes,
        }
        for number, cost in costs.items()
    ]
    return pd.DataFrame(rows)


def cost_rows(costs: pd.DataFrame) -> Rows:
    """Return rows of `costs_frame`, and the sum of several."""
    rows = [(plain(int(row["record"])), row) for _, row in costs.iterrows()]
    if len(rows) > 1:
        rows.append(("all", costs.sum()))
    return [
        {
            "record": name,
            "requests": f"{int(row['requests']):,}",
            "size": megabytes(row["megabytes"] * 1e6),
            "time": _length(pd.Timedelta(math.ceil(row["minutes"] * 60), unit="s")),
        }
        for name, row in rows
    ]


def plan_rows(table: pd.DataFrame) -> Rows:
    """Return rows of the table of a `StudyPlan`."""
    return [
        {
            "record": plain(int(row["record"])),
            "start (UTC)": _minute(row["start"]),
            "duration": _length(row["duration"]),
            "requests": f"{int(row['requests']):,}",
            "size": megabytes(row["megabytes"] * 1e6),
            "state": "in the study" if row["there"] else "to come",
        }
        for _, row in table.iterrows()
    ]


def plan_lines(plan: StudyPlan) -> list[str]:
    """Return what a `StudyPlan` says in all."""
    time = _length(pd.Timedelta(math.ceil(plan.hours * 3600), unit="s"))
    size = megabytes(plan.megabytes * 1e6)
    records = f"{plan.records} of {len(plan.table)} records to come"
    return [f"{records}: {plan.requests:,} requests, {size}, {time}"]


def study_rows(table: pd.DataFrame) -> Rows:
    """Return rows of `Study.table`, the subjects first."""
    names = list(map(str, table.columns))
    subjects = names[: names.index("start")]
    waves = [f"coverage_{name}" for name in ("ecg", "respiration", "acceleration")]
    waves = [name for name in waves if name in table]
    if not waves:
        waves = [name for name in names if name.startswith("coverage_")]
    worst = table[waves].min(axis=1).to_list()
    listed = table.reset_index().to_dict("records")
    rows = [{str(name): value for name, value in row.items()} for row in listed]
    return [
        {
            "record": plain(row["record"]),
            **{name: plain(row[name]) for name in subjects},
            "start (UTC)": _minute(row["start"]),
            "duration": _length(row["duration"]),
            "coverage": _percent(coverage),
            "usable": _percent(row.get("good_heart_rate")),
            "worn": _percent(row.get("worn")),
            "channels": plain(row["channels"]),
            "size": megabytes(row["megabytes"] * 1e6),
            "model": plain(row["model"]),
        }
        for row, coverage in zip(rows, worst, strict=True)
    ]


# -- facts -----------------------------------------------------------------------------


def user_facts(account: Mapping[str, Any], base_url: str) -> Facts:
    """Return the facts of `Client.account`."""
    name = f"{account.get('first_name') or ''} {account.get('last_name') or ''}"
    return {
        "user": plain(account.get("email") or account.get("username")),
        "id": plain(account.get("id")),
        "name": plain(name),
        "server": base_url,
    }


def record_facts(info: Mapping[str, Any]) -> Facts:
    """Return the facts of `Client.record_info`; the span as times, nothing empty."""
    facts = {"id": plain(info.get("id")), "status": plain(info.get("status"))}
    start, end = info.get("start"), info.get("end")
    if start:
        first = _time_of(start)
        facts["start"] = f"{_moment(first)} UTC"
        if end:
            last = _time_of(end)
            facts["end"] = f"{_moment(last)} UTC"
            facts["duration"] = _length(last - first)
    user = info.get("user")
    if isinstance(user, Mapping):
        facts["user"] = f"{plain(user.get('email'))} (id {plain(user.get('id'))})"
    facts["device"] = plain(id_of(info.get("device")))
    if info.get("device_start"):
        facts["device_start"] = f"{_moment(_time_of(info['device_start']))} UTC"
    for name, value in info.items():
        if name not in facts and name not in _SHOWN and value not in _NOTHING:
            simple = isinstance(value, str | int | float)
            facts[plain(name)] = plain(value if simple else json.dumps(value))
    return facts


def _time_of(tick: Any) -> pd.Timestamp:
    return tick_to_time(tick, clock=clock_of(tick))


def fact_lines(facts: Mapping[str, str], width: int | None) -> list[str]:
    r"""Return facts as lines: the name, then the text wrapped to `width` beside it.

    A text with a word that does not fit beside its name is below it.

    Examples
    --------
    >>> print(*fact_lines({"id": "7", "note": "one two three four five"}, 24), sep="\n")
    id    7
    note  one two three four
          five
    """
    widest = max(map(len, facts), default=0)
    return list(_lines(facts.items(), widest + 2, width))


def _lines(
    facts: Iterable[tuple[str, str]], indent: int, width: int | None
) -> Iterator[str]:
    for name, text in facts:
        room, before = len(text) or 1, f"{name:<{indent}}"
        if width is not None:
            room = max(width - indent, _LEAST)
            if any(len(word) > room for word in text.split()):
                yield name
                room, before = max(width - _INDENT, _LEAST), " " * _INDENT
        for line in textwrap.wrap(text, room, break_on_hyphens=False) or [""]:
            yield f"{before}{line}".rstrip()
            before = " " * len(before)
