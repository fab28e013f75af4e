"""Numbers and short texts as columns of ASCII bytes, to read and write text quickly.

A column is a ``(n, width)`` array of uint8: one row for each value, NUL bytes on either
side where a text is shorter than the column. `join` sets columns side by side and drops
the NULs.

Callers pass blocks of at most `BLOCK` rows: larger ones leave the processor's cache and
take about three times as long per row.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from hexoframe.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

__all__ = [
    "BLOCK",
    "TextTable",
    "decode_integers",
    "floats",
    "integers",
    "join",
    "paste",
    "texts",
]

BLOCK = 65_536
"""Rows that callers should pass at a time."""

_TABLE_SPAN = 70_000
_ZERO = ord("0")
_MAX_DIGITS = 18  # every number of 18 digits fits into int64


class TextTable:
    r"""Texts made once and then taken by number.

    Examples
    --------
    >>> table = TextTable.over(-2, 2, lambda count: repr(count / 256))
    >>> join([table.take([1, -1])])
    b'0.00390625\n-0.00390625\n'
    """

    def __init__(self, texts: Iterable[str | bytes], *, first: int = 0) -> None:
        self.columns = _columns(list(texts))
        self.first = first

    @classmethod
    def over(cls, first: int, last: int, text: Callable[[int], str | bytes]) -> Self:
        """Make the table of the numbers `first` to `last`, both included."""
        return cls([text(number) for number in range(first, last + 1)], first=first)

    def __len__(self) -> int:
        """Return the number of texts."""
        return len(self.columns)

    def take(self, numbers: Any) -> NDArray[np.uint8]:
        """Return the texts of some numbers as one column; others are refused."""
        rows = _whole_numbers(numbers)
        if not rows.size:
            return np.zeros((0, self.columns.shape[1]), np.uint8)
        low, high = int(rows.min()), int(rows.max())
        last = self.first + len(self) - 1
        if low < self.first or high > last:
            wrong = low if low < self.first else high
            raise ConfigurationError(
                f"{wrong} has no text in this table, which holds {self.first} to "
                f"{last}; build the table over the whole range of the values"
            )
        return self.columns.take(rows - self.first if self.first else rows, axis=0)


def integers(values: Any) -> NDArray[np.uint8]:
    """Return whole numbers (of int64) as a column of decimal digits."""
    numbers = _whole_numbers(values)
    if not numbers.size:
        return np.zeros((0, 1), np.uint8)
    low, high = int(numbers.min()), int(numbers.max())
    # A table longer than the column would cost more than it saves.
    if high - low < min(_TABLE_SPAN, numbers.size):
        table = _spell(np.arange(low, high + 1, dtype=np.int64))
        return table.take(numbers - low, axis=0)
    return _spell(numbers)


def floats(values: Any) -> NDArray[np.uint8]:
    """Return the ``repr`` of numbers as float64, ``None`` for NaN."""
    numbers = np.ascontiguousarray(values, dtype=np.float64)
    _refuse_dimensions(numbers)
    # Compared as bits: 0.0 and -0.0 are equal as numbers and differ in their text.
    bits, rows = np.unique(numbers.view(np.int64), return_inverse=True)
    spelt = [
        "None" if number != number else repr(number)  # noqa: PLR0124 - NaN
        for number in bits.view(np.float64).tolist()
    ]
    return _columns(spelt).take(rows, axis=0)


def texts(values: Iterable[str | bytes]) -> NDArray[np.uint8]:
    """Return texts as a column, str as UTF-8; a NUL byte in one is refused."""
    return _columns(list(values))


def decode_integers(
    columns: NDArray[np.uint8],
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Read columns of 1 to 18 digits; return the numbers and which rows are valid.

    A row is valid if every byte is a digit; other numbers have no meaning.
    """
    width = columns.shape[1]
    if not 1 <= width <= _MAX_DIGITS:
        raise ConfigurationError(
            f"{width} columns of digits; 1 to {_MAX_DIGITS} are possible"
        )
    values = np.empty(len(columns), np.int64)
    valid = np.empty(len(columns), np.bool_)
    for start in range(0, len(columns), BLOCK):
        rows = slice(start, start + BLOCK)
        # One contiguous row a digit; other bytes wrap round to more than 9.
        digits = np.ascontiguousarray(columns[rows].T) - np.uint8(_ZERO)
        valid[rows] = (digits <= np.uint8(9)).all(axis=0)
        values[rows] = _weigh(digits)
    return values, valid


