"""File names of the classic .txt, from the channel table, and what they mean.

There are two dialects: "classic" is the vendor's HxApi2_0 of 2015, "port" is the port
of a third party to Python 3. Nothing here opens a file.
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
    from collections.abc import Iterable, Iterator

    from hexoframe.channels import Channel, Datatype, Family

__all__ = [
    "FACT_NAMES",
    "SUFFIX",
    "Dialect",
    "FileMeaning",
    "Units",
    "all_names",
    "file_name",
    "folder_name",
    "names_of",
    "only_astroskin",
    "only_hexoskin",
    "saved_by_script",
]

Dialect = Literal["classic", "port"]
Units = Literal["classic", "physical"]

SUFFIX = ".txt"
"""Ending of every file."""

FACT_NAMES = frozenset({"info", "annotations", "track"})
"""Names of the files that hold no samples."""

# Versions before the vendor's last one used these two names of the port for both
# models, so they tell neither model nor dialect.
_OF_BOTH_MODELS = frozenset({"acceleration", "respiration"})
# The script saves these for every record, with samples or without.
_OF_THE_SCRIPT = frozenset({"batt", "step", "rrinterval", "qrs"})


@dataclass(frozen=True, slots=True)
class FileMeaning:
    """Content of a file by its name.

    Attributes
    ----------
    rows : tuple of Datatype
        Columns in order: all of the channel, or the one named.
    physical : bool
        Whether the values are those of the frames, not those of the JSON API.
    rank : int
        Which of several files of a channel is preferred: 0 is the best.
    """

    channel: Channel
    rows: tuple[Datatype, ...]
    physical: bool
    rank: int


def file_name(channel: Channel, dialect: Dialect, units: Units = "classic") -> str:
    """Return the name, without .txt, of the file that the writer makes of a channel.

    A file of physical values ends with their unit, such as ``ecg_mV``.
    """
    row = channel.datatypes[0]
    name = row.txt_classic if dialect == "classic" else row.txt_port
    return name if units == "classic" else f"{name}_{_suffix(row.unit)}"


def folder_name(name: str) -> str:
    """Return a name made safe: it is one folder, directly below its parent."""
    safe = re.sub(r"[^\w.@+-]", "_", name)
    return safe if safe.strip(".") else f"_{safe}"


def _suffix(unit: str) -> str:
    """Return a unit in characters that every file system allows."""
    spelt = unit.replace("%", "percent").replace("/", "_per_")
    return re.sub(r"\W", "", spelt)


@functools.cache
def names_of(family: Family) -> Mapping[str, FileMeaning]:
    """Return every file name, in lower case, that means a channel of a family.

    Names of a writer come first: ``temperature`` is 81 here, as in the old scripts, and
    not the API's 80.
    """
    found: dict[str, FileMeaning] = {}
    for name, meaning in sorted(_names(family), key=lambda item: item[1].rank):
        found.setdefault(name.lower(), meaning)
    return MappingProxyType(found)


def _names(family: Family) -> Iterator[tuple[str, FileMeaning]]:
    for channel in channels_of(family).values():
        rows = channel.datatypes
        for dialect in get_args(Dialect):
            rank = int(dialect != "classic")
            yield file_name(channel, dialect), FileMeaning(channel, rows, False, rank)
            named = file_name(channel, dialect, "physical")
            yield named, FileMeaning(channel, rows, True, 2 + rank)
        yield channel.name, FileMeaning(channel, rows, False, 4)
        for row in rows:
            for name in (*row.names, *row.aliases):
                yield name, FileMeaning(channel, (row,), False, 5)


@functools.cache
def all_names() -> frozenset[str]:
    """Return every file name, in lower case, that means a channel of any family."""
    return frozenset(name for family in FAMILIES for name in names_of(family))


@functools.cache
def only_astroskin() -> frozenset[str]:
    """Return the names that do not exist on a Hexoskin."""
    return all_names() - names_of("hexoskin").keys()


@functools.cache
def only_hexoskin() -> frozenset[str]:
    """Return the names that only the port used, and for a Hexoskin only."""
    channels = channels_of("hexoskin").values()
    port = {file_name(channel, "port") for channel in channels}
    classic = {file_name(channel, "classic") for channel in channels}
    return frozenset(port - classic - _OF_BOTH_MODELS)


def saved_by_script(names: Iterable[str]) -> bool:
    """Whether a folder has the files that HxApi2_0 saves of every record."""
    return _OF_THE_SCRIPT.issubset(names)
