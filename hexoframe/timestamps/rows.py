"""Columns of text as rows of bytes: ``(n, width)`` uint8, NUL bytes on the right.

Texts of every form become rows here, through pyarrow. What a text says is for
`reading`; numbers as rows of digits are `hexoframe.digits`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from hexoframe.errors import TimestampError

if TYPE_CHECKING:
    from numpy.typing import NDArray

NOT_ARROW = (pa.ArrowException, OverflowError, UnicodeError)
"""What pyarrow raises for values that it cannot take or convert."""


def to_arrow(values: Any) -> Any:
    """Return values of one dimension as a chunked array, none of them missing."""
    column = hasattr(values, "__len__") and not isinstance(values, str | bytes)
    if not column or getattr(values, "ndim", 1) != 1:
        raise TimestampError(
            f"{type(values).__name__} of shape {np.shape(values)}; one dimension is "
            "allowed, such as a list"
        )
    if not isinstance(values, pa.Array | pa.ChunkedArray):
        values = pa.array(values, from_pandas=True)
    array = (
        values if isinstance(values, pa.ChunkedArray) else pa.chunked_array([values])
    )
    if array.null_count:
        row = int(array.is_null().to_numpy().argmax())
        raise TimestampError(
            f"row {row}: None is a missing time stamp; drop or fill such rows"
        )
    if pa.types.is_dictionary(array.type):
        return array.cast(array.type.value_type)
    return array


def is_text(kind: Any) -> bool:
    """Say whether an Arrow type holds str or bytes."""
    names = "string", "large_string", "binary", "large_binary"
    return any(getattr(pa.types, f"is_{name}")(kind) for name in names)


def text_rows(text: Any) -> NDArray[np.uint8]:
    """Return texts of any form as rows."""
    if isinstance(text, np.ndarray) and text.dtype == np.uint8 and text.ndim == 2:
        return to_the_left(text)
    try:
        array = to_arrow(text)
    except NOT_ARROW as error:
        raise _no_text(text) from error
    if not len(array):
        return np.zeros((0, 0), np.uint8)
    if not is_text(array.type):
        raise TimestampError(
            f"values of type {array.type} are no text; numbers are read with as_ticks, "
            "times with index_to_ticks"
        )
    coded = array.cast(pa.large_binary()).combine_chunks()
    _, offsets, data = coded.buffers()
    count = coded.offset + len(coded) + 1
    bounds = np.frombuffer(offsets, np.int64, count)[coded.offset :]
    stream = np.frombuffer(data or b"", np.uint8)[bounds[0] : bounds[-1]]
    if not stream.all():
        at = int(stream.argmin()) + bounds[0]
        row = int(np.searchsorted(bounds, at, side="right")) - 1
        raise TimestampError(f"row {row}: {coded[row].as_py()!r} holds a NUL character")
    return _fill(stream, np.diff(bounds))


def _no_text(values: Any) -> TimestampError:
    """Return the error for the first value that is no text."""
    for row, value in enumerate(values):
        try:
            pa.array([value], pa.binary())
        except NOT_ARROW:
            return TimestampError(
                f"row {row}: {value!r} is no text; missing stamps are to be dropped, "
                "and numbers are read with as_ticks"
            )
    return TimestampError(f"{type(values).__name__} is no column of text")


def to_the_left(table: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Move the NUL bytes of each row behind its text."""
    if table.all():
        return table
    there = table != 0
    return _fill(table[there], there.sum(axis=1))


def _fill(stream: NDArray[np.uint8], lengths: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return texts that follow each other as rows."""
    width = int(lengths.max(initial=0))
    if (lengths == width).all():
        return stream.reshape(len(lengths), width)
    table = np.zeros((len(lengths), width), np.uint8)
    table[np.arange(width) < lengths[:, np.newaxis]] = stream
    return table


def as_bytes(table: NDArray[np.uint8]) -> NDArray[np.bytes_]:
    """Return rows as an array of byte strings."""
    width = table.shape[1]
    if not width:
        return np.zeros(len(table), "S1")
    return np.ascontiguousarray(table).view(f"S{width}")[:, 0]


def as_text(table: NDArray[np.uint8]) -> NDArray[np.str_]:
    """Return rows as an array of str."""
    coded = as_bytes(to_the_left(table))
    if int(table.max(initial=0)) < 128:
        return coded.astype(np.str_)
    return np.char.decode(coded, "utf-8", "replace")


def distinct(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the distinct values, sorted, and the place of each row among them.

    Rows that follow each other are mostly equal, so only one of each run is sorted.
    """
    if not len(values):
        return values, np.zeros(0, np.int64)
    starts = np.flatnonzero(values[1:] != values[:-1]) + 1
    starts = np.concatenate([[0], starts])
    found, places = np.unique(values[starts], return_inverse=True)
    return found, np.repeat(places, np.diff(starts, append=len(values)))
