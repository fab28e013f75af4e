"""``hexoframe demo``: what a newcomer runs first."""

from __future__ import annotations

from pathlib import Path

import click

from hexoframe.app.cli.commands import progress

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
    """Load a record from a local server, show, write and draw it.

    No account is needed: the server stands in for the vendor's. PATH is a vendor export
    (ZIP or folder) that it serves; without it, it has synthetic records. Each step
    shows the line of Python that does the same.
    """
    from hexoframe.app.demo import main  # noqa: PLC0415  # it needs pandas

    main(path, to, progress=progress())
