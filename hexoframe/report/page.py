"""The report of a record: what is computed and drawn, and in which order it stands.

Each figure comes from a result that `Record` has as well. A part without data says why
in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import pandas as pd

from hexoframe.analysis.breathing import summarise_breathing
from hexoframe.analysis.coverage import summarise_coverage
from hexoframe.analysis.ecgcheck import assess_ecg
from hexoframe.analysis.glossary import definitions
from hexoframe.analysis.hrv import compute_hrv
from hexoframe.analysis.methods import describe_methods
from hexoframe.analysis.sleep import summarise_sleep
from hexoframe.analysis.summary import summarise
from hexoframe.analysis.wear import wear_table
from hexoframe.channels import datatypes_of
from hexoframe.errors import ConfigurationError, TimestampError, UnknownChannelError
from hexoframe.plotting.figures import pyplot
from hexoframe.recording.data import RecordData
from hexoframe.recording.facts import inner_fact, shown_table
from hexoframe.report import tables
from hexoframe.report.drawings import embedded
from hexoframe.report.ecgminutes import (
    BEST,
    WORST,
    chosen_minutes,
    told_minute,
    usable_share,
)
from hexoframe.report.html import check_target, environment, fill, write_page
from hexoframe.report.parts import PageFigure, PagePart, PageSection, PageText
from hexoframe.report.receipts import RULE, sample_digest, versions
from hexoframe.report.texts import count, exact_moment, listed, moment, spaced, words
from hexoframe.report.verdict import judge
from hexoframe.timestamps.moments import length_in_words

if TYPE_CHECKING:
    from pathlib import Path

    from hexoframe.plotting.figures import FigureAxes

__all__ = ["shown_channels", "write_report"]

_T = TypeVar("_T")
_MODELS = {
    "hexoskin": "Hexoskin",
    "astroskin_256": "Astroskin",
    "astroskin_1000": "Astroskin",
}
_LEAD = "ecg_i"
_NO_MINUTE = {
    "best": "There is no best minute: no beat is whole, so that none can be compared.",
    "worst": "There is no worst minute: shirt and electrodes were on in none.",
}
_ONE_MINUTE = "There is no other minute with shirt and electrodes on."
_IDENTITY = {"user_id": "User id", "email": "E-mail", "device": "Device"}


class DrawPicture(Protocol):
    """Draws a picture of a record by its name, as `plotting.plot_record` does."""

    def __call__(
        self, record: RecordData, what: str, *, start: Any = None, end: Any = None
    ) -> FigureAxes:
        """Return figure and axes."""
        ...


def write_report(
    record: RecordData,
    path: str | Path,
    *,
    draw: DrawPicture,
    identify: bool = False,
    overwrite: bool = False,
) -> Path:
    """Write the report of a record, as `hexoframe.Record.report` describes it.

    Parameters
    ----------
    record : RecordData
        The record; all of it is read.
    path : str or Path
        File to write, ending in .html.
    draw : callable
        What draws pictures: `hexoframe.plotting.plot_record`.
    identify, overwrite
        As for `hexoframe.Record.report`.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ConfigurationError, OutputExistsError
        As for `hexoframe.Record.report`.
    """
    target = check_target(path)
    # What is missing is told before anything is read.
    environment()
    pyplot()
    shown = record if identify else _without_words(record)
    page = fill("report.html.j2", **_Report(shown, draw, identify=identify).content())
    return write_page(page, target, overwrite=overwrite)


def shown_channels(record: RecordData) -> list[str]:
    """Return the channels whose values a report shows.

    What the device computes every five minutes is computed anew, from the beats.
    """
    rates = ((name, record.channel(name).rate_hz) for name in record)
    return [name for name, rate in rates if rate is None or rate >= 1]


def _without_words(record: RecordData) -> RecordData:
    """Return a record without what somebody wrote in it: comments and notes."""
    facts = record.facts
    annotations, ranges = facts.annotations, facts.ranges
    if annotations is not None:
        nothing = pd.Series(pd.NA, index=annotations.index, dtype="string")
        annotations = annotations.assign(comment=nothing)
    if ranges is not None:
        ranges = ranges.assign(
            note=pd.Series(pd.NA, index=ranges.index, dtype="string")
        )
    kept = replace(facts, annotations=annotations, ranges=ranges)
    return RecordData.of(record, facts=kept)


def _identity(info: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the facts that say who wore the shirt, and which shirt it was."""
    several = info.get("devices")
    named = dict(info)
    if "device" not in info and isinstance(several, list):
        named["device"] = listed([words(one) for one in several])
    return [
        (name, words(named[key]))
        for key, name in _IDENTITY.items()
        if named.get(key) not in (None, "")
    ]


