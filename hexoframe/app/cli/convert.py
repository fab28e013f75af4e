"""``hexoframe convert``: from any file into any other, without the service."""

from __future__ import annotations

from typing import Any

import click

from hexoframe.app.batch import Output, Selection, save_files
from hexoframe.app.cli.options import output, partial, reading, selection
from hexoframe.app.cli.saving import tell_saved

__all__ = ["convert"]


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
    folder, hexoframe's own Parquet or CSV, a folder of such, or a pattern. One that
    cannot be read is skipped, the others go on; what is no recording in a folder is
    skipped, too, and no failure. Nothing is asked of the service. Prints what was
    written, as 'hexoframe download' does.
    """
    tell_saved(
        save_files(paths, selection, output, allow_partial=allow_partial, **source),
        "recording",
    )
