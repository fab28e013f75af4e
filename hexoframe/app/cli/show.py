"""``hexoframe show``: a record at a glance, from files or from the service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from hexoframe.app.batch import Selection, open_each
from hexoframe.app.cli.asking import client, is_number
from hexoframe.app.cli.commands import KEPT, fail, progress, say_if_interrupted, tell
from hexoframe.app.cli.lists import show_data, show_lines, table_lines, wrapped_lines
from hexoframe.app.cli.options import fetching, listing, reading, selection

if TYPE_CHECKING:
    from hexoframe.record import Record

__all__ = ["show"]


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

    samples: how many came; coverage: the share of what was expected; gaps and the
    longest of them; the share of time with a sensor off, and with any quality flag.
    """
    import pandas as pd  # noqa: PLC0415  # heavy

    from hexoframe.app.listing import coverage_frame, coverage_rows  # noqa: PLC0415

    found, failed = [], 0
    for name, record in _opened(what, selection, how, source):
        if isinstance(record, Exception):
            failed += tell("recording", name, record)
            continue
        found.append(coverage_frame(record))
        if form == "table":
            head = str(record).partition("\n\n")[0].splitlines()
            rows = table_lines(coverage_rows(found[-1]))
            show_lines([*wrapped_lines(head), "", *rows])
    if found and form != "table":
        show_data(pd.concat(found), form)
    fail(failed, len(found) + failed, "recordings")


def _opened(
    what: str, selection: Selection, how: dict[str, Any], source: dict[str, Any]
) -> Iterator[tuple[str, Record | Exception]]:
    """Yield the record of an id, or all recordings in a path."""
    if is_number(what):
        say_if_interrupted(KEPT)
        with client(offline=how["offline"]) as asking:
            asked = {**selection.arguments(), **how, "progress": progress()}
            yield what, asking.load_record(what, **asked)
        return
    partial = how["allow_partial"]
    yield from open_each([what], selection, allow_partial=partial, **source)
