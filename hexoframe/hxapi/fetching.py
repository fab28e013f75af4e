"""From the wishes of a script to samples, ranges and tracks.

The client loads, here is only what is asked for and under which name it is given back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hexoframe.api.load.recordhead import number_of
from hexoframe.api.load.resources import id_of
from hexoframe.channels import CLOCK_OF_FAMILY, FAMILIES, Channel, channels_of, find
from hexoframe.errors import (
    ConfigurationError,
    SkippedChannelWarning,
    UnknownChannelError,
    warn,
)
from hexoframe.formats.text.stamps import Stamps
from hexoframe.hxapi.objects import linked
from hexoframe.hxapi.samples import Samples
from hexoframe.recording.data import LazyChannel, RecordData
from hexoframe.recording.frames import merge_ticks, slice_ticks, ticks_of
from hexoframe.timestamps import ticks_to_index

if TYPE_CHECKING:
    from hexoframe.channels import Datatype, Family
    from hexoframe.client import Client
    from hexoframe.timestamps import Clock

__all__ = [
    "Load",
    "Wish",
    "collect",
    "key_of",
    "list_objects",
    "tick_of",
    "track_points",
]

Key = int | str
Load = Callable[..., RecordData | None]
"""Loads a record, given `channels`, `model` and, for a span, `span` and `ahead`; it
returns None if there is nothing."""
# Ids that one query names, so that its URL stays short enough for every proxy.
_MOST_IDS = 100


# -- arguments -------------------------------------------------------------------------


def key_of(resource: str, value: Any) -> int:
    """Return the id that a number, its text, a URI or an object means.

    Raises
    ------
    ConfigurationError
        If it means none.
    """
    return number_of(resource, id_of(value) or "")


def tick_of(name: str, value: Any) -> int:
    """Return a tick that may be a text or a float.

    Raises
    ------
    ConfigurationError
        If it is no whole number.
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not number.is_integer():
        raise ConfigurationError(
            f"{name}={value!r}: give a whole number of ticks since 1970, as `start` of "
            "a record has"
        )
    return int(number)


