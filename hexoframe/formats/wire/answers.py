"""One JSON answer of the data resource: bytes to ticks and values.

An answer is read whole or refused whole: a cut body, a ragged row or a stamp off the
ticks is an error with its place. What the values mean does not belong here.

There are two parsers. The quick one flattens each list with simdjson, after it proved
from brackets and commas alone that every row is a pair. Any other form goes to the slow
one, of the standard library, which reads all that is right and names what is wrong.
Without simdjson all answers go to the slow one.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from importlib import import_module
from itertools import accumulate, chain
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hexoframe.errors import ResponseError, TimestampError
from hexoframe.jsontext import shown
from hexoframe.timestamps.ticks import as_ticks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.timestamps import Clock

__all__ = ["DatatypeSamples", "parse_data"]

simdjson: Any
try:
    simdjson = import_module("simdjson")
except ModuleNotFoundError:  # there is no wheel for this Python or machine
    simdjson = None

# The structure of a JSON text; all else is part of a number, word or string.
_JOINTS = b'[]{},:"'
_NOT_JOINTS = bytes(sorted(set(range(256)) - set(_JOINTS)))
# Fewer bytes for each of them are no samples; small answers may have what they like.
_LEAST_BYTES, _SPARE_BYTES = 4, 1 << 20
_NUMBERS = {int, float, type(None)}
_MOST_DIGITS = 18  # of the id of a datatype: such a number fits into 64 bits
_THREAD = threading.local()


class DatatypeSamples(NamedTuple):
    """Samples of one datatype: ticks, and values as in the answer; null is NaN.

    Datatypes of one answer with the same stamps share the array of ticks. Values are
    ``float64``, or ``float32`` if that holds them exactly.
    """

    ticks: NDArray[np.int64]
    values: NDArray[np.floating[Any]]


def parse_data(
    body: bytes,
    *,
    clock: Clock,
    where: str,
    window: tuple[int, int] | None = None,
) -> dict[int, DatatypeSamples]:
    """Read ``[{"data": {"19": [[tick, value], ...]}, "user": ...}]``, by datatype.

    A stamp outside of `window` (first and last tick of the request) is an error;
    `where` names the request in messages and is not a URL. Source: API documentation
    and real answers of 2014 to 2022; states have float stamps, and null at the ends of
    a range.
    """
    joints = body.translate(None, _NOT_JOINTS)
    _check_density(body, joints, where)
    quick = _quick(body, joints)
    lists = _slow(body, where) if quick is None else quick
    pairs: dict[int, NDArray[np.float64]] = {}
    for key, rows in lists.items():
        number = _datatype_of(key, where)
        place = f"{where}, datatype {number}"
        pairs[number] = _pairs(rows, place) if isinstance(rows, list) else rows
    # All lists at once, since most have some rows only.
    try:
        ticks, values = _samples(
            np.concatenate([np.empty((0, 2)), *pairs.values()]),
            clock,
            where,
            window=window,
        )
    except ResponseError:
        # One by one, to say which list it is.
        for number, some in pairs.items():
            _samples(some, clock, f"{where}, datatype {number}", window=window)
        raise
    ends = accumulate(map(len, pairs.values()))
    return _share_ticks(
        {
            number: DatatypeSamples(
                ticks[end - len(some) : end], values[end - len(some) : end]
            )
            for (number, some), end in zip(pairs.items(), ends, strict=True)
        }
    )


def _check_density(body: bytes, joints: bytes, where: str) -> None:
    """Refuse a body of little but brackets and commas, which takes far more memory.

    The shortest row of samples, ``[374000000000,1],``, has four in 17 bytes.
    """
    if _LEAST_BYTES * len(joints) > len(body) + _SPARE_BYTES:
        raise ResponseError(
            f"{where}: the answer of {len(body)} bytes has {len(joints)} brackets, "
            "commas, colons and quotes, more than samples have; is this a Hexoskin "
            "server?"
        )


def _samples(
    pairs: NDArray[np.float64],
    clock: Clock,
    where: str,
    *,
    window: tuple[int, int] | None,
) -> DatatypeSamples:
    values = pairs[:, 1].copy()
    try:
        # Ticks of these years are exact in float64; as_ticks refuses all others.
        ticks = as_ticks(pairs[:, 0], clock=clock)
    except TimestampError as error:
        raise ResponseError(f"{where}: {error}") from error
    if np.isinf(values).any():
        row = int(np.isinf(values).argmax())
        raise ResponseError(
            f"{where}, row {row}: the value is infinite; expected a number or null"
        )
    if window is not None and ticks.size:
        first, last = int(ticks.min()), int(ticks.max())
        if first < window[0] or last > window[1]:
            raise ResponseError(
                f"{where}: the stamps go from {first} to {last}, but {window[0]} to "
                f"{window[1]} was asked for; is it the answer to another request?"
            )
    return DatatypeSamples(ticks, values)


def _pairs(rows: list[Any], where: str) -> NDArray[np.float64]:
    """Return a list of [tick, value] as an array; null becomes NaN."""
    if set(map(type, rows)) <= {list} and set(map(len, rows)) <= {2}:
        flat = list(chain.from_iterable(rows))
        if set(map(type, flat)) <= _NUMBERS:
            try:
                return np.array(flat, dtype=np.float64).reshape(-1, 2)
            except OverflowError as error:
                raise ResponseError(
                    f"{where}: a number is too large: {error}"
                ) from error
    number, row = next(
        (number, row) for number, row in enumerate(rows) if not _is_pair(row)
    )
    raise ResponseError(
        f"{where}, row {number}: expected [tick, value] with numbers, or null for a "
        f"value, found {shown(row)}"
    )


def _is_pair(row: Any) -> bool:
    return type(row) is list and len(row) == 2 and set(map(type, row)) <= _NUMBERS


def _datatype_of(key: str, where: str) -> int:
    if not (key.isascii() and key.isdecimal() and len(key) <= _MOST_DIGITS):
        raise ResponseError(
            f"{where}: samples are listed by the id of their datatype, found "
            f"{shown(key)}"
        )
    return int(key)


def _share_ticks(found: dict[int, DatatypeSamples]) -> dict[int, DatatypeSamples]:
    """Let datatypes with the same stamps share one array."""
    seen: dict[tuple[int, int, int], NDArray[np.int64]] = {}
    shared = {}
    for number, (ticks, values) in found.items():
        one = ticks
        if ticks.size:
            key = (ticks.size, int(ticks[0]), int(ticks[-1]))
            one = seen.setdefault(key, ticks)
            if one is not ticks and not np.array_equal(one, ticks):
                one = ticks
        shared[number] = DatatypeSamples(one, values)
    return shared


# -- the quick parser ------------------------------------------------------------------


def _quick(
    body: bytes, joints: bytes
) -> dict[str, NDArray[np.float64] | list[Any]] | None:
    """Return the rows of an answer in the plain form; None for all others."""
    if simdjson is None:
        return None
    try:
        top = _parser().parse(body)
    except (ValueError, RuntimeError):  # broken, or a bare NaN
        return None
    one = top[0] if isinstance(top, simdjson.Array) and len(top) == 1 else None
    data = one.get("data") if isinstance(one, simdjson.Object) else None
    if not isinstance(data, simdjson.Object):
        return None
    lists = {key: data[key] for key in data}
    if not all(isinstance(rows, simdjson.Array) for rows in lists.values()):
        return None
    # A repeated key is in `lists` once, so it fails here too.
    if _skeleton(one, lists) != joints:
        return None
    return {key: _flattened(rows) for key, rows in lists.items()}


def _parser() -> Any:
    """Return the parser of this thread; it reuses its memory for each answer."""
    if not hasattr(_THREAD, "parser"):
        _THREAD.parser = simdjson.Parser()
    return _THREAD.parser


def _skeleton(one: Any, lists: Mapping[str, Any]) -> bytes:
    """Return the structure that a plain answer with such lists must have."""
    data = b",".join(
        b'"":[' + (b"[,]," * len(rows))[:-1] + b"]" for rows in lists.values()
    )
    members = (b'"":{' + data + b"}" if key == "data" else b'"":""' for key in one)
    return b"[{" + b",".join(members) + b"}]"


def _flattened(rows: Any) -> NDArray[np.float64] | list[Any]:
    try:
        flat = np.frombuffer(rows.as_buffer(of_type="d"), dtype=np.float64)
    except TypeError:  # a null among the numbers
        listed: list[Any] = rows.as_list()
        return listed
    # The skeleton proved that they are pairs; a row more or less fails here.
    return flat.reshape(len(rows), 2)


# -- the slow parser -------------------------------------------------------------------


def _slow(body: bytes, where: str) -> dict[str, Any]:
    """Return the rows of an answer, or raise with what is wrong."""
    try:
        top = json.loads(body, object_pairs_hook=_unique_keys, parse_constant=_constant)
    except (ValueError, RecursionError) as error:
        raise ResponseError(
            f"{where}: the answer of {len(body)} bytes is not JSON ({error}); it was "
            "cut on its way, or is not of the data resource: ask again"
        ) from error
    if not isinstance(top, list):
        raise ResponseError(
            f"{where}: expected a list with the samples of one user, found {shown(top)}"
        )
    if len(top) > 1:
        raise ResponseError(
            f"{where}: the answer holds samples of {len(top)} users, expected one: ask "
            "for one record"
        )
    one = top[0] if top else {}
    data = one.get("data", {}) if isinstance(one, dict) else None
    if not isinstance(data, dict):
        raise ResponseError(
            f"{where}: expected an object with 'data', samples by datatype, found "
            f"{shown(one)}"
        )
    for key, rows in data.items():
        if not isinstance(rows, list):
            raise ResponseError(
                f"{where}, datatype {shown(key)}: expected a list of [tick, value], "
                f"found {shown(rows)}"
            )
    return data


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    held = dict(pairs)
    if len(held) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice!r} comes twice in one object")
    return held


def _constant(name: str) -> float:
    if name != "NaN":
        raise ValueError(f"{name} is not a number")
    return float("nan")
