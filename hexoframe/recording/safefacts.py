"""The facts of a record that name nobody: an allow-list, and what it leaves out.

A source may say anything under any name, so nothing passes that is not known here:
each fact by its name and by the form of its value. Times are moved in `shifting`.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from hexoframe.channels import FAMILIES, channels_of
from hexoframe.recording.facts import (
    PSEUDONYM,
    RECEIPT,
    SHAPES,
    Facts,
    ranges_of_sleep,
)

if TYPE_CHECKING:
    from hexoframe.channels import Family

__all__ = ["Kept", "identifiers", "safe_facts", "safe_titles"]

Kept = Literal["annotations", "dates", "device", "ranges", "track"]
"""What a caller may keep; nothing else can be."""

_DEVICE = "device serial"
# What facts of a source are called in a receipt; the rest are "other facts".
_NAMES = MappingProxyType(
    {
        "record id": ("id", "records", "range_id"),
        "user id": ("user", "user_id"),
        "e-mail": ("email",),
        _DEVICE: ("device", "devices"),
        "request": ("request",),
        "dates": (
            "start", "end", "start_date", "start_timestamp", "timestamp",
            "device_start", "last_modified",
        ),
    }
)  # fmt: skip
_TITLES = {key: title for title, keys in _NAMES.items() for key in keys}
_OTHER = "other facts"
_RANGES = {"name": "names of activities", "note": "notes of activities"}
_RANGE_IDS = {"id": "ids of activities"}
_COMMENTS = {"comment": "comments of annotations"}
_ANNOTATION_IDS = {"id": "ids of annotations"}
_TRACK = "points of the GPS track"
_TABLE_TITLES = (
    *_RANGES.values(), *_RANGE_IDS.values(), *_COMMENTS.values(),
    *_ANNOTATION_IDS.values(), _TRACK, "metrics", "statistics",
)  # fmt: skip
_IDENTIFYING = frozenset(
    key
    for title, keys in _NAMES.items()
    if title not in {"request", "dates"}
    for key in keys
)
# Facts that say how a record was made; each value has a form of its own.
_VERSION = re.compile(r"\d{1,3}(\.\d{1,3}){0,3}")
_STATES = frozenset(
    {"complete", "realtime", "realtime_complete", "syncing", "queued", "processing"}
)
_ALGORITHMS = frozenset(
    {
        "acceleration", "activity_detection", "ecg", "hrv", "respiration",
        "sleep_phase", "sleep_position",
    }
)  # fmt: skip
# Words of what `provenance` says: of the ways on which channels come.
_WAYS = """
vendor export dashboard converter csv text .txt classic api json binary edf edf+ parquet
edited hexoframe wfdb bids
"""
_WAY = re.compile(r"[A-Za-z.+, ]{1,60}")
_SOURCES = frozenset({"device", "waveform", "hand"})
_ROUTINE = re.compile(r"/api/(v\d+/)?trainingroutine/\d{1,9}/")
# Words in the names of metrics and statistics, as exports and the service have them;
# and their units.
_METRIC_WORDS = """
act activity adjusted altitude asdnn asleep average avg avnn br breathing breathingrate
cadence changes count distance duration ecg efficiency energy energyecg fall gain heart
heartrate hf hfnorm hr hrv hrvhf hrvhfnorm hrvlf hrvlfnorm index kcal lf lfnorm loss max
mean min minute minuteventilation moving mv nn non norm pauses percent power powernn
ratio rate recovery rem rmssd sdann sdnn sleep sleepefficiency sleeppositionchanges
sleeppositionp sleeptotaltime speed step steps tidal tidalvolume time to total
triangular triangularindex vo volume ventilation wake with worn
"""
_METRIC_UNITS = """
% Cal J L L/min Step W Watt bpm count g kcal kg m m/s mL mL/min min ml/kg*min ml/kg/min
ms ms^2 na rep rpm s spm step steps watt
"""
# Seconds since 1970 and ticks are larger.
_LARGEST = 1e9
# So much of an identifier in a pseudonym tells it.
_TELLING = 4


# -- info ------------------------------------------------------------------------------


def safe_facts(
    facts: Facts, family: Family, keep: Collection[Kept], ticks: int
) -> tuple[Facts, Counter[str]]:
    """Return the facts that may be told, and how many of each kind were left out.

    `ticks` are those by which times move; the ones in `info` are moved here. The kinds
    are words of this module, never of the source.
    """
    lost: Counter[str] = Counter()
    info = _safe_info(facts.info, family, keep, ticks, lost)
    held = {name: _bare(name, getattr(facts, name)) for name in SHAPES}
    if "track" not in keep:
        track, held["track"] = held["track"], None
        lost[_TRACK] += 0 if track is None else len(track)
    told = Facts(
        info=info,
        ranges=_safe_ranges(held["ranges"], lost, keep="ranges" in keep),
        annotations=_safe_annotations(
            held["annotations"], lost, keep="annotations" in keep
        ),
        track=held["track"],
        metrics=_safe_figures(held["metrics"], lost, title="metrics"),
        statistics=_safe_figures(held["statistics"], lost, title="statistics"),
    )
    return told, +lost


def _bare(name: str, table: pd.DataFrame | None) -> pd.DataFrame | None:
    """Return a copy of a table with the columns of its shape, and no attributes."""
    if table is None:
        return None
    bare = table[[column for column in SHAPES[name] if column != "time"]].copy()
    bare.attrs = {}
    return bare


def _safe_info(
    info: Mapping[str, Any],
    family: Family,
    keep: Collection[Kept],
    ticks: int,
    lost: Counter[str],
) -> dict[str, Any]:
    checks = _checks(family, ticks)
    told: dict[str, Any] = {}
    for key, value in info.items():
        # The receipt of an earlier time is told in the new one.
        if key in {PSEUDONYM, RECEIPT}:
            continue
        if "device" in keep and key in _NAMES[_DEVICE]:
            told[key] = value
            continue
        safe = checks[key](value) if key in checks else None
        if safe is None:
            lost[_TITLES.get(key, _OTHER)] += 1
            continue
        told[key] = safe
        if isinstance(value, Mapping) and isinstance(safe, Mapping):
            lost[_OTHER] += len(value.keys() - safe.keys())
    return told


def _checks(family: Family, ticks: int) -> Mapping[str, Callable[[Any], Any]]:
    """Return what makes a safe value of each fact that may pass; None for nothing."""
    channels = channels_of(family)
    return {
        "provenance": lambda ways: _safe_ways(ways, channels),
        "edited": lambda names: _known(names, channels),
        "edited_beats": lambda marks: _safe_marks(marks, ticks),
        "whole_start": lambda tick: tick + ticks if type(tick) is int else None,
        "algo": _safe_algorithms,
        "decoder_version": _safe_version,
        "status": lambda state: next(iter(_known([state], _STATES)), None),
        "model": lambda model: next(iter(_known([model], FAMILIES)), None),
    }


def _known(names: Any, allowed: Collection[str]) -> list[str]:
    """Return the texts of a list that are allowed."""
    listed = names if isinstance(names, Iterable) else ()
    return [name for name in listed if isinstance(name, str) and name in allowed]


def _safe_ways(ways: Any, channels: Collection[str]) -> dict[str, str] | None:
    if not isinstance(ways, Mapping):
        return None
    return {name: _safe_way(ways[name]) for name in _known(ways, channels)}


def _safe_way(way: Any) -> str:
    """Return how a channel came, if all words of it are known."""
    told = isinstance(way, str) and _WAY.fullmatch(way)
    known = told and {*way.lower().replace(",", " ").split()} <= {*_WAYS.split()}
    return str(way) if known else "unknown source"


def _safe_version(value: Any) -> str | None:
    return value if isinstance(value, str) and _VERSION.fullmatch(value) else None


def _safe_algorithms(algo: Any) -> dict[str, Any] | None:
    """Return the versions alone; beside them stand the record and a date."""
    held = algo.get("algorithms") if isinstance(algo, Mapping) else None
    if not isinstance(held, Mapping):
        return None
    versions = {
        name: version
        for name, version in held.items()
        if name in _ALGORITHMS and _safe_version(version)
    }
    return {"algorithms": versions}


def _safe_marks(marks: Any, ticks: int) -> dict[str, Any] | None:
    """Return which beats were edited, moved; a source of beats may have any name."""
    if not isinstance(marks, Mapping):
        return None
    if "all" in marks:
        return {"all": _safe_source(marks["all"])}
    added: dict[str, list[int]] = {}
    given = marks.get("added")
    for source, stamps in given.items() if isinstance(given, Mapping) else ():
        known = _safe_source(source)
        added[known] = sorted([*added.get(known, ()), *_moved(stamps, ticks)])
    return {
        "added": added,
        "changed": _moved(marks.get("changed"), ticks),
        "removed": _moved(marks.get("removed"), ticks),
    }


def _safe_source(source: Any) -> str:
    return source if isinstance(source, str) and source in _SOURCES else "hand"


def _moved(stamps: Any, ticks: int) -> list[int]:
    listed = stamps if isinstance(stamps, Iterable) else ()
    return [tick + ticks for tick in listed if type(tick) is int]


# -- tables ----------------------------------------------------------------------------


def _safe_ranges(
    ranges: pd.DataFrame | None, lost: Counter[str], *, keep: bool
) -> pd.DataFrame | None:
    """Return activities without ids and texts; sleep is still known as such."""
    if ranges is None:
        return None
    table = _without(ranges.reset_index(drop=True), _RANGE_IDS, lost)
    if keep:
        return table
    numbered = table.assign(id=pd.Series(table.index, dtype="Int64"))
    asleep = frozenset(ranges_of_sleep(numbered)["id"])
    routines = table["trainingroutine"].map(_safe_routine, na_action="ignore")
    return _without(table, _RANGES, lost).assign(
        name=pd.Series(
            ["sleep" if row in asleep else "activity" for row in table.index],
            dtype="string",
        ),
        trainingroutine=routines.astype("string"),
    )


def _safe_routine(text: str) -> str | None:
    return text if _ROUTINE.fullmatch(text) else None


def _safe_annotations(
    annotations: pd.DataFrame | None, lost: Counter[str], *, keep: bool
) -> pd.DataFrame | None:
    """Return button presses without ids and comments."""
    if annotations is None:
        return None
    table = _without(annotations, _ANNOTATION_IDS, lost)
    return table if keep else _without(table, _COMMENTS, lost)


def _without(
    table: pd.DataFrame, titles: Mapping[str, str], lost: Counter[str]
) -> pd.DataFrame:
    """Return a table with some columns empty; count what was in them."""
    table = table.copy()
    for column, title in titles.items():
        held = table[column]
        lost[title] += int((held.notna() & (held.astype("string") != "")).sum())
        # Made anew: a masked column of text may keep its letters in memory.
        nothing: list[Any] = [None] * len(held)
        table[column] = pd.Series(nothing, index=held.index, dtype=str(held.dtype))
    return table


def _safe_figures(
    table: pd.DataFrame | None, lost: Counter[str], *, title: str
) -> pd.DataFrame | None:
    """Return metrics or statistics that are figures under known names."""
    if table is None:
        return None
    cells = zip(table["name"], table["value"], table["unit"], strict=True)
    kept = [_is_safe_figure(*row) for row in cells]
    lost[title] += kept.count(False)
    return table[kept].reset_index(drop=True)


def _is_safe_figure(name: Any, value: Any, unit: Any) -> bool:
    """Whether a figure has a known name and unit, and is no time and no id."""
    words = re.findall(r"[a-z]+", name.lower()) if isinstance(name, str) else []
    if (
        not words
        or not {*words} <= {*_METRIC_WORDS.split()}
        or len(re.findall(r"\d", name)) > 2
    ):
        return False
    if not (pd.isna(unit) or unit == "" or unit in _METRIC_UNITS.split()):
        return False
    try:
        number = math.nan if pd.isna(value) else float(value)
    except ValueError:
        return False
    return not abs(number) >= _LARGEST


def safe_titles(removed: Any) -> dict[str, int]:
    """Return what an earlier receipt says was removed, as far as its words are ours."""
    held = removed if isinstance(removed, Mapping) else {}
    return {
        title: held[title]
        for title in (*_NAMES, *_TABLE_TITLES, _OTHER)
        if type(held.get(title)) is int
    }


# -- pseudonyms ------------------------------------------------------------------------


def identifiers(info: Mapping[str, Any]) -> frozenset[str]:
    """Return the texts in facts that a pseudonym must not hold, in lower case.

    Ids, serials, and the words of addresses and names, of four characters and more.
    """
    named = {
        key: value
        for key, value in info.items()
        if key in _IDENTIFYING or "name" in key.lower()
    }
    words = (
        word for text in _texts(named) for word in re.split(r"[^0-9a-z]+", text.lower())
    )
    return frozenset(word for word in words if len(word) >= _TELLING)


def _texts(value: Any) -> Iterable[str]:
    """Yield the texts and numbers in a value, however deep."""
    if isinstance(value, Mapping):
        value = value.values()
    if isinstance(value, (str, int)):
        yield str(value)
    elif isinstance(value, Iterable):
        for each in value:
            yield from _texts(each)