# -- samples ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a script wants to have.

    Attributes
    ----------
    names : mapping of str to int, str or sequence of them
        Datatypes by the name under which they are given back.
    stamps : callable
        Returns how time is written, for a clock.
    span : (int, int) or None, in ticks
        First and last stamp of what a user recorded; None for a whole record.
    """

    names: Mapping[str, Key | Sequence[Key]]
    stamps: Callable[[Clock], Stamps]
    span: tuple[int, int] | None = None

    @property
    def keys(self) -> dict[str, tuple[Key, ...]]:
        """Datatypes by name; older scripts give a number where newer give a list."""
        return {
            name: (keys,) if isinstance(keys, int | str) else tuple(keys)
            for name, keys in self.names.items()
        }


def collect(load: Load, wish: Wish, *, clock: Clock) -> dict[str, Any]:
    """Load what a script wants and return it by name.

    Parameters
    ----------
    load : Load
        Loads a record.
    wish : Wish
        What is wanted.
    clock : {256, 1000}
        Ticks a second of the server.

    Returns
    -------
    dict of str to Samples
        In the order of the wish; an empty list where there is no channel or no record.

    Warns
    -----
    SkippedChannelWarning
        If a datatype is no channel of any device of this server.
    """
    asked = [key for keys in wish.keys.values() for key in keys]
    family = _family(asked, clock)
    known = [key for key in asked if _rows(family, [key])]
    _warn_of_others(wish, family)
    # A Hexoskin may turn out to be an Astroskin, which has all of its channels.
    told = "auto" if family == _families(clock)[0] else family
    part = _part(wish.span, (find(family, key) for key in known))
    record = load(channels=known, model=told, **part) if known else None
    if record is None:
        return {name: [] for name in wish.names}
    return {
        name: _samples(record, name, keys, wish) for name, keys in wish.keys.items()
    }


def _part(span: tuple[int, int] | None, channels: Iterable[Channel]) -> dict[str, Any]:
    """Return the part of records that has all that is stamped in a span.

    A part has the steps that begin in it. What a rate stamps at the beginning of the
    span has begun before, and so has a state that holds there, which a part stamps with
    its own beginning.
    """
    if span is None:
        return {}
    first, last = span
    ahead = (1 if channel.kind == "state" else channel.lag for channel in channels)
    return {"span": (first, last + 1), "ahead": max(ahead, default=0)}


def _families(clock: Clock) -> list[Family]:
    return [family for family in FAMILIES if CLOCK_OF_FAMILY[family] == clock]


def _family(keys: Iterable[Key], clock: Clock) -> Family:
    """Return the first family of a server that has what is wanted of any."""
    families = _families(clock)
    wanted = [key for key in keys if any(_rows(family, [key]) for family in families)]
    return next(
        family for family in families if all(_rows(family, [key]) for key in wanted)
    )


def _rows(family: Family, keys: Iterable[Key]) -> tuple[Datatype, ...]:
    """Return the datatypes that keys mean, without those that a family lacks."""
    rows: list[Datatype] = []
    for key in keys:
        try:
            rows += find(family, key).datatypes
        except UnknownChannelError:
            continue
    return tuple(rows)


def _warn_of_others(wish: Wish, family: Family) -> None:
    others = [
        f"{key} of {name!r}"
        for name, keys in wish.keys.items()
        for key in keys
        if not _rows(family, [key])
    ]
    if others:
        warn(
            f"no channel of {family}, so nothing is loaded for it: "
            f"{', '.join(others)}. Remove it from datatypes, or see "
            f"hexoframe.channel_table({family!r})",
            SkippedChannelWarning,
        )


def _samples(
    record: RecordData, name: str, keys: Iterable[Key], wish: Wish
) -> Samples | list[Any]:
    rows = _rows(record.family, keys)
    if not rows:
        return []
    named = {row.channel for row in rows}
    channel = Channel(name, rows)
    if len(named) > 1:
        source = LazyChannel(read=partial(_side_by_side, record, channel, wish.span))
    else:
        source = _of_one(record, named.pop(), rows, wish.span)
    stamps = wish.stamps(record.clock)
    return Samples(channel, source, stamps=stamps, scale=record.scale)


def _stamped(
    frame: pd.DataFrame, channel: Channel, span: tuple[int, int] | None
) -> pd.DataFrame:
    """Return the rows that are stamped in a span, whose end belongs to it."""
    if span is None:
        return frame
    return slice_ticks(frame, channel, span[0], span[1] + 1)


def _of_one(
    record: RecordData,
    name: str,
    rows: Sequence[Datatype],
    span: tuple[int, int] | None,
) -> LazyChannel:
    """Return the source of columns of one channel."""
    channel = record.channel(name)
    columns = {row.column for row in rows}
    others = [
        column
        for column in channels_of(record.family)[name].columns
        if column not in columns
    ]

    def own(frame: pd.DataFrame) -> pd.DataFrame:
        frame = _stamped(frame, channel, span)
        if not others:
            return frame
        # Stamps at which only a column has a sample that the script did not ask for.
        lacking = frame[list(columns)].isna().all(axis=1)
        return frame[~(lacking & frame[others].notna().any(axis=1))]

    def pieces(most: int) -> Iterator[pd.DataFrame]:
        for piece in record.pieces(name, most):
            kept = own(piece)
            if len(kept):
                yield kept

    return LazyChannel(read=lambda: own(record[name]), pieces=pieces)


def _side_by_side(
    record: RecordData, channel: Channel, span: tuple[int, int] | None
) -> pd.DataFrame:
    """Return columns of several channels on their common stamps."""
    parts = {}
    for row in channel.datatypes:
        frame = _stamped(record[row.channel], channel, span)
        ticks = ticks_of(frame, channel)
        if (np.diff(ticks) == 0).any():
            raise ConfigurationError(
                f"{channel.name!r} puts {row.api_name} beside other channels, and it "
                "has several samples at one time: give it a name of its own in "
                "datatypes"
            )
        parts[row.column] = (ticks, frame[row.column].to_numpy())
    ticks, values = merge_ticks(parts)
    return pd.DataFrame(values, index=ticks_to_index(ticks, clock=channel.clock))


# -- lists -----------------------------------------------------------------------------


def list_objects(
    client: Client, resource: str, filters: Mapping[str, Any], limit: Any = 0
) -> list[dict[str, Any]]:
    """Return objects of a resource.

    Parameters
    ----------
    client : Client
        Sends the requests.
    resource : str
        Its name.
    filters : mapping
        Of the query; what is "" or None is left out.
    limit : int or str
        How many at most; 0 for all.

    Returns
    -------
    list of dict
        As the service gives them, what they refer to as objects.

    Raises
    ------
    ConfigurationError
        If `limit` is no whole number from 0.
    """
    query = {key: value for key, value in filters.items() if value not in ("", None)}
    try:
        most = int(limit)
    except (TypeError, ValueError):
        most = -1
    if most < 0:
        raise ConfigurationError(
            f"limit={limit!r}: give a whole number, such as '100', or '0' for all"
        )
    session = client.session
    found = session.pages(f"/api/{resource}/", query, limit=most or None)
    return [linked(item, session.get_json) for item in found]


def track_points(
    client: Client, user: Any, ranges: Iterable[Any]
) -> list[tuple[Any, ...]]:
    """Return the points of all tracks of some ranges, range by range.

    Parameters
    ----------
    client : Client
        Sends the requests.
    user : int, str or dict
        Whose they are; "" for anybody's.
    ranges : iterable of dict or int
        Ranges, or their ids.

    Returns
    -------
    list of tuple
        Time, altitude, longitude, latitude, accuracy, as the service gives them.
    """
    ids = [key_of("range", item) for item in ranges]
    tracks: list[dict[str, Any]] = []
    for first in range(0, len(ids), _MOST_IDS):
        named = ",".join(map(str, ids[first : first + _MOST_IDS]))
        filters = {"user": id_of(user), "range__in": named, "order_by": "start_date"}
        tracks += list_objects(client, "track", filters)
    tracks.sort(key=lambda track: ids.index(key_of("range", track["range"])))
    return [
        (
            point["time"],
            point["altitude"],
            *(point["position"] or (None, None)),
            point["horizontal_accuracy"],
        )
        for track in tracks
        for point in list_objects(
            client, "trackpoint", {"track": track["id"], "order_by": "time"}
        )
    ]
