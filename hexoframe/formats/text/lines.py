"""Lines of a classic .txt: stamps (ticks, or text of a zone) and values of samples.

Lines become ticks and values, block by block. Which file belongs to which channel does
not belong here.
"""

from __future__ import annotations

import codecs
import functools
import mmap
import os
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, NamedTuple

import numpy as np
import pandas as pd

from hexoframe import digits
from hexoframe.errors import FileFormatError, TimestampError
from hexoframe.timestamps import as_ticks, clock_of, text_to_ticks, ticks_to_columns

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from hexoframe.timestamps import Clock, Halves

__all__ = ["BLOCK_BYTES", "Block", "LineFile", "Stamps", "blocks", "examine", "probe"]


# -- time stamps -----------------------------------------------------------------------

# Changes of clocks fall on quarters of an hour; two more of them before and after tell
# how the repeated hour is entered and left.
_QUARTER = 900
_ABOUT = 1800


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamps:
    """How time stamps are written: as ticks, or as text if `fmt` is set.

    `halves` is how half a microsecond is rounded in text; both forms are read.
    """

    clock: Clock
    fmt: str | None = None
    tz: str = "UTC"
    halves: Halves = "even"

    @property
    def fields(self) -> int:
        """Number of fields, split by tabs, of a stamp."""
        return 1 if self.fmt is None else 1 + self.fmt.count("\t")

    def write(self, ticks: NDArray[np.int64]) -> list[NDArray[np.uint8]]:
        """Return ticks as columns of text, to be joined side by side."""
        if self.fmt is None:
            return _spelt(ticks)
        return ticks_to_columns(
            ticks, clock=self.clock, fmt=self.fmt, tz=self.tz, halves=self.halves
        )

    def read(self, texts: Any) -> NDArray[np.int64]:
        """Return the ticks of stamps; raises TimestampError with the row, from 0."""
        if self.fmt is None:
            return as_ticks(texts, clock=self.clock)
        return text_to_ticks(texts, clock=self.clock, fmt=self.fmt, tz=self.tz)

    def repeated_hours(self, ends: Sequence[bytes]) -> list[tuple[int, int]]:
        """Return spans in local s, between two stamps, where clocks are put back."""
        if self.fmt is None or self.tz == "UTC":
            return []
        try:
            first, last = self._on_the_wall(ends)
        except TimestampError:
            return []  # reading names the broken line
        times = np.arange(first - 86_400, last + 86_400, _QUARTER)
        utc = pd.to_datetime(times, unit="s", utc=True)
        local = utc.tz_convert(self.tz).tz_localize(None)
        wall = np.asarray(local.as_unit("s").asi8)
        return [
            (int(wall[at + 1]) - _ABOUT, int(wall[at]) + _QUARTER + _ABOUT)
            for at in np.flatnonzero(np.diff(wall) < 0)
        ]

    def touch(self, ends: Sequence[bytes], spans: list[tuple[int, int]]) -> bool:
        """Whether the time between two stamps touches one of the spans."""
        try:
            first, last = self._on_the_wall(ends)
        except TimestampError:
            return False  # reading names the broken line
        # Within a repeated hour the last stamp may be the smaller one.
        low, high = min(first, last), max(first, last)
        return any(low <= end and high >= begin for begin, end in spans)

    def _on_the_wall(self, ends: Sequence[bytes]) -> tuple[int, int]:
        """Return two stamps in s of local time."""
        wall = Stamps(clock=self.clock, fmt=self.fmt)
        first, last = (wall.read(list(ends)) // self.clock).tolist()
        return first, last


@functools.cache
def _four_digits() -> digits.TextTable:
    return digits.TextTable.over(0, 9999, "{:04d}".format)


def _spelt(ticks: NDArray[np.int64]) -> list[NDArray[np.uint8]]:
    """Return ticks as digits; neighbours share all but the last four."""
    upper = ticks // 10_000
    return [digits.integers(upper), _four_digits().take(ticks - upper * 10_000)]


# -- looking at a file -----------------------------------------------------------------

# Bytes at each end of a file that are looked at.
_HEAD = 1 << 14
# Bytes that are parsed at a time, some 30 000 lines: larger blocks leave the cache.
BLOCK_BYTES = 1 << 19
# More threads than these wait for the one that takes what they have parsed.
_THREADS = 2


_TICK = re.compile(rb"\d{10,}(?:\.0*)?|\d(?:\.\d+)?[eE]\+?\d{2}")
_NUMBER = rb" *[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[nN]a[nN]|None"
_VALUE = re.compile(_NUMBER)
_FRACTION = re.compile(rb"\d+\.\d+")
# Leading zeros and the point are no significant digits.
_SIGNIFICANT = re.compile(rb"^[0.]+|\.")


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFile:
    """The first lines and the last whole line of a file.

    `size` is in bytes up to the last line feed, `rest` are the bytes of a cut line
    after it.
    """

    path: Path
    size: int
    rest: int
    head: tuple[bytes, ...]
    last: bytes

    @property
    def fields(self) -> list[bytes]:
        """Fields of the first line."""
        return self.head[0].split(b"\t")

    @property
    def form(self) -> Literal["epoch", "string"] | None:
        """How the file writes stamps; None if its lines are not samples."""
        fields = self.fields
        if len(fields) < 2 or not _VALUE.fullmatch(fields[-1]):
            return None
        if _TICK.fullmatch(fields[0]):
            try:
                clock_of(fields[0].decode())
            except TimestampError:
                pass
            else:
                values = fields[1:]
                return "epoch" if all(map(_VALUE.fullmatch, values)) else None
        stamp = b"\t".join(fields[:-1])
        return "string" if len(re.findall(rb"\d", stamp)) >= 6 else None

    @property
    def digits(self) -> int:
        """Most significant digits of a value in the first lines."""
        values = b"\t".join(line.partition(b"\t")[2] for line in self.head)
        found = map(_SIGNIFICANT.sub, repeat(b""), _FRACTION.findall(values))
        return max(map(len, found), default=0)

    def count(self) -> int:
        """Count the lines."""
        count, left = 0, self.size
        with _opened(self.path) as file:
            while left and (read := file.read(min(BLOCK_BYTES, left))):
                count += read.count(b"\n")
                left -= len(read)
        return count


def examine(path: Path) -> LineFile | None:
    """Look at both ends of a file; None if it is empty."""
    with _opened(path) as file:
        head = file.read(_HEAD)
        length = file.seek(0, os.SEEK_END)
        file.seek(max(0, length - _HEAD))
        tail = file.read()
    if not length:
        return None
    rest = len(tail) - (tail.rfind(b"\n") + 1)
    # Arrow leaves a byte order mark out by itself.
    head = head.removeprefix(codecs.BOM_UTF8)
    lines = [line.rstrip(b"\r") for line in head.split(b"\n")]
    return LineFile(
        path=path,
        size=length - rest,
        rest=rest,
        head=tuple(lines[:-1]) or (lines[0],),
        last=tail[: len(tail) - rest].rstrip(b"\r\n").rpartition(b"\n")[2],
    )


def probe(file: LineFile, stamps: Stamps) -> NDArray[np.int64]:
    """Return the ticks of the first lines of a file and of the last one."""
    lines = [*file.head, file.last] if file.size else []
    try:
        return stamps.read([_stamp(line, stamps) for line in lines])
    except TimestampError:
        # A broken line, which reading all names, or a repeated hour: only the stamps
        # around one tell which pass of the hour it belongs to.
        ticks = [block.ticks for block in blocks(file, stamps)]
        return np.concatenate([*ticks, ticks[-1][-1:]])


def _stamp(line: bytes, stamps: Stamps) -> bytes:
    return b"\t".join(line.split(b"\t")[: stamps.fields])


# -- reading ---------------------------------------------------------------------------


OnBytes = Callable[[bytes], object]
"""Takes the bytes of a file as they are read."""


class Block(NamedTuple):
    """Consecutive lines of a file."""

    line: int  # number of the first one, from 1
    ticks: NDArray[np.int64]
    columns: tuple[NDArray[np.float64], ...]


def blocks(
    file: LineFile, stamps: Stamps, on_bytes: OnBytes | None = None
) -> Iterator[Block]:
    """Yield ticks and values in blocks of some 30 000 lines; a missing value is NaN.

    A cut last line is left out. `on_bytes` is called with all that is read.
    """
    line = 1
    for texts, values in _texts(file, stamps, on_bytes):
        try:
            ticks = stamps.read(texts)
        except TimestampError as error:
            raise _misplaced(error, file, line - 1) from error
        for column in values:
            if np.isinf(column).any():
                row = int(np.isinf(column).argmax())
                raise FileFormatError(
                    f"{file.path}: line {line + row}: the value is infinite; a finite "
                    "number or None was expected"
                )
        yield Block(line, ticks, values)
        line += len(ticks)


# Stamps, as text or numbers, and values.
_Parsed = tuple[Any, tuple["NDArray[np.float64]", ...]]


def _texts(
    file: LineFile, stamps: Stamps, on_bytes: OnBytes | None
) -> Iterator[_Parsed]:
    """Yield stamps, still text or float, and values.

    The lines around a repeated hour come in one block: only the order of their stamps
    shows which pass of the hour each belongs to.
    """
    ends = [_stamp(line, stamps) for line in (file.head[0], file.last)]
    repeated = stamps.repeated_hours(ends)
    about: list[_Parsed] = []
    for texts, values in _parsed(file, stamps, on_bytes):
        if repeated and stamps.touch([texts[0].as_py(), texts[-1].as_py()], repeated):
            about.append((texts, values))
            continue
        if about:
            yield _joined(about)
            about = []
        yield texts, values
    if about:
        yield _joined(about)


def _joined(parsed: list[_Parsed]) -> _Parsed:
    import pyarrow as pa  # noqa: PLC0415  # slow, and not needed by the writer

    texts, columns = zip(*parsed, strict=True)
    values = tuple(np.concatenate(column) for column in zip(*columns, strict=True))
    return pa.chunked_array(texts), values


def _parsed(
    file: LineFile, stamps: Stamps, on_bytes: OnBytes | None
) -> Iterator[_Parsed]:
    """Parse a file on two threads; the blocks keep their order."""

    def parse(lines: bytes) -> _Parsed:
        return _parse(lines, file, stamps)

    waiting: deque[Future[_Parsed]] = deque()
    with ThreadPoolExecutor(_THREADS) as pool:
        for lines in _raw_blocks(file, on_bytes):
            waiting.append(pool.submit(parse, lines))
            if len(waiting) > _THREADS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _raw_blocks(file: LineFile, on_bytes: OnBytes | None) -> Iterator[bytes]:
    """Yield whole lines, about `BLOCK_BYTES` bytes at a time."""
    rest, left = b"", file.size
    with _opened(file.path) as opened:
        while left:
            read = opened.read(min(BLOCK_BYTES, left))
            if not read:
                raise FileFormatError(f"{file.path}: became shorter while it was read")
            left -= len(read)
            if on_bytes is not None:
                on_bytes(read)
            lines, feed, tail = read.rpartition(b"\n")
            if feed:
                yield b"".join((rest, lines, feed))
                rest = tail
            else:
                rest += tail


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise FileFormatError(f"{path}: cannot be read: {error.strerror}") from error


def _parse(lines: bytes, file: LineFile, stamps: Stamps) -> _Parsed:
    import pyarrow as pa  # noqa: PLC0415  # slow, and not needed by the writer

    # Whole numbers are quicker; a column may hold others further down.
    narrow = [pa.int64() if field.isdigit() else pa.float64() for field in file.fields]
    # Ticks may end in .0 or have an exponent; a float64 holds all of them exactly.
    wide = [pa.float64()] * len(narrow)
    if stamps.fmt is not None:
        narrow[: stamps.fields] = wide[: stamps.fields] = [pa.binary()] * stamps.fields
    try:
        try:
            columns = _columns(lines, narrow)
        except pa.ArrowInvalid:
            columns = _columns(lines, wide)
    except pa.ArrowInvalid as error:
        raise _broken(file, stamps, str(error)) from error
    return (
        _stamp_texts(columns[: stamps.fields]),
        tuple(
            column.to_numpy(zero_copy_only=False).astype(np.float64, copy=False)
            for column in columns[stamps.fields :]
        ),
    )


def _columns(lines: bytes, kinds: list[pa.DataType]) -> list[pa.Array[Any]]:
    import pyarrow as pa  # noqa: PLC0415  # slow, and not needed by the writer
    from pyarrow import csv  # noqa: PLC0415

    names = [str(number) for number in range(len(kinds))]
    table = csv.read_csv(
        pa.BufferReader(lines),
        read_options=csv.ReadOptions(
            column_names=names, block_size=len(lines) + 1, use_threads=False
        ),
        parse_options=csv.ParseOptions(
            delimiter="\t", quote_char=False, ignore_empty_lines=False
        ),
        convert_options=csv.ConvertOptions(
            column_types=dict(zip(names, kinds, strict=True)), null_values=["None"]
        ),
    )
    return [column.combine_chunks() for column in table.columns]


def _stamp_texts(columns: list[pa.Array[Any]]) -> Any:
    if len(columns) == 1:
        return columns[0]
    import pyarrow.compute as pc  # noqa: PLC0415  # slow, and not needed by the writer

    return pc.binary_join_element_wise(*columns, b"\t")


def _misplaced(error: TimestampError, file: LineFile, before: int) -> FileFormatError:
    """Name the line of the file in an error of a stamp."""
    match = re.match(r"row (\d+): ", str(error))
    if match is None:
        return FileFormatError(f"{file.path}: {error}")
    line = before + int(match[1]) + 1
    return FileFormatError(f"{file.path}: line {line}: {str(error)[match.end() :]}")


def _broken(file: LineFile, stamps: Stamps, why: str) -> FileFormatError:
    """Find the first line of another form than the first one."""
    values = len(file.fields) - stamps.fields
    stamp = _TICK.pattern if stamps.fmt is None else rb"[^\t\n]*"
    stamp = rb"\t".join([b"(?:" + stamp + b")"] * stamps.fields)
    value = rb"(?:\t(?:" + _NUMBER + rb")){" + str(values).encode() + rb"}"
    with (
        file.path.open("rb") as opened,
        mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as data,
    ):
        mark = rb"(?:" + codecs.BOM_UTF8 + rb")?"
        whole = re.compile(mark + rb"(?:" + stamp + value + rb"\r?\n)*+").match(data)
        at = whole.end() if whole else 0
        line = data[:at].count(b"\n") + 1
        found = data[at : at + 80].partition(b"\n")[0].rstrip(b"\r")
    form = "a tick" if stamps.fmt is None else f"a stamp as {stamps.fmt!r}"
    return FileFormatError(
        f"{file.path}: line {line}: found {found.decode(errors='replace')!r}, expected "
        f"{form} and {values} value{'s' * (values != 1)} (a number or None), split by "
        f"tabs, as in the first line ({why.partition(':')[0]})"
    )