def join(
    columns: Sequence[NDArray[np.uint8] | Sequence[NDArray[np.uint8]]],
    *,
    separator: bytes = b"\t",
    newline: bytes = b"\n",
) -> bytes:
    """Set columns side by side and return the text, a line a row, without NUL bytes.

    All columns have the same number of rows. Columns in a sequence of their own stand
    together without a separator.
    """
    groups = [[one] if isinstance(one, np.ndarray) else one for one in columns]
    parts = [part for group in groups for part in group]
    rows = _common_length(parts)
    if b"\0" in separator + newline:
        raise ConfigurationError(
            f"separators {separator!r} and {newline!r}: a NUL byte would be dropped"
        )
    marks = [
        mark for group in groups for mark in [b""] * (len(group) - 1) + [separator]
    ]
    marks[-1] = newline
    width = sum(part.shape[1] for part in parts) + sum(map(len, marks))
    text = np.empty((rows, width), np.uint8)
    at = 0
    for part, mark in zip(parts, marks, strict=True):
        paste(text, at, part)
        at += part.shape[1]
        text[:, at : at + len(mark)] = np.frombuffer(mark, np.uint8)
        at += len(mark)
    # Counting the NULs costs a tenth of dropping them by table; where they are few,
    # searching for each is quicker still.
    fillers = text.size - int(np.count_nonzero(text))
    if fillers * 20 < text.size:
        return text.tobytes().replace(b"\0", b"") if fillers else text.tobytes()
    return text.tobytes().translate(None, b"\0")


def paste(target: NDArray[np.uint8], at: int, column: NDArray[np.uint8]) -> None:
    """Copy a column into wider contiguous rows, in place, from byte `at` of each."""
    width = column.shape[1]
    if not width or not len(column):
        return
    # As one item a row: half the time of copying byte by byte.
    item = np.dtype((np.void, width))
    source = np.ascontiguousarray(column).view(item)[:, 0]
    place: NDArray[np.void] = np.ndarray(
        (len(target),), item, buffer=target, offset=at, strides=(target.shape[1],)
    )
    place[...] = source


def _whole_numbers(values: Any) -> NDArray[np.int64]:
    """Return int64 numbers of one dimension, without a copy where that is possible."""
    numbers = np.asarray(values)
    _refuse_dimensions(numbers)
    if numbers.size and numbers.dtype.kind not in "iu":
        raise ConfigurationError(
            f"values of type {numbers.dtype}; only whole numbers are allowed here"
        )
    if numbers.dtype == np.uint64 and numbers.size and int(numbers.max()) >> 63:
        raise ConfigurationError(
            f"{int(numbers.max())} does not fit into int64 (at most 2**63 - 1)"
        )
    return numbers.astype(np.int64, copy=False)


def _refuse_dimensions(numbers: NDArray[Any]) -> None:
    if numbers.ndim != 1:
        raise ConfigurationError(
            f"values of shape {numbers.shape}; one dimension is allowed"
        )


def _common_length(columns: Sequence[NDArray[np.uint8]]) -> int:
    lengths = {len(column) for column in columns}
    if len(lengths) != 1:
        found = sorted(lengths) or "none"
        raise ConfigurationError(
            f"columns of {found} rows; one or more of the same length are needed"
        )
    return lengths.pop()


def _columns(values: list[str | bytes] | list[str]) -> NDArray[np.uint8]:
    """Return texts as one column; NUL on the right of the shorter ones."""
    coded = [text.encode() if isinstance(text, str) else text for text in values]
    for number, text in enumerate(coded):
        if b"\0" in text:
            raise ConfigurationError(
                f"text {number}, {text!r}, holds a NUL byte, which would be dropped"
            )
    width = max(map(len, coded), default=0)
    if not width:
        return np.zeros((len(coded), 0), np.uint8)
    table = np.array(coded, dtype=f"S{width}")
    return table.view(np.uint8).reshape(len(coded), width)


@functools.cache
def _groups_of_four() -> NDArray[np.uint32]:
    """Return the four digits of 0 to 9999, each as one 32-bit item."""
    powers = np.array([1000, 100, 10, 1])
    digits = np.arange(10_000)[:, np.newaxis] // powers % 10 + _ZERO
    return np.ascontiguousarray(digits.astype(np.uint8)).view(np.uint32)[:, 0]


def _spell(numbers: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return decimal digits, four at a time; leading zeros become NUL bytes."""
    # As uint64, because the absolute value of the smallest int64 is no int64.
    sizes = np.abs(numbers).view(np.uint64)
    largest, smallest = int(sizes.max()), int(sizes.min())
    width = len(str(largest))
    groups = -(-width // 4)
    items = np.empty((len(sizes), groups), np.uint32)
    rest = sizes
    for group in range(groups - 1, 0, -1):
        upper = rest // np.uint64(10_000)
        last_four = rest - upper * np.uint64(10_000)
        items[:, group] = _groups_of_four().take(last_four.view(np.int64))
        rest = upper
    items[:, 0] = _groups_of_four().take(rest.view(np.int64))
    digits = items.view(np.uint8)[:, 4 * groups - width :]
    for power in range(len(str(smallest)), width):
        digits[sizes < np.uint64(10**power), width - 1 - power] = 0
    negative = numbers < 0
    if not negative.any():
        return digits
    signs = negative.astype(np.uint8)[:, np.newaxis] * np.uint8(ord("-"))
    return np.concatenate([signs, digits], axis=1)


def _weigh(digits: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return the numbers of digits; `digits` has one position a row."""
    # Pairs fit into uint8, which is an eighth of the memory of int64.
    odd = len(digits) % 2
    pairs = digits[odd::2] * np.uint8(10) + digits[odd + 1 :: 2]
    numbers = digits[0].astype(np.int64) if odd else np.zeros(digits.shape[1], np.int64)
    for pair in pairs:
        numbers *= 100
        numbers += pair
    return numbers
