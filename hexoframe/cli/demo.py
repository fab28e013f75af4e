"""``hexoframe demo``: what a newcomer runs first."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["demo"]


@click.command()
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option(
    "--to",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Folder for the files; a temporary one by default.",
)
def demo(path: Path | None, to: Path | None) -> None:
    """Open a recording, look at it and write it; no account is needed.

    PATH is any recording; without it, a synthetic one is made. Each step shows the line
    of Python that does the same.
    """
    from hexoframe.demo import main  # noqa: PLC0415  # it needs pandas

    main(path, to)
