"""How the commands tell what was saved, and what was not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from hexoframe.app.cli.commands import fail, tell

if TYPE_CHECKING:
    from hexoframe.app.batch import Saved

__all__ = ["tell_saved"]


def tell_saved(saved: Iterable[Saved], kind: str) -> None:
    """Tell of each thing where it was written to or why not; end with 1 if any failed.

    Parameters
    ----------
    saved : iterable of Saved
        What is saved while it is gone through.
    kind : str
        What they are, in the singular.
    """
    failed = asked = 0
    for each in saved:
        for path in each.paths:
            click.echo(path)
        wrong = [tell(kind, each.name, error) for error in each.errors]
        failed += any(wrong)
        asked += bool(each.paths) or any(wrong)
    fail(failed, asked, f"{kind}s")
