"""``hexoframe ranges`` and ``annotations``: listed, and with what users write.

Their commands are ``add``, ``update`` and ``delete``. Nothing is sent without
``--yes``: what would be made, changed or deleted is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hexoframe.app.batch import each_of
from hexoframe.app.cli.account import connected
from hexoframe.app.cli.lists import show_frame, show_lines, width, wrapped_lines
from hexoframe.app.cli.options import (
    AT_MOST,
    BY_USER,
    FROM,
    LISTING,
    MOMENT,
    UNTIL,
    WholeNumber,
    ids,
    listing,
)
from hexoframe.app.cli.running import Commands, fail, tell

if TYPE_CHECKING:
    import pandas as pd

    from hexoframe.client import Client

__all__ = ["annotations_", "ranges"]

_YES = click.option(
    "-y", "--yes", is_flag=True, help="Do it; without this it is only shown."
)
_NAME = click.option("--name", metavar="WORDS", help="What it is called.")
_TEXT = click.option("--text", "annotation", metavar="WORDS", help="The text of it.")
_START = click.option("--start", metavar="TIME", type=MOMENT, help="When it starts.")
_AT = click.option("--start", metavar="TIME", type=MOMENT, help="The moment.")
_END = click.option("--end", metavar="TIME", type=MOMENT, help="When it ends.")
_NOTE = click.option("--note", metavar="WORDS", help="A text beside it.")
_ROUTINE = click.option(
    "--routine",
    "trainingroutine",
    metavar="ID",
    type=WholeNumber(1),
    help="Training routine, such as 12 for sleep, 1016 for five minutes of rest.",
)
_KIND = click.option(
    "--kind",
    "datatype",
    metavar="KIND",
    type=click.Choice(("comment", "start", "stop")),
    help="comment (the default), start or stop.",
)
_RECORD = click.option(
    "--record", metavar="ID", type=WholeNumber(1), help="The record it belongs to."
)
_USER = click.option(
    "--user", metavar="ID", type=WholeNumber(1), help="Whose it is; yours by default."
)
_FILE = click.argument("file", required=False, type=click.Path(path_type=Path))


# -- ranges ----------------------------------------------------------------------------


@click.group(cls=Commands, invoke_without_command=True)
@BY_USER
@FROM
@UNTIL
@AT_MOST
@listing
def ranges(form: str, **filters: Any) -> None:
    """List ranges (activities), or make and change them.

    Without a command they are listed, the newest first. TIME carries its zone, as
    2024-03-01T22:00:00Z does.
    """
    if click.get_current_context().invoked_subcommand is not None:
        return
    from hexoframe.app.listing import range_rows  # noqa: PLC0415  # pandas

    with connected() as client:
        found = client.list_ranges(**filters)
    nothing = "There is no such range that you may see."
    show_frame(found, form, range_rows, nothing=nothing)


@click.command("add")
@_FILE
@_NAME
@_START
@_END
@_NOTE
@_ROUTINE
@_USER
@_YES
@listing
def _add_range(file: Path | None, form: str, *, yes: bool, **fields: Any) -> None:
    """Make a range (an activity), or those of a table.

    FILE is a CSV with the columns name, start and end, and perhaps note,
    trainingroutine and user; all of it is checked before the first is made. Nothing is
    sent without --yes. One that is there already is not made again. TIME carries its
    zone, as 2024-03-01T22:00:00Z does.
    """
    _add(
        file,
        fields,
        lambda client, frame: client.create_ranges(frame, dry_run=not yes),
        form,
        needed=("name", "start", "end"),
        yes=yes,
    )


@click.command("update")
@click.argument("number", metavar="ID")
@_NAME
@_START
@_END
@_NOTE
@_ROUTINE
@_YES
def _update_range(number: str, *, yes: bool, **fields: Any) -> None:
    """Change a range: the fields that are given, and no others.

    Nothing is sent without --yes.
    """
    _change(
        lambda client: client.update_range(number, **fields, dry_run=not yes),
        f"range {number}",
        yes=yes,
    )


@click.command("delete")
@ids("ID")
@_YES
def _delete_range(numbers: tuple[str, ...], *, yes: bool) -> None:
    """Delete ranges; the samples of their records stay.

    Nothing is sent without --yes.
    """
    _delete(
        numbers,
        lambda client, number: client.delete_range(number, dry_run=not yes),
        "range",
        yes=yes,
    )


ranges.add_section("Commands", _add_range, _update_range, _delete_range)


# -- annotations -----------------------------------------------------------------------


@click.group("annotations", cls=Commands, invoke_without_command=True)
@BY_USER
@FROM
@click.option("--end", metavar="TIME", type=MOMENT, help="Only what comes until then.")
@AT_MOST
@listing
def annotations_(form: str, **filters: Any) -> None:
    """List annotations and button presses, or make and change them.

    Without a command they are listed, the oldest first. TIME carries its zone, as
    2024-03-01T22:00:00Z does.
    """
    if click.get_current_context().invoked_subcommand is not None:
        return
    from hexoframe.app.listing import annotation_rows  # noqa: PLC0415  # pandas

    with connected() as client:
        found = client.list_annotations(**filters)
    nothing = "There is no such annotation that you may see."
    show_frame(found, form, annotation_rows, nothing=nothing)


@click.command("add")
@_FILE
@_TEXT
@_AT
@_KIND
@_RECORD
@_USER
@_YES
@listing
def _add_annotation(file: Path | None, form: str, *, yes: bool, **fields: Any) -> None:
    """Make an annotation, or those of a table.

    FILE is a CSV with the columns annotation and start, and perhaps datatype, record
    and user. Else as 'hexoframe ranges add'.
    """
    _add(
        file,
        fields,
        lambda client, frame: client.create_annotations(frame, dry_run=not yes),
        form,
        needed=("annotation", "start"),
        yes=yes,
    )


@click.command("update")
@click.argument("number", metavar="ID")
@_TEXT
@_AT
@_KIND
@_RECORD
@_YES
def _update_annotation(number: str, *, yes: bool, **fields: Any) -> None:
    """Change an annotation: the fields that are given, and no others.

    Nothing is sent without --yes.
    """
    _change(
        lambda client: client.update_annotation(number, **fields, dry_run=not yes),
        f"annotation {number}",
        yes=yes,
    )


@click.command("delete")
@ids("ID")
@_YES
def _delete_annotation(numbers: tuple[str, ...], *, yes: bool) -> None:
    """Delete annotations.

    Nothing is sent without --yes.
    """
    _delete(
        numbers,
        lambda client, number: client.delete_annotation(number, dry_run=not yes),
        "annotation",
        yes=yes,
    )


annotations_.add_section(
    "Commands", _add_annotation, _update_annotation, _delete_annotation
)


# -- what they share -------------------------------------------------------------------


def _add(  # noqa: PLR0913  # what is given, and what is done with it
    file: Path | None,
    fields: Mapping[str, Any],
    create: Callable[[Client, pd.DataFrame], pd.DataFrame],
    form: str,
    *,
    needed: Sequence[str],
    yes: bool,
) -> None:
    from hexoframe.app.listing import change_rows  # noqa: PLC0415  # pandas

    given = {name: value for name, value in fields.items() if value is not None}
    if file is not None and given.keys() - {"user"}:
        raise click.UsageError("give a FILE, or the options of one, not both.")
    if file is None and (lacking := [name for name in needed if name not in given]):
        options = " and ".join(f"--{_OPTIONS.get(name, name)}" for name in lacking)
        raise click.UsageError(f"give {options}, or a FILE.")
    frame = _table(file, given)
    with connected() as client:
        done = create(client, frame)
    show_frame(done, form, change_rows, nothing="The table has no row.")
    if form in LISTING[:2]:
        _say_if_shown("made", yes=yes or bool((done["state"] == "there").all()))


_OPTIONS = {"annotation": "text"}


def _table(file: Path | None, given: Mapping[str, Any]) -> pd.DataFrame:
    """Return the table in a CSV, or one of a row."""
    import pandas as pd  # noqa: PLC0415  # only to run

    if file is None:
        return pd.DataFrame({name: [value] for name, value in given.items()})
    from hexoframe.errors import FileFormatError  # noqa: PLC0415  # only here

    try:
        head = file.read_text("utf-8-sig").partition("\n")[0]
        between = ";" if ";" in head and "," not in head else ","
        frame = pd.read_csv(
            file, sep=between, encoding="utf-8-sig", skipinitialspace=True
        )
    except (ValueError, UnicodeDecodeError) as error:
        raise FileFormatError(
            f"{file} is no CSV table ({error}): give one with a line of headings"
        ) from error
    return frame.assign(**given)


def _change(
    update: Callable[[Client], dict[str, Any]], what: str, *, yes: bool
) -> None:
    from hexoframe.app.listing import change_facts, fact_lines  # noqa: PLC0415  # pandas

    with connected() as client:
        changed = update(client)
    show_lines(fact_lines(change_facts(changed), width()))
    _say_if_shown(f"changed: {what} would be as above", yes=yes)


def _delete(
    numbers: Sequence[str],
    delete: Callable[[Client, str], dict[str, Any]],
    kind: str,
    *,
    yes: bool,
) -> None:
    from hexoframe.app.listing import plain  # noqa: PLC0415  # pandas

    failed = 0
    with connected() as client:
        for number, gone in each_of(numbers, lambda each: delete(client, each)):
            if isinstance(gone, Exception):
                failed += tell(kind, number, gone)
                continue
            name = plain(gone.get("name") or gone.get("annotation"))
            was = "deleted" if yes else "would be deleted"
            click.echo(f"{kind} {number} ({name}) {was}")
    _say_if_shown("deleted", yes=yes)
    fail(failed, len(numbers), f"{kind}s")


def _say_if_shown(what: str, *, yes: bool) -> None:
    """Say that nothing was done."""
    if not yes:
        text = f"Nothing was {what}. Give --yes to do it."
        click.echo("\n".join(wrapped_lines([text])), err=True)
