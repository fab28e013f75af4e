"""One request for data: its window, its query, its key, and its parts. No network.

The key of a piece is the same in another process and on another day, so that what was
fetched is found again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from hexoframe.errors import ConfigurationError

__all__ = ["Piece", "split"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One request for data.

    Attributes
    ----------
    kind : {"zip", "json"}
        Part of the binary export, or page of JSON.
    datatypes : tuple of int
        What is asked for; empty for everything that the record has, which only the
        binary export can give.
    start, end : int, in ticks
        Window, `end` not included.
    whole : bool
        Whether it is the whole record, which is asked for without a window: a server
        that keeps exports hands out what it has.
    """

    kind: Literal["zip", "json"]
    datatypes: tuple[int, ...]
    start: int
    end: int
    whole: bool = False

    @property
    def key(self) -> str:
        """Name of the piece among those of its record, fit for a file name."""
        listed = ",".join(map(str, self.datatypes)) or "all"
        digest = hashlib.sha256(listed.encode()).hexdigest()[:12]
        window = "whole" if self.whole else f"{self.start}-{self.end}"
        return f"{self.kind}-{window}-{digest}"

    @property
    def window(self) -> tuple[int, int]:
        """First and last tick that an answer may hold, whichever end rule is used."""
        return (self.start, self.end)

    def query(self, record: int) -> dict[str, str]:
        """Return the query for the data resource.

        Parameters
        ----------
        record : int
            Id of the record.

        Returns
        -------
        dict of str to str
            Filters by name.
        """
        asked = {"record": str(record)}
        if self.datatypes:
            asked["datatype"] = ",".join(map(str, self.datatypes))
        if not self.whole:
            asked |= {"start": str(self.start), "end": str(self.end)}
        return asked


def split(piece: Piece, parts: int = 2) -> tuple[Piece, ...]:
    """Divide a page of JSON whose answer was thinned into smaller windows.

    Parameters
    ----------
    piece : Piece
        Page of JSON.
    parts : int, default 2
        How many windows.

    Returns
    -------
    tuple of Piece
        In order of time; together they cover the window without a gap.

    Raises
    ------
    ConfigurationError
        If it is a part of the export, which is never thinned, or has fewer ticks than
        parts are wanted.
    """
    length = piece.end - piece.start
    if piece.kind != "json":
        raise ConfigurationError(
            "a part of the binary export is not thinned by the server and not split: "
            "make a plan with a window"
        )
    if not 2 <= parts <= length:
        raise ConfigurationError(
            f"a window of {length} ticks cannot be split into {parts} parts: give from "
            f"2 to {length}"
        )
    edges = [piece.start + length * part // parts for part in range(parts + 1)]
    return tuple(replace(piece, start=begin, end=end) for begin, end in pairwise(edges))
