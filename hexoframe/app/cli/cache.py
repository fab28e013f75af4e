"""``hexoframe cache info`` and ``clear``: what is kept of loaded records."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from hexoframe.app.cli.commands import Commands
from hexoframe.app.cli.lists import show_frame
from hexoframe.app.cli.options import listing

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["cache"]


@click.group(cls=Commands)
def cache() -> None:
    """Show or clear what is kept of loaded records."""


@click.command()
@listing
def info(form: str) -> None:
    """Show what the cache holds, and how large it is."""
    import hexoframe  # noqa: PLC0415  # pandas
    from hexoframe.app.listing import cache_rows  # noqa: PLC0415  # pandas

    show_frame(hexoframe.cache.info(), form, cache_rows)


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
    """Ask whether all may go."""
    from hexoframe.app.listing import megabytes  # noqa: PLC0415  # pandas

    if not sys.stdin.isatty():
        raise click.UsageError("nobody can be asked: give --yes, or an ID.")
    size = megabytes(held["bytes"].sum())
    return click.confirm(f"Remove all {len(held)} entries, {size}?", err=True)


cache.add_section("Commands", info, clear)