class _Report:
    """A record, and what was computed of it for its report."""

    def __init__(
        self, record: RecordData, draw: DrawPicture, *, identify: bool
    ) -> None:
        self._record = record
        self._draw = draw
        self._identify = identify
        self._figures = 0
        ranges = record.facts.ranges
        self._has_activities = ranges is not None and len(ranges) > 0
        self._summary = summarise(record)
        self._coverage = summarise_coverage(record)
        self._minutes = _tried(lambda: assess_ecg(record, lead=_LEAD))

    def content(self) -> dict[str, Any]:
        """Return what the template shows."""
        record, minutes = self._record, self._minutes
        verdict = judge(
            self._summary,
            self._coverage,
            record.duration,
            ecg=usable_share(minutes) if isinstance(minutes, pd.DataFrame) else None,
            info=record.facts.info,
        )
        return {
            "title": f"Record {words(record.name or 'without id')}",
            "model": _MODELS[record.family],
            "start": f"{moment(record.start)} {record.tz}",
            "duration": length_in_words(record.duration),
            "verdict": verdict,
            "facts": self._facts(),
            "sections": list(self._sections()),
            "versions": versions(),
        }

    def _facts(self) -> list[tuple[str, str]]:
        record, info = self._record, self._record.facts.info
        tables_of = record.facts
        ways = sorted({words(way) for way in info.get("provenance", {}).values()})
        counts = {
            "Activities": tables_of.ranges,
            "Annotations": tables_of.annotations,
        }
        known = [
            ("Model", _MODELS[record.family]),
            ("Record", words(record.name or "without id")),
            ("Start", f"{exact_moment(record.start)} {record.tz}"),
            ("End", f"{exact_moment(record.end)} {record.tz}"),
            ("Length", length_in_words(record.duration)),
            ("Clock", f"{record.clock} ticks/s"),
            ("Channels", count(len(record))),
            *(
                (name, "not known" if table is None else count(len(table)))
                for name, table in counts.items()
            ),
            ("Read from", listed(ways) or "not known"),
        ]
        moved = inner_fact(info, "deidentified", "dates", "moved")
        if moved not in (None, "no"):
            known.append(("Dates", f"moved {words(moved)}"))
        return known + _identity(info) if self._identify else known

    # -- sections ----------------------------------------------------------------------

    def _sections(self) -> Iterator[PageSection]:
        yield PageSection(
            key="coverage",
            title="Coverage and wear",
            lead="What was recorded, what of it is doubted, and when the shirt was on.",
            parts=self._coverage_parts(),
        )
        yield PageSection(
            key="overview",
            title="Overview",
            parts=[
                self._picture(
                    "overview",
                    "The whole record on one time axis",
                    "Activities and annotations stand above.",
                ),
                *self._activities(),
            ],
        )
        yield PageSection(
            key="ecg",
            title="ECG",
            lead="The best and the worst minute of lead I, ten seconds a row.",
            parts=self._ecg_parts(),
        )
        yield PageSection(
            key="heart",
            title="Beats and variability",
            lead="Of intervals that count alone; differences are those of true "
            "neighbours, to the tick.",
            parts=self._heart_parts(),
        )
        yield PageSection(
            key="breathing",
            title="Breathing",
            lead="Of usable breaths alone.",
            parts=self._breathing_parts(),
        )
        yield PageSection(key="sleep", title="Sleep", parts=self._sleep_parts())
        yield PageSection(
            key="summary",
            title="Summary",
            lead="Values are of usable samples alone: measured, not flagged, "
            "plausible, of a shirt that was worn. Beside them the vendor's figure, and "
            "the vendor's rule on all samples.",
            parts=[tables.summary_table(self._summary)],
        )
        yield PageSection(
            key="methods",
            title="Methods",
            lead="A paragraph to paste; each figure of it is from this record.",
            parts=[PageText(text=spaced(describe_methods(self._record)), kind="quote")],
        )
        yield PageSection(
            key="receipts",
            title="Receipts",
            lead=RULE,
            parts=[self._receipts()],
        )

    def _coverage_parts(self) -> list[PagePart]:
        worn = tables.doubtful_wear_table(wear_table(self._record))
        annotations = self._record.facts.annotations
        parts: list[PagePart] = [
            self._picture(
                "coverage",
                "A bar for each channel over time",
                "Right: share of the expected samples, or the number of events.",
            ),
            tables.coverage_table(self._coverage),
        ]
        if worn is not None:
            parts.append(worn)
        if self._identify and annotations is not None and len(annotations):
            shown = shown_table(self._record.facts, "annotations", self._record.tz)
            kinds = {row.id: row.note for row in datatypes_of(self._record.family)}
            parts.append(tables.annotation_table(shown, kinds))
        return parts

    def _activities(self) -> Iterator[PagePart]:
        if self._has_activities:
            by_range = summarise(self._record, "ranges", wide=True)
            yield tables.activity_table(by_range)

    def _ecg_parts(self) -> list[PagePart]:
        minutes = self._minutes
        if isinstance(minutes, PageText):
            return [minutes]
        best, worst = chosen_minutes(minutes)
        parts: list[PagePart] = []
        for row, name, rule in ((best, "best", BEST), (worst, "worst", WORST)):
            if row is None:
                parts.append(PageText(text=_NO_MINUTE[name], kind="absent"))
                continue
            if name == "worst" and row == best:
                parts.append(PageText(text=_ONE_MINUTE, kind="absent"))
                continue
            minute = minutes.iloc[row]
            parts.append(
                self._picture(
                    _LEAD,
                    f"The {name} minute, from {moment(minute['start'])}",
                    f"{told_minute(minute)} {name.capitalize()}: {rule}. A thin line "
                    "each 40 ms and 0.1 mV, a bold one each 200 ms and 0.5 mV; the "
                    "page is not true to scale.",
                    start=minute["start"],
                    end=min(minute["end"], self._record.end),
                )
            )
        return parts

    def _heart_parts(self) -> list[PagePart]:
        whole = _tried(lambda: compute_hrv(self._record, None))
        if isinstance(whole, PageText):
            return [whole]
        return [
            self._picture("rr", "RR intervals, and each against the one before it"),
            self._picture(
                "hrv", "Variability in windows of five minutes, and the spectrum"
            ),
            tables.hrv_table(
                whole,
                self._of_activities(lambda: compute_hrv(self._record, "ranges")),
                definitions("hrv"),
            ),
        ]

    def _breathing_parts(self) -> list[PagePart]:
        record = self._record
        whole = _tried(lambda: summarise_breathing(record, None))
        if isinstance(whole, PageText):
            return [whole]
        return [
            self._picture("breaths", "Each usable breath, and means of five minutes"),
            tables.breathing_table(
                whole,
                self._of_activities(lambda: summarise_breathing(record, "ranges")),
                definitions("breathing"),
            ),
        ]

    def _of_activities(
        self, compute: Callable[[], pd.DataFrame]
    ) -> pd.DataFrame | None:
        return compute() if self._has_activities else None

    def _sleep_parts(self) -> list[PagePart]:
        phases = self._record.get("sleep_phase")
        if phases is None or not (phases["sleep_phase"].fillna(0) > 0).any():
            return [
                PageText(
                    text="No sleep was scored in this record: the service does so for "
                    "activities of sleep of four hours and more.",
                    kind="absent",
                )
            ]
        nights = _tried(lambda: summarise_sleep(self._record))
        if isinstance(nights, PageText):
            return [nights]
        return [
            self._picture("sleep", "Hypnogram, and what went with it"),
            tables.sleep_table(nights, definitions("sleep")),
        ]

    def _receipts(self) -> PagePart:
        record = self._record
        return tables.receipt_table(
            self._coverage,
            {name: record.channel(name) for name in record},
            {name: sample_digest(record, name) for name in record},
        )

    # -- figures -----------------------------------------------------------------------

    def _picture(
        self, name: str, title: str, caption: str = "", **part: Any
    ) -> PagePart:
        """Return a picture, or why there is none."""
        drawn = _tried(lambda: self._draw(self._record, name, **part))
        if isinstance(drawn, PageText):
            return drawn
        if name == _LEAD:
            # It names a scale that holds on paper of its own, not on this page.
            drawn[0].axes[0].set_title("", loc="left")
        self._figures += 1
        markup = embedded(drawn[0], title=title, number=self._figures)
        return PageFigure(title=title, markup=markup, caption=caption)


def _tried(make: Callable[[], _T]) -> _T | PageText:
    """Return what is made, or as a text why this record has none.

    What is wrong with its source, such as lost samples, is raised.
    """
    try:
        return make()
    except (ConfigurationError, TimestampError, UnknownChannelError) as error:
        text = str(error)
        return PageText(text=f"{text[:1].upper()}{text[1:]}.", kind="absent")
