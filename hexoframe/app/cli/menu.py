"""``hexoframe menu``: the same without words, by numbers."""

from __future__ import annotations

from pathlib import Path

import click

from hexoframe.app.cli.commands import progress, say_if_interrupted

__all__ = ["menu"]


@click.command()
@click.option(
    "--to",
    metavar="DIR",
    type=click.Path(path_type=Path),
    default=Path("HexoskinData"),
    help="Folder for the files, which the menu can change; HexoskinData by default.",
)
def menu(to: Path) -> None:
    """List, look at, download and draw records from a menu.

    Asks for user name and password, which is not shown and never kept. It needs a
    terminal, however plain and narrow.
    """
    from hexoframe.app.menu import run  # noqa: PLC0415  # requests

    say_if_interrupted("what came is kept, and a download goes on there")
    run(to, progress=progress())
