"""``hexoframe show``, ``summary``, ``hrv``, ``beats``, ``breaths``, ``sleep``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from hexoframe.app.batch import each_of, open_each
from hexoframe.app.choices import Selection, is_id
from hexoframe.app.cli.account import connected
from hexoframe.app.cli.lists import show_data, show_lines, table_lines, wrapped_lines
from hexoframe.app.cli.options import (
    MOMENT,
    SPANS,
    WholeNumber,
    fetching,
    gather,
    listing,
    model,
    reading,
    selection,
)
from hexoframe.app.cli.running import (
    KEPT,
    fail,
    progress,
    say_if_interrupted,
    tell,
)
from hexoframe.app.wording import reworded
from hexoframe.errors import HexoframeError

if TYPE_CHECKING:
    import pandas as pd

    from hexoframe.record import Record

__all__ = ["beats", "breaths", "hrv", "opened", "show", "sleep", "summary"]

# What is fetched for it: the belts and the heart rate tell when the shirt was worn.
_CHANNELS = (
    "rr_interval",
    "rr_interval_quality",
    "nn_interval",
    "respiration",
    "heart_rate_quality",
)
# The heart rate and the belts tell what a night rests on.
_OF_NIGHTS = (
    "sleep_phase",
    "sleep_position",
    "heart_rate",
    "heart_rate_quality",
    "respiration",
)


# Events, what doubts them, what moves with them; beats for the arrhythmia.
_OF_BREATHS = (
    "inspiration",
    "expiration",
    "breathing_rate",
    "breathing_rate_quality",
    "tidal_volume",
    "respiration",
    "heart_rate_quality",
    "rr_interval",
    "rr_interval_quality",
    "step",
)


def opened(
    whats: Sequence[str],
    selection: Selection,
    how: dict[str, Any],
    source: dict[str, Any],
    *,
    channels: Sequence[str] | None = None,
) -> Iterator[tuple[str, Record | Exception]]:
    """Yield the records of ids, then all recordings in paths, or why there is none.

    `channels` are those that are downloaded of a record that is not kept; files are
    read as far as they are needed.
    """
    numbers = [what for what in whats if is_id(what)]
    if numbers:
        say_if_interrupted(KEPT)
        with connected(offline=how["offline"]) as client:
            asked = {**selection.arguments(), **how, "progress": progress()}
            if channels is not None:
                asked["channels"] = list(channels)
            yield from each_of(
                numbers, lambda number: client.load_record(number, **asked)
            )
    paths = [what for what in whats if what not in numbers]
    partial = how["allow_partial"]
    yield from open_each(paths, selection, allow_partial=partial, **source)


# -- show ------------------------------------------------------------------------------


@click.command()
@click.argument("what", metavar="PATH|ID")
@selection
@fetching
@reading
@listing
def show(
    what: str,
    selection: Selection,
    how: dict[str, Any],
    source: dict[str, Any],
    form: str,
) -> None:
    """Show a record: its span, and how complete each channel is.

    PATH is what 'hexoframe convert' takes, and ID a record of the service, which is
    downloaded unless the cache has it. All of it is read.

    coverage: which share of the expected samples came; gaps: how many; then the share
    of time that is flagged by the device, implausible, or not worn; the longest gap;
    the share of time with a sensor off.
    """
    import pandas as pd  # noqa: PLC0415  # heavy

    from hexoframe.app.listing import coverage_frame, coverage_rows  # noqa: PLC0415

    found, failed = [], 0
    for name, record in opened([what], selection, how, source):
        if isinstance(record, Exception):
            failed += tell("recording", name, record)
            continue
        found.append(coverage_frame(record))
        if form in ("table", "all"):
            head = str(record).partition("\n\n")[0].splitlines()
            rows = table_lines(found[-1], form, coverage_rows)
            show_lines([*wrapped_lines(head), "", *rows])
    if found and form in ("csv", "json"):
        show_data(pd.concat(found), form)
    fail(failed, len(found) + failed, "recordings")


# -- hrv -------------------------------------------------------------------------------


def _count(*, nonlinear: bool, **given: Any) -> dict[str, Any]:
    """Return the arguments of `Record.hrv` that were given."""
    wanted = {name: value for name, value in given.items() if value is not None}
    return {**wanted, "nonlinear": nonlinear}


_counting = gather(
    "counting",
    _count,
    click.option(
        "--beats",
        metavar="BEATS",
        type=click.Choice(("good", "nn", "all")),
        help="Which RR intervals count: good (no flag, plausible, worn), which is the "
        "default; nn, those that the device accepts; or all.",
    ),
    click.option(
        "--nonlinear",
        is_flag=True,
        help='Add sample entropy and DFA; needs pip install "hexoframe[analysis]".',
    ),
    click.option(
        "--min-share",
        metavar="SHARE",
        type=float,
        help="Share of a span that intervals must cover; 0.8 by default for a length "
        "of time, and 0.1 for other spans.",
    ),
    click.option(
        "--min-pairs",
        metavar="N",
        type=WholeNumber(0),
        help="Pairs of neighbours that a span must have; 100 by default, and 2 for a "
        "length of time.",
    ),
)


@click.command()
@click.argument("whats", metavar="PATH|ID...", nargs=-1, required=True)
@click.option(
    "--window",
    metavar="SPANS",
    type=SPANS,
    default="5min",
    help="A row for each: a length of time, which is 5min by default; ranges "
    "(activities); sleep (those of sleep); day; or whole for the whole record.",
)
@_counting
@model("auto")
@fetching
@reading
@listing
def hrv(  # noqa: PLR0913  # click passes each option by name
    whats: tuple[str, ...],
    *,
    window: str,
    counting: dict[str, Any],
    model: str,
    how: dict[str, Any],
    source: dict[str, Any],
    form: str,
) -> None:
    """Show the variability of the heart rate: RMSSD, SDNN, LF, HF.

    PATH is what 'hexoframe convert' takes, and ID a record of the service. Differences
    are those of neighbouring beats alone. share is the part of the time that intervals
    which count cover; a row without enough has no figures, and says why.

    HR in bpm; SDNN and RMSSD in ms; LF and HF in ms^2.
    """

    def compute(record: Record) -> pd.DataFrame:
        spans = None if window == "whole" else window
        return record.hrv(spans, **counting)

    chosen = Selection(model=model)
    records = opened(whats, chosen, how, source, channels=_CHANNELS)
    _tell_results(records, compute, _show_hrv, form)


# -- summary ---------------------------------------------------------------------------


def _ask(**given: Any) -> dict[str, Any]:
    """Return the arguments of `Record.summary` that were given."""
    return {name: value for name, value in given.items() if value is not None}


_asking = gather(
    "asking",
    _ask,
    click.option(
        "--min-share",
        metavar="SHARE",
        type=float,
        help="Share of a span that must be usable; 0.1 by default.",
    ),
    click.option("--weight", metavar="KG", type=float, help="Weight of the wearer."),
    click.option("--height", metavar="M", type=float, help="Height, in m."),
    click.option("--age", metavar="YEARS", type=float, help="Age, in years."),
    click.option(
        "--sex",
        metavar="SEX",
        type=click.Choice(("female", "male")),
        help="female or male, as the estimates of energy distinguish them.",
    ),
    click.option(
        "--rest-hr", metavar="BPM", type=float, help="Heart rate at rest, in bpm."
    ),
    click.option("--vo2max", metavar="N", type=float, help="VO2max, in ml/kg/min."),
)


@click.command()
@click.argument("whats", metavar="PATH|ID...", nargs=-1, required=True)
@click.option(
    "--by",
    metavar="SPANS",
    type=SPANS,
    default="whole",
    help="A row for each: a length of time, such as 5min; ranges (activities); sleep "
    "(those of sleep); day; or whole for the whole record, which is the default.",
)
@click.option(
    "--wide",
    is_flag=True,
    help="In CSV and JSON: a row a span, a column a metric, no vendor's figures.",
)
@_asking
@model("auto")
@click.option(
    "--tz",
    metavar="ZONE",
    help="Zone of the days, such as America/Montreal; UTC by default.",
)
@fetching
@reading
@listing
def summary(  # noqa: PLR0913  # click passes each option by name
    whats: tuple[str, ...],
    *,
    by: str,
    wide: bool,
    asking: dict[str, Any],
    model: str,
    tz: str | None,
    how: dict[str, Any],
    source: dict[str, Any],
    form: str,
) -> None:
    """Show the numbers of a paper: heart rate, breathing, steps.

    PATH is what 'hexoframe convert' takes, and ID a record of the service. Values are
    of usable samples alone: measured, not flagged, plausible, of a shirt that was worn;
    usable says of which share of the time. Beside them stand the vendor's figure, and
    what the vendor's rule gives; a note says what it counts besides.

    With --by: HR in bpm, and the usable share of it; BR per min; MV in L/min; activity
    in g; RMSSD in ms; worn in %. --csv and --json have everything. Adjusted volumes
    need --weight, and estimates of energy the other facts of the wearer.
    """
    from hexoframe.analysis.metrics import summary_channels  # noqa: PLC0415  # pandas

    whole = by == "whole"
    is_data = form in ("csv", "json")
    # A row a span fits a terminal; all that there is of it goes to other programs.
    as_row = wide or not (whole or is_data)

    def compute(record: Record) -> pd.DataFrame:
        local = record if tz is None else record.tz_convert(tz)
        return local.summary(None if whole else by, wide=as_row, **asking)

    chosen = Selection(model=model)
    records = opened(whats, chosen, how, source, channels=summary_channels())
    _tell_results(records, compute, _show_summary, form)


def _show_summary(table: pd.DataFrame, form: str) -> None:
    """Print a summary, and what its notes say."""
    from hexoframe.app.listing import (  # noqa: PLC0415  # pandas
        span_rows,
        summary_notes,
        summary_rows,
    )

    if table.index.name is None:
        show_lines(table_lines(table, form, span_rows) if len(table) else ["no span"])
    else:
        show_lines(table_lines(table, form, summary_rows))
        if form == "table":
            notes = [reworded(note) for note in summary_notes(table)]
            show_lines(["", *wrapped_lines(notes)])
    show_lines([""])


# -- breaths ---------------------------------------------------------------------------


@click.command()
@click.argument("whats", metavar="PATH|ID...", nargs=-1, required=True)
@click.option(
    "--window",
    metavar="SPANS",
    type=SPANS,
    default="5min",
    help="A row for each: a length of time, which is 5min by default; ranges "
    "(activities); sleep (those of sleep); day; or whole for the whole record.",
)
@click.option(
    "--each", is_flag=True, help="A row a breath: times, amplitude, volume, reason."
)
@click.option(
    "--check",
    is_flag=True,
    help="The breaths of the device beside those that the signal of the belts shows; "
    'needs pip install "hexoframe[analysis]".',
)
@model("auto")
@fetching
@reading
@listing
def breaths(  # noqa: PLR0913  # click passes each option by name
    whats: tuple[str, ...],
    *,
    window: str,
    each: bool,
    check: bool,
    model: str,
    how: dict[str, Any],
    source: dict[str, Any],
    form: str,
) -> None:
    """Show breathing: rate, variability, timing, volumes.

    PATH is what 'hexoframe convert' takes, and ID a record of the service. Of usable
    breaths alone: belts with a signal, not flagged, plausible, of a shirt that was
    worn. share is the part of the time that they cover.

    BR, per min; CV of the times of breaths, in %; Ti and Te, inhaling and exhaling, in
    s; VT in L; MV in L/min; RSA, the arrhythmia of the heart, in ms. With --check:
    diff of the device, in %, and its offset, in ms. --csv and --json have everything.
    """
    if each and check:
        raise click.UsageError("give --each or --check, not both")

    def compute(record: Record) -> pd.DataFrame:
        if each:
            return record.breaths()
        return record.check_breaths(window) if check else record.breathing(window)

    def show(table: pd.DataFrame, form: str) -> None:
        _show_breaths(table, form, each=each, check=check)

    chosen = Selection(model=model)
    records = opened(whats, chosen, how, source, channels=_OF_BREATHS)
    _tell_results(records, compute, show, form)


def _show_breaths(table: pd.DataFrame, form: str, *, each: bool, check: bool) -> None:
    """Print a table of breaths or of spans, and what to know of it."""
    from hexoframe.app import listing as rows_of  # noqa: PLC0415  # pandas

    if each:
        write, notes = rows_of.breath_rows, rows_of.breath_notes(table)
    elif check:
        write, notes = rows_of.breath_check_rows, rows_of.breath_check_notes(table)
    else:
        write, notes = rows_of.breathing_rows, rows_of.notes_of(table, "rate")
    nothing = "no breath" if each else "no span"
    show_lines(table_lines(table, form, write) if len(table) else [nothing])
    if form == "table":
        show_lines([*wrapped_lines(notes), ""])


# -- sleep -----------------------------------------------------------------------------


@click.command()
@click.argument("whats", metavar="PATH|ID...", nargs=-1, required=True)
@click.option(
    "--in-bed",
    metavar="OFF ON",
    nargs=2,
    type=MOMENT,
    help="Time in bed: lights off and on, each a time with its zone "
    "(2024-03-01T22:30:00+01:00), or a tick; the activities of sleep by default.",
)
@click.option(
    "--min-share",
    metavar="SHARE",
    type=float,
    default=0.8,
    help="Share of the time in bed that must have a phase; 0.8 by default.",
)
@model("auto")
@click.option(
    "--tz",
    metavar="ZONE",
    help="Zone of the bedroom, such as America/Montreal; UTC by default.",
)
@fetching
@reading
@listing
def sleep(  # noqa: PLR0913  # click passes each option by name
    whats: tuple[str, ...],
    *,
    in_bed: tuple[int | str, int | str] | None,
    min_share: float,
    model: str,
    tz: str | None,
    how: dict[str, Any],
    source: dict[str, Any],
    form: str,
) -> None:
    """Show the sleep of each night: TST, WASO, efficiency.

    PATH is what 'hexoframe convert' takes, and ID a record of the service. From the
    phases that the service scores: awake, REM, NREM. This is not polysomnography.

    In min: TIB, time in bed; SOL, until sleep onset; SPT, from there to the final
    awakening; WASO, awake within it; TST, asleep. SE: TST / TIB. wakes: how often.
    scored: share of TIB with a phase. --csv and --json have everything.
    """

    def compute(record: Record) -> pd.DataFrame:
        local = record if tz is None else record.tz_convert(tz)
        return local.sleep(in_bed, min_share=min_share)

    chosen = Selection(model=model)
    records = opened(whats, chosen, how, source, channels=_OF_NIGHTS)
    _tell_results(records, compute, _show_sleep, form)


def _show_sleep(table: pd.DataFrame, form: str) -> None:
    """Print a table of nights, and what is to be said of them."""
    from hexoframe.app.listing import sleep_notes, sleep_rows  # noqa: PLC0415  # pandas

    show_lines(table_lines(table, form, sleep_rows) if len(table) else ["no night"])
    if form == "table":
        show_lines([*wrapped_lines(sleep_notes(table)), ""])


# -- beats -----------------------------------------------------------------------------


@click.command()
@click.argument("whats", metavar="PATH|ID...", nargs=-1, required=True)
@click.option(
    "--check",
    is_flag=True,
    help='Compare them with the beats in the ECG; needs pip install "hexoframe[ecg]".',
)
@click.option("--ecg", is_flag=True, help="How good the ECG is, a row a minute.")
@model("auto")
@fetching
@reading
@listing
def beats(  # noqa: PLR0913  # click passes each option by name
    whats: tuple[str, ...],
    *,
    check: bool,
    ecg: bool,
    model: str,
    how: dict[str, Any],
    source: dict[str, Any],
    form: str,
) -> None:
    """Show the beats of the heart: which are usable, and why not.

    PATH is what 'hexoframe convert' takes, and ID a record of the service. A row for
    five minutes: how many beats there are, which share is usable (no flag, plausible,
    of a shirt that was worn), RR of these, and what is wrong with the others. --csv and
    --json have every beat.

    With --check, a row for five minutes: judged, the share in which beats were looked
    for in the ECG; extra beats of the device, which the ECG does not show; beats that
    the device missed; good: which share of its usable beats is in the ECG within 50 ms.
    With --ecg, a row a minute: correlation of beats with the median beat, shares of
    time without samples, with a sensor off, not worn, saturated or flat; mains noise in
    mV.
    """
    if check and ecg:
        raise click.UsageError("give --check or --ecg, not both")

    def compute(record: Record) -> pd.DataFrame:
        if check:
            return record.check_beats()
        return record.check_ecg() if ecg else record.beats()

    def show_table(table: pd.DataFrame, form: str) -> None:
        from hexoframe.app.listing import (  # noqa: PLC0415  # pandas
            beat_rows,
            check_rows,
            ecg_rows,
        )

        rows = check_rows if check else ecg_rows if ecg else beat_rows
        show_lines(table_lines(table, form, rows) if len(table) else ["no beat"])
        show_lines([""])

    channels = (*_CHANNELS, "ecg") if check or ecg else _CHANNELS
    records = opened(whats, Selection(model=model), how, source, channels=channels)
    _tell_results(records, compute, show_table, form)


# -- a table of each recording ---------------------------------------------------------


def _tell_results(
    records: Iterator[tuple[str, Record | Exception]],
    compute: Callable[[Record], pd.DataFrame],
    show: Callable[[pd.DataFrame, str], None],
    form: str,
) -> None:
    """Print a result of each recording, or all in one table for another program."""
    import pandas as pd  # noqa: PLC0415  # heavy

    found: list[pd.DataFrame] = []
    failed = 0
    for name, record in records:
        table = _result(record, compute)
        if isinstance(table, Exception):
            failed += tell("recording", name, table)
            continue
        if form in ("table", "all"):
            show_lines(wrapped_lines([f"recording {name}"]))
            show(table, form)
        whole = table if table.index.name is None else table.reset_index()
        whole.insert(0, "record", name)
        found.append(whole)
    if found and form in ("csv", "json"):
        show_data(pd.concat(found, ignore_index=True), form)
    fail(failed, len(found) + failed, "recordings")


def _result(
    record: Record | Exception, compute: Callable[[Record], pd.DataFrame]
) -> pd.DataFrame | Exception:
    """Return a result, or the error of the record or of the result."""
    if isinstance(record, Exception):
        return record
    try:
        return compute(record)
    except HexoframeError as error:
        return error


def _show_hrv(table: pd.DataFrame, form: str) -> None:
    """Print a table, and why rows have no figures."""
    from hexoframe.app.listing import hrv_rows, notes_of  # noqa: PLC0415  # pandas

    show_lines(table_lines(table, form, hrv_rows) if len(table) else ["no span"])
    if form == "table":
        show_lines([*wrapped_lines(notes_of(table, "rmssd")), ""])
