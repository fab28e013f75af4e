"""``hexoframe download`` and ``range``: from the service into files."""

from __future__ import annotations

from typing import Any

import click

from hexoframe.app.batch import Output, Selection, save_ranges, save_records
from hexoframe.app.cli.asking import client
from hexoframe.app.cli.commands import KEPT, progress, say_if_interrupted
from hexoframe.app.cli.options import fetching, fetching_ranges, ids, output, selection
from hexoframe.app.cli.saving import tell_saved

__all__ = ["download", "range_"]


@click.command()
@ids("ID")
@selection
@fetching
@output
def download(
    numbers: tuple[str, ...], selection: Selection, how: dict[str, Any], output: Output
) -> None:
    """Load records and write them into files.

    One that cannot be loaded is skipped, the others go on. Prints what was written, a
    path a line: DIR/E-MAIL/ID for .txt, DIR/record_ID for CSV and Parquet,
    DIR/record_ID.mat. What was loaded is cached; the next time it comes from there.
    """
    say_if_interrupted(KEPT)
    with client(offline=how["offline"]) as asking:
        saved = save_records(
            asking, numbers, selection, output, progress=progress(), **how
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
    with client() as asking:
        saved = save_ranges(
            asking, numbers, selection, output, progress=progress(), **how
        )
        tell_saved(saved, "range")
