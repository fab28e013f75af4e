"""File names of the classic .txt: which channel a name means, and which model it shows.

The names come from the channel table. Nothing here opens a file.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, get_args

from hexoframe.channels import FAMILIES, channels_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hexoframe.channels import Channel, Datatype, Family

__all__ = [
    "FACT_NAMES",
    "SUFFIX",
    "Dialect",
    "Meaning",
    "Units",
    "all_names",
    "dialect_of",
    "file_name",
    "folder_name",
    "names_of",
    "only_astroskin",
    "only_hexoskin",
]

Dialect = Literal["classic", "snake"]
Units = Literal["classic", "physical"]

SUFFIX = ".txt"
"""Ending of every file."""

FACT_NAMES = frozenset({"info", "annotations", "track"})
"""Names of the files that hold no samples."""

# The last HxApi2_0 writes its Hexoskin channels as snake and its CHA3000 as classic.
_DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {"hexoskin": "snake", "astroskin_256": "classic", "astroskin_1000": "classic"}
)
# Earlier versions of the script used these two names of the snake dialect for both
# models, so they show none.
_OF_BOTH_MODELS = frozenset({"acceleration", "respiration"})


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a file name stands for.

    Attributes
    ----------
    channel : Channel
        Channel whose samples the file holds.
    rows : tuple of Datatype
        Columns that it may hold, in order: all of the channel, or the one named.
    physical : bool
        Whether the values are those of the frames, not those of the JSON API.
    rank : int
        Which of several files of one channel is the best: 0 is.
    """

    channel: Channel
    rows: tuple[Datatype, ...]
    physical: bool
    rank: int


def dialect_of(family: Family) -> Dialect:
    """Return the dialect in which HxApi2_0 names the files of a family."""
    return _DIALECTS[family]


def file_name(channel: Channel, dialect: Dialect, units: Units = "classic") -> str:
    """Return the name, without .txt, that the writer gives to the file of a channel.

    Parameters
    ----------
    channel : Channel
        The channel.
    dialect : {"classic", "snake"}
        Names of the older scripts, or of the last one.
    units : {"classic", "physical"}
        Physical values get a name that ends with their unit, such as ``ecg_mV``.

    Returns
    -------
    str
        The name.
    """
    row = channel.datatypes[0]
    name = row.txt_classic if dialect == "classic" else row.txt_snake
    return name if units == "classic" else f"{name}_{_suffix(row.unit)}"


def folder_name(name: str) -> str:
    """Return a name that stays one folder below its parent, whatever it holds."""
    safe = re.sub(r"[^\w.@+-]", "_", name)
    return safe if safe.strip(".") else f"_{safe}"


def _suffix(unit: str) -> str:
    """Return a unit in characters that every file system takes."""
    spelt = unit.replace("%", "percent").replace("/", "_per_")
    return re.sub(r"\W", "", spelt)


@functools.cache
def names_of(family: Family) -> Mapping[str, Meaning]:
    """Return every file name, in lower case, that means a channel of a family.

    The names that a writer gives count first, so that ``temperature`` is 81 here, as in
    the old scripts, and not the API's 80.
    """
    found: dict[str, Meaning] = {}
    for name, meaning in sorted(_names(family), key=lambda item: item[1].rank):
        found.setdefault(name.lower(), meaning)
    return MappingProxyType(found)


def _names(family: Family) -> Iterator[tuple[str, Meaning]]:
    own = _DIALECTS[family]
    for channel in channels_of(family).values():
        rows = channel.datatypes
        for dialect in get_args(Dialect):
            rank = int(dialect != own)
            yield file_name(channel, dialect), Meaning(channel, rows, False, rank)
            named = file_name(channel, dialect, "physical")
            yield named, Meaning(channel, rows, True, 2 + rank)
        yield channel.name, Meaning(channel, rows, False, 4)
        for row in rows:
            for name in (*row.names, *row.aliases):
                yield name, Meaning(channel, (row,), False, 5)


@functools.cache
def all_names() -> frozenset[str]:
    """Return every file name, in lower case, that means a channel of any family."""
    return frozenset(name for family in FAMILIES for name in names_of(family))


@functools.cache
def only_astroskin() -> frozenset[str]:
    """Return the names that no Hexoskin has."""
    return all_names() - names_of("hexoskin").keys()


@functools.cache
def only_hexoskin() -> frozenset[str]:
    """Return the names that the old scripts gave to files of a Hexoskin alone."""
    channels = channels_of("hexoskin").values()
    snake = {file_name(channel, "snake") for channel in channels}
    classic = {file_name(channel, "classic") for channel in channels}
    return frozenset(snake - classic - _OF_BOTH_MODELS)
