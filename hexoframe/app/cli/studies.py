"""``hexoframe study``: many recordings in one place."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hexoframe.app.choices import is_id
from hexoframe.app.cli.account import connected
from hexoframe.app.cli.lists import show_frame, show_lines, wrapped_lines
from hexoframe.app.cli.options import (
    MOMENT,
    SPANS,
    WholeNumber,
    listing,
    no_waveforms,
    partial,
    reading,
)
from hexoframe.app.cli.running import (
    Commands,
    fail,
    progress,
    say,
    say_if_interrupted,
    tell_path,
)
from hexoframe.app.wording import reworded
from hexoframe.errors import ConfigurationError

if TYPE_CHECKING:
    import pandas as pd

    from hexoframe.study import Study

__all__ = ["study"]

_GOES_ON = "what was finished is in the study, and the same command goes on there"
_ROOT = click.argument("root", metavar="ROOT")
_CHANNELS = click.option(
    "--channels",
    metavar="A,B,...",
    multiple=True,
    help="Channels by name or id, such as ecg,heart_rate; all by default.",
)
_QUERY = (
    click.option("--user", metavar="USER", help="Records of this user: id or e-mail."),
    click.option(
        "--start", metavar="TIME", type=MOMENT, help="Records that begin then or later."
    ),
    click.option(
        "--end", metavar="TIME", type=MOMENT, help="Records that end then or before."
    ),
)


@click.group(cls=Commands)
def study() -> None:
    """Keep many recordings in one place, and compute over them.

    ROOT is a folder, or a URL such as s3://lab/fatigue (pip install "hexoframe[s3]").
    """


def _open(root: str) -> Study:
    from hexoframe.study import open_study  # noqa: PLC0415  # pandas

    return open_study(root)


def _query(function: Any) -> Any:
    """Add the filters of the service to a command."""
    for option in reversed(_QUERY):
        function = option(function)
    return function


def _chosen(channels: tuple[str, ...]) -> list[str] | None:
    names = [name.strip() for text in channels for name in text.split(",")]
    return list(filter(None, names)) or None


# -- what comes in ---------------------------------------------------------------------


@click.command()
@_ROOT
@click.argument("whats", metavar="[PATH|ID]...", nargs=-1)
@_query
@_CHANNELS
@no_waveforms
@partial
@click.option("--every", is_flag=True, help="Also what did not change since.")
@reading
def sync(  # noqa: PLR0913  # click passes each option by name
    root: str,
    whats: tuple[str, ...],
    *,
    channels: tuple[str, ...],
    no_waveforms: bool,
    allow_partial: bool,
    every: bool,
    source: dict[str, Any],
    **query: Any,
) -> None:
    """Bring recordings into a study: files, or records of the service.

    PATH is what 'hexoframe convert' takes, and ID a record of the service; without
    either, the records of the service that --user, --start and --end name. What the
    study has already is left as it is, so the same command brings what is new, and goes
    on where it was interrupted. Prints the numbers of the records that came. A record
    or file that cannot be taken is told, and the others go on.
    """
    asked = {name: value for name, value in query.items() if value is not None}
    ids = [what for what in whats if is_id(what)]
    paths = [what for what in whats if what not in ids]
    if whats and asked:
        raise click.UsageError("--user, --start and --end go without PATH and ID.")
    say_if_interrupted(_GOES_ON)
    place = _open(root)
    how: dict[str, Any] = {
        "channels": _chosen(channels),
        "waveforms": not no_waveforms,
        "allow_partial": allow_partial,
        "progress": progress(),
    }
    outcomes = []
    if paths:
        outcomes.append(place.sync(paths, **how, **source))
    if ids or not whats:
        with connected() as client:
            more: dict[str, Any] = {"client": client, "every": every}
            outcomes.append(place.sync(ids or None, **how, **more, **asked))
    failed = 0
    for outcome in outcomes:
        for number in (*outcome.added, *outcome.updated):
            click.echo(number)
        failed += _tell_failures(outcome.failures)
        for path, number in outcome.duplicates[["source", "record"]].to_numpy():
            say(f"{path} is the same recording as record {number}")
        say(repr(outcome).strip("<>"))
    taken = sum(len(one.added) + len(one.updated) for one in outcomes)
    fail(failed, taken + failed, "recordings")


def _tell_failures(failures: pd.DataFrame) -> int:
    """Say why records failed, and return how many they are."""
    names = failures["record"].astype("string").fillna(failures["source"])
    for name, message in zip(names, failures["message"], strict=True):
        say(f"{name}: {message}")
    return len(failures)


@click.command()
@_ROOT
@click.argument("numbers", metavar="[ID]...", nargs=-1)
@_query
@_CHANNELS
@no_waveforms
@listing
def plan(
    root: str,
    numbers: tuple[str, ...],
    *,
    channels: tuple[str, ...],
    no_waveforms: bool,
    form: str,
    **query: Any,
) -> None:
    """Show what a sync from the service would cost; nothing is downloaded."""
    from hexoframe.app.listing import plan_lines, plan_rows  # noqa: PLC0415  # pandas

    asked = {name: value for name, value in query.items() if value is not None}
    with connected() as client:
        found = _open(root).plan(
            list(numbers) or None,
            channels=_chosen(channels),
            waveforms=not no_waveforms,
            client=client,
            **asked,
        )
    show_frame(found.table, form, plan_rows, nothing="There is no such record.")
    if form in ("table", "all"):
        show_lines(wrapped_lines(plan_lines(found)))


@click.command()
@_ROOT
@click.argument("path", metavar="CSV")
def subjects(root: str, path: str) -> None:
    """Say who wore the shirt: a CSV with a row a subject.

    A column record, user or email says of which records each row is; the other columns
    (subject, group, visit ...) come with every table and result.
    """
    place = _open(root)
    place.subjects = path
    known = place.subjects.notna().any(axis=1).sum()
    click.echo(f"{known} of {len(place)} records have a subject.")


# -- what is there ---------------------------------------------------------------------


@click.command()
@_ROOT
@listing
def table(root: str, form: str) -> None:
    """Show the records of a study: who, when, how complete, how much worn.

    coverage: of the worst waveform; usable: of the heart rate. CSV and JSON have each
    channel. No sample is read.
    """
    from hexoframe.app.listing import study_rows  # noqa: PLC0415  # pandas

    show_frame(_open(root).table(), form, study_rows, nothing="The study is empty.")


@click.command()
@_ROOT
@listing
def verify(root: str, form: str) -> None:
    """Compare every byte with what was written; ends with 1 if any differs."""
    from hexoframe.app.listing import all_rows  # noqa: PLC0415  # pandas

    faults = _open(root).verify(progress=progress())
    nothing = "Every file is as it was written."
    show_frame(faults, form, all_rows, nothing=nothing)
    if len(faults):
        say(
            "To bring a record anew, remove its receipt, receipts/NUMBER.json in the "
            "study, and sync again."
        )
    fail(len(faults), len(faults), "files")


@click.command()
@_ROOT
def compact(root: str) -> None:
    """Copy slow channels into files of many records, which are quick to scan."""
    say_if_interrupted(_GOES_ON)
    done = _open(root).compact()
    click.echo(
        f"{len(done)} channels of up to {done.max() if len(done) else 0} records."
    )


@click.command()
@_ROOT
@click.argument("channel")
def paths(root: str, channel: str) -> None:
    """Print the Parquet files that together hold a channel of every record."""
    for path in _open(root).paths(channel):
        click.echo(path)


# -- results ---------------------------------------------------------------------------


@click.command("map")
@_ROOT
@click.argument("verb")
@click.option(
    "--by",
    metavar="SPANS",
    type=SPANS,
    help="A row for each, for verbs that take it: 5min, ranges, sleep, day or whole.",
)
@click.option(
    "--window", metavar="SPANS", type=SPANS, help="The same, for hrv: 5min by default."
)
@click.option("--wide", is_flag=True, help="For summary: a column a metric.")
@click.option("--name", metavar="NAME", help="What the results are kept under.")
@_CHANNELS
@click.option(
    "--workers",
    metavar="N",
    type=WholeNumber(1),
    help="Processes; one a core by default.",
)
@click.option("--overwrite", is_flag=True, help="Compute all anew.")
@listing
def map_(  # noqa: PLR0913  # click passes each option by name
    root: str,
    verb: str,
    *,
    name: str | None,
    channels: tuple[str, ...],
    workers: int | None,
    overwrite: bool,
    wide: bool,
    form: str,
    **spans: str | None,
) -> None:
    """Compute a table of every record, and print all of them as one.

    VERB is that of Python: summary, hrv, sleep, breathing, coverage, wear ... The
    results are kept in the study under NAME, by default that of the verb and its
    options; what is there is not computed again. A record that fails is told, and the
    others go on. Functions of your own are for Python: study.map(function).
    """
    from hexoframe.app.listing import result_rows  # noqa: PLC0415  # pandas

    say_if_interrupted(_GOES_ON)
    arguments: dict[str, Any] = {
        option: None if value == "whole" else value
        for option, value in spans.items()
        if value is not None
    }
    if wide:
        arguments["wide"] = True
    results = _open(root).map(
        verb,
        name=name,
        channels=_chosen(channels),
        workers=workers,
        overwrite=overwrite,
        progress=progress(),
        **arguments,
    )
    kind = "spans" if wide else verb
    show_frame(
        results.frame,
        form,
        lambda frame: result_rows(frame, kind),
        nothing="There is no row.",
    )
    failed = _tell_failures(results.failures)
    fail(failed, failed + len(results.records), "records")


@click.command()
@_ROOT
@click.option(
    "--out",
    "file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    default=Path("study.html"),
    help="The page, ending in .html; study.html in this folder by default.",
)
@click.option(
    "--identify", is_flag=True, help="Name users, e-mail addresses, devices, sources."
)
@click.option("--overwrite", is_flag=True, help="Replace a page from before.")
def report(root: str, *, file: Path, identify: bool, overwrite: bool) -> None:
    """Write a page with a row a record, which opens without Python.

    A record whose own page is beside it as record_NUMBER.html has a link to it. Needs
    pip install "hexoframe[report]".
    """
    from hexoframe.formats.atomic import noting_unchanged  # noqa: PLC0415  # shutil
    from hexoframe.report.html import check_target  # noqa: PLC0415  # numpy

    try:
        check_target(file)
    except ConfigurationError as error:
        raise click.UsageError(reworded(str(error))) from error
    with noting_unchanged() as unchanged:
        _open(root).report(file, identify=identify, overwrite=overwrite)
    tell_path(file, unchanged=bool(unchanged))


study.add_section("What comes in", sync, plan, subjects)
study.add_section("What is there", table, verify, compact, paths)
study.add_section("Results", map_, report)
