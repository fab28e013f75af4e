"""``hexoframe download``, ``range``, ``convert``, ``deidentify``, ``cache``: files."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

from hexoframe.app.batch import (
    save_deidentified,
    save_files,
    save_ranges,
    save_records,
)
from hexoframe.app.choices import KEPT_FACTS, Output, Saved, Selection
from hexoframe.app.cli.account import connected
from hexoframe.app.cli.lists import show_frame, show_lines, wrapped_lines
from hexoframe.app.cli.options import (
    LISTING,
    fetching,
    fetching_ranges,
    gather,
    ids,
    listing,
    output,
    output_whole,
    partial,
    reading,
    selection,
)
from hexoframe.app.cli.running import (
    KEPT,
    Commands,
    progress,
    say,
    say_if_interrupted,
    tell_saved,
)
from hexoframe.texttable import is_terminal

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["cache", "convert", "deidentify", "download", "range_"]


@click.command()
@ids("ID")
@selection
@fetching
@output
def download(
    numbers: tuple[str, ...], selection: Selection, how: dict[str, Any], output: Output
) -> None:
    """Load records and write them into files.

    One that cannot be loaded is skipped, the others go on. Prints where it was written,
    a path a line: DIR/E-MAIL/ID for .txt, DIR/record_ID for CSV, Parquet and WFDB,
    DIR/record_ID.mat and .edf, DIR/record_ID_rr.txt for Kubios, DIR/sub-ID/beh for
    BIDS. What is there already, unchanged, is left as it is, and the rest is written;
    files with other content are replaced only with --overwrite. What was loaded is
    cached; the next time it comes from there.
    """
    say_if_interrupted(KEPT)
    with connected(offline=how["offline"]) as client:
        saved = save_records(
            client, numbers, selection, output, progress=progress(), **how
        )
        tell_saved(saved, "record")


@click.command("range")
@ids("ID")
@selection
@fetching_ranges
@output
def range_(
    numbers: tuple[str, ...], selection: Selection, how: dict[str, Any], output: Output
) -> None:
    """Load ranges (activities) and write them into files.

    As 'hexoframe download', into DIR/range_ID. A range over several records is one;
    the time between them is a gap.
    """
    say_if_interrupted(KEPT)
    with connected() as client:
        saved = save_ranges(
            client, numbers, selection, output, progress=progress(), **how
        )
        tell_saved(saved, "range")


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@selection
@reading
@partial
@output
def convert(
    paths: tuple[str, ...],
    selection: Selection,
    source: dict[str, Any],
    output: Output,
    *,
    allow_partial: bool,
) -> None:
    """Turn recordings on disk into files of other formats.

    PATH is a vendor export (ZIP or folder), dashboard CSV, converter CSV, classic .txt
    folder, EDF, hexoframe's own Parquet or CSV, a folder of these, or a pattern. One
    that cannot be read is skipped, the others go on; a file in a folder that is not a
    recording is skipped too, and is no failure. Nothing is asked of the service. Prints
    where it was written, and leaves what is there already, as 'hexoframe download'
    does.
    """
    saved = save_files(paths, selection, output, allow_partial=allow_partial, **source)
    tell_saved(saved, "recording")


# -- without a name --------------------------------------------------------------------

_WITHOUT_NAME = gather(
    "wish",
    dict,
    click.option(
        "--pseudonym",
        metavar="NAME",
        help="Name of the recording, if there is one PATH; by chance by default.",
    ),
    click.option(
        "--shift-weeks",
        metavar="N",
        type=int,
        help="By how many weeks dates move, negative for earlier; by default chosen by "
        "chance for each recording, from a year to ten back.",
    ),
    click.option(
        "--zone",
        metavar="ZONE",
        help="Zone of the wearer, such as America/Montreal, which is kept: a shift by "
        "chance then keeps the local time of day.",
    ),
    click.option(
        "--keep",
        metavar="WHAT",
        type=click.Choice(KEPT_FACTS),
        multiple=True,
        help=f"{', '.join(KEPT_FACTS)}: what stays after all; may be given several "
        "times.",
    ),
)


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@_WITHOUT_NAME
@selection
@reading
@partial
@output_whole
def deidentify(  # noqa: PLR0913  # click passes each group of options by name
    paths: tuple[str, ...],
    wish: dict[str, Any],
    selection: Selection,
    source: dict[str, Any],
    output: Output,
    *,
    allow_partial: bool,
) -> None:
    """Write recordings that do not tell who wore the shirt.

    Ids, e-mail, serial of the device, names, notes, comments and the GPS track are left
    out, and dates move by whole weeks. PATH is what 'hexoframe convert' takes. Prints
    where it was written: the recording under its pseudonym, and NAME.deidentified.json,
    which says what was removed, but neither old values nor the shift. Which PATH became
    which NAME is told on stderr alone.

    Samples are not changed: who has the original finds it by them.
    """
    saved = save_deidentified(
        paths, selection, output, wish, allow_partial=allow_partial, **source
    )
    tell_saved(_with_names(saved), "recording")


def _with_names(saved: Iterable[tuple[Saved, str | None]]) -> Iterator[Saved]:
    """Yield what was saved, and say which recording has which pseudonym."""
    for each, pseudonym in saved:
        if each.paths:
            say(f"{each.name} is {pseudonym}")
        yield each


# -- the cache -------------------------------------------------------------------------


@click.group(cls=Commands, invoke_without_command=True)
@click.pass_context
def cache(context: click.Context) -> None:
    """Show or clear what is kept of loaded records.

    Without a command, shows it.
    """
    if context.invoked_subcommand is None:
        _show_cache(LISTING[0])


@click.command()
@listing
def info(form: str) -> None:
    """Show what the cache holds, how large it is, and where."""
    _show_cache(form)


def _show_cache(form: str) -> None:
    import hexoframe  # noqa: PLC0415  # pandas
    from hexoframe.app.listing import cache_rows, megabytes  # noqa: PLC0415  # pandas

    held, folder = hexoframe.cache.info(), hexoframe.cache.folder()
    show_frame(held, form, cache_rows, nothing=f"The cache is empty ({folder}).")
    if len(held) and form in ("table", "all"):
        size = megabytes(held["bytes"].sum())
        show_lines(wrapped_lines([f"{len(held)} in all, {size}, in {folder}"]))


@click.command()
@click.argument("numbers", metavar="[ID]...", nargs=-1)
@click.option("-y", "--yes", is_flag=True, help="Do not ask before all is removed.")
def clear(numbers: tuple[str, ...], *, yes: bool) -> None:
    """Remove records from the cache; all of them without an ID.

    What is removed is downloaded again when it is wanted.
    """
    import hexoframe  # noqa: PLC0415  # pandas
    from hexoframe.app.listing import megabytes  # noqa: PLC0415  # pandas

    if not (numbers or yes or _agrees(hexoframe.cache.info())):
        click.echo("Nothing was removed.")
        return
    freed = sum(hexoframe.cache.clear(number) for number in numbers or (None,))
    click.echo(f"{megabytes(freed)} were freed.")


def _agrees(held: pd.DataFrame) -> bool:
    """Ask whether everything may be removed."""
    from hexoframe.app.listing import megabytes  # noqa: PLC0415  # pandas

    if not is_terminal(sys.stdin):
        raise click.UsageError("there is no terminal to ask at: give --yes, or an ID.")
    size = megabytes(held["bytes"].sum())
    return click.confirm(f"Remove all {len(held)} entries, {size}?", err=True)


cache.add_section("Commands", info, clear)
