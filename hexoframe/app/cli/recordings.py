"""Recordings that a command is given: ids of the service, and paths."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hexoframe.app.batch import Selection, each_of, open_each
from hexoframe.app.cli.account import connected
from hexoframe.app.cli.running import KEPT, progress, say_if_interrupted

if TYPE_CHECKING:
    from hexoframe.record import Record

__all__ = ["is_id", "opened"]


def is_id(what: str) -> bool:
    """Whether a PATH or ID is the id of a record, and not an existing file."""
    return what.isdecimal() and not Path(what).exists()


def opened(
    whats: Sequence[str],
    selection: Selection,
    how: dict[str, Any],
    source: dict[str, Any],
    *,
    channels: Sequence[str] | None = None,
) -> Iterator[tuple[str, Record | Exception]]:
    """Yield the records of ids, then all recordings in paths, or why there is none.

    `channels` are those that are downloaded of a record that is not kept; files are
    read as far as they are needed.
    """
    numbers = [what for what in whats if is_id(what)]
    if numbers:
        say_if_interrupted(KEPT)
        with connected(offline=how["offline"]) as client:
            asked = {**selection.arguments(), **how, "progress": progress()}
            if channels is not None:
                asked["channels"] = list(channels)
            yield from each_of(
                numbers, lambda number: client.load_record(number, **asked)
            )
    paths = [what for what in whats if what not in numbers]
    partial = how["allow_partial"]
    yield from open_each(paths, selection, allow_partial=partial, **source)
