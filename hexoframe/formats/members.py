"""The members of a vendor export, from bytes to arrays: WAV, events, info, statistics.

Pure functions: bytes in, arrays and dicts out, so that a test can feed literals. What
the arrays mean (units, channels, record) is the business of `archive`.
"""

from __future__ import annotations

import ast
import csv
import io
import json
import re
import struct
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from hexoframe.errors import FileFormatError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

__all__ = [
    "EVENT_HEADER",
    "Statistics",
    "WavHeader",
    "parse_event_header",
    "parse_events",
    "parse_hxd",
    "parse_info",
    "parse_statistics",
    "parse_wav_header",
    "wav_dtype",
    "whole_number",
]

EVENT_HEADER = b"time [s],"
# Enough for the 44 bytes that the service writes and for chunks that tools insert.
WAV_HEAD_BYTES = 4096
# Decimal seconds, read as float64, lie this close to their tick even after a year.
_WHOLE_TICK = 1e-3
# A century in s; no record is longer.
_LONGEST = 100 * 366 * 86_400


@dataclass(frozen=True, slots=True)
class WavHeader:
    """Where the samples of a WAV file lie and how wide they are.

    Attributes
    ----------
    rate : int
        What the rate field holds: Hz, or the period in s for channels slower than 1 Hz.
    bits : int
        16 or 32.
    offset : int
        First byte of the samples.
    samples : int
        Whole samples that the file holds.
    promised : int
        Samples that the header promises.
    """

    rate: int
    bits: int
    offset: int
    samples: int
    promised: int


def parse_wav_header(
    head: bytes,
    size: int,
    *,
    where: str,
    peek: Callable[[int], bytes] | None = None,
) -> WavHeader:
    """Read the header of a WAV file.

    The RIFF size is ignored (some exports are off by 4). A data size of zero, or of all
    ones, in front of samples is a header that was never completed: then all that
    follows is samples. So is what follows the data but is no whole chunk.

    Parameters
    ----------
    head : bytes
        First bytes of the file.
    size : int
        Size of the whole file in bytes.
    where : str
        Name of the file, for messages.
    peek : callable, optional
        Takes the number of a byte and returns eight bytes from there on; asked only
        where the data ends, by its header, behind `head` and before the file does.

    Returns
    -------
    WavHeader
        Layout of the samples.

    Raises
    ------
    FileFormatError
        If it is no mono PCM file of 16 or 32 bits, or ends in the middle of a sample.

    Notes
    -----
    Source: vendor exports of 2017 to 2022; RIFF/WAVE, PCM format 1.
    """
    if len(head) < 12 or head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        raise FileFormatError(
            f"{where}: no WAV file: it begins with {head[:12]!r}, expected "
            "b'RIFF....WAVE'"
        )
    chunks = dict(_chunks(head))
    if b"fmt " not in chunks or b"data" not in chunks:
        raise FileFormatError(
            f"{where}: a WAV file needs the chunks 'fmt ' and 'data', found "
            f"{sorted(name.decode('latin-1') for name in chunks)}"
        )
    at, _ = chunks[b"fmt "]
    form, tracks, rate, _, _, bits = struct.unpack_from("<HHIIHH", head, at)
    if (form, tracks) != (1, 1) or bits not in (16, 32):
        raise FileFormatError(
            f"{where}: expected PCM (1), 1 track, 16 or 32 bits; found format {form}, "
            f"{tracks} tracks, {bits} bits"
        )
    offset, promised = chunks[b"data"]
    width = bits // 8
    peek = peek or (lambda at: head[at : at + 8])
    held = _held_bytes((offset, promised, size), width, peek)
    if held % width:
        raise FileFormatError(
            f"{where}: the file ends at byte {offset + held}, in the middle of a "
            f"{width}-byte sample; it was cut: fetch it again"
        )
    whole = promised if promised not in (0, 0xFFFFFFFF) else held
    return WavHeader(rate, bits, offset, held // width, max(whole, held) // width)


def _chunks(head: bytes) -> Iterator[tuple[bytes, tuple[int, int]]]:
    """Yield name -> (offset of the content, size) up to the samples."""
    at = 12
    while at + 8 <= len(head):
        name, size = struct.unpack_from("<4sI", head, at)
        if name == b"fmt " and (size < 16 or at + 24 > len(head)):
            return
        yield name, (at + 8, size)
        if name == b"data":
            return
        at += 8 + size + size % 2


def _held_bytes(
    layout: tuple[int, int, int], width: int, peek: Callable[[int], bytes]
) -> int:
    """Bytes of samples that the file holds, whatever its header promises."""
    offset, promised, size = layout
    rest = max(0, size - offset)
    if promised >= rest:
        return rest
    # Less than a sample more than was promised: nothing is lost with it.
    if promised and rest - promised < width:
        return promised
    at = offset + promised
    return promised if _is_chunk(peek(at), size - at) else rest


def _is_chunk(head: bytes, size: int) -> bool:
    """Whether what follows the samples is a chunk: a name, and a size that fits."""
    if len(head) < 8:
        return False
    name, told = struct.unpack_from("<4sI", head)
    return re.fullmatch(rb"[\w ]{4}", name) is not None and told + 8 <= size


def wav_dtype(header: WavHeader) -> np.dtype[Any]:
    """Return the dtype of the samples, little-endian; the table knows the sign."""
    return np.dtype("<i2" if header.bits == 16 else "<i4")


def parse_event_header(line: bytes, *, where: str) -> tuple[str, str, int | None]:
    """Read the header of an event CSV.

    Parameters
    ----------
    line : bytes
        First line.
    where : str
        Name of the file, for messages.

    Returns
    -------
    name, unit : str
        API name and unit as printed, such as ``s/256``.
    id : int or None
        Datatype, where the header says it.

    Raises
    ------
    FileFormatError
        If the line is not ``time [s],<name> [<unit>](/api/datatype/<id>/)``.
    """
    text = line.decode("utf-8", "replace").strip()
    match = re.fullmatch(
        r"time \[s\],\s*(?P<name>\w+)\s*\[(?P<unit>[^\]]*)\]\s*"
        r"(?:\(/api/(?:v1/)?datatype/(?P<id>\d+)/\))?,?",
        text,
    )
    if match is None:
        raise FileFormatError(
            f"{where}, line 1: expected 'time [s],<name> [<unit>](/api/datatype/<id>/)'"
            f", found {text[:80]!r}"
        )
    number = match["id"]
    return match["name"], match["unit"], None if number is None else int(number)


def parse_events(
    data: bytes, *, clock: int, where: str
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Read an event CSV with its header.

    Parameters
    ----------
    data : bytes
        The whole file: a header, then ``seconds,value``.
    clock : {256, 1000}
        Ticks in a second.
    where : str
        Name of the file, for messages.

    Returns
    -------
    ticks : ndarray of int64, shape (n,)
        Ticks since the start of the record, ascending.
    values : ndarray of float64, shape (n,)
        Values as printed; ``nan`` is NaN.

    Raises
    ------
    FileFormatError
        If a line is broken, or a time is no whole tick.
    """
    body = data.partition(b"\n")[2]
    if not body.strip():
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float64)
    seconds, values = _two_columns(body, where)
    # What has no fraction of ticks, or none that float64 could show, is no event.
    exact = np.where(np.abs(seconds) < _LONGEST, seconds, np.nan) * clock
    ticks = np.rint(exact)
    off = np.flatnonzero(~(np.abs(exact - ticks) < _WHOLE_TICK))
    if len(off):
        raise FileFormatError(
            f"{where}, line {_line_of(body, off[0])}: {seconds[off[0]]} s is no "
            f"multiple of 1/{clock} s within a century; is the model right?"
        )
    if not body.endswith(b"\n"):
        raise FileFormatError(
            f"{where}, line {_line_of(body, len(values) - 1)}: the last line has no "
            "end, so the file was cut there; fetch it again"
        )
    return _ascending(ticks.astype(np.int64), values)


def _two_columns(
    body: bytes, where: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    # Imported here: opening a record without events needs no CSV reader.
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import csv as arrow_csv  # noqa: PLC0415

    try:
        table = arrow_csv.read_csv(
            io.BytesIO(body),
            read_options=arrow_csv.ReadOptions(
                column_names=["time", "value"], use_threads=False
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types={"time": pa.float64(), "value": pa.float64()},
                null_values=[],
            ),
        )
    except pa.ArrowInvalid as error:
        raise FileFormatError(_broken_line(body, where)) from error
    return table["time"].to_numpy(), table["value"].to_numpy().copy()


def _line_of(body: bytes, row: int) -> int:
    """Return the line of an event: empty lines count, and the header is line 1."""
    lines = re.split(rb"\r\n|\r|\n", body)
    return [number for number, line in enumerate(lines, 2) if line][row]


def _broken_line(body: bytes, where: str) -> str:
    """Find the line that the fast reader refused; only errors come here."""
    for number, line in enumerate(body.decode("utf-8", "replace").splitlines(), 2):
        cells = line.split(",")
        try:
            whole = len(cells) == 2 and [float(cell) for cell in cells]
        except ValueError:
            whole = False
        if line and not whole:
            return (
                f"{where}, line {number}: expected 'seconds,value', found {line[:80]!r}"
            )
    return f"{where}: expected lines 'seconds,value'"


def _ascending(
    ticks: NDArray[np.int64], values: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    if len(ticks) > 1 and (ticks[1:] < ticks[:-1]).any():
        order = np.argsort(ticks, kind="stable")
        return ticks[order], values[order]
    return ticks, values


def parse_hxd(
    data: bytes, *, where: str
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Read an event file of the older kind: pairs of 8-byte integers.

    Parameters
    ----------
    data : bytes
        Little-endian int64 pairs: ticks since the start of the record, value.
    where : str
        Name of the file, for messages.

    Returns
    -------
    ticks : ndarray of int64, shape (n,)
        Ticks since the start of the record, ascending.
    values : ndarray of float64, shape (n,)
        Counts.

    Raises
    ------
    FileFormatError
        If the file ends in the middle of a pair.
    """
    if len(data) % 16:
        raise FileFormatError(
            f"{where}: {len(data)} bytes are no whole number of 16-byte pairs; the "
            f"file was cut at byte {len(data)}: fetch it again"
        )
    pairs = np.frombuffer(data, dtype="<i8").reshape(-1, 2)
    return _ascending(pairs[:, 0].astype(np.int64), pairs[:, 1].astype(np.float64))


def parse_info(data: bytes, *, where: str) -> dict[str, Any]:
    """Read info.json.

    Raises
    ------
    FileFormatError
        If it is no JSON object.
    """
    try:
        info = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"{where}: no JSON: {error}") from error
    if not isinstance(info, dict):
        raise FileFormatError(
            f"{where}: expected a JSON object, found {type(info).__name__}"
        )
    return info


@dataclass(frozen=True, slots=True)
class Statistics:
    """What statistics.csv says: the record's own row and its annotations.

    Attributes
    ----------
    table : dict of str to (str, str)
        Text and unit by name, as printed.
    annotations : list of dict
        id, time (tick), datatype, comment.
    """

    table: dict[str, tuple[str, str]]
    annotations: list[dict[str, Any]]


def parse_statistics(data: bytes, *, where: str) -> Statistics:
    """Read statistics.csv with its second table, in the dialects of 2017 and 2021.

    Parameters
    ----------
    data : bytes
        The whole file.
    where : str
        Name of the file, for messages.

    Returns
    -------
    Statistics
        Values by name, and annotations.

    Raises
    ------
    FileFormatError
        If the first table has no row of values, or an annotation is broken.
    """
    text = io.StringIO(data.decode("utf-8", "replace"), newline="")
    try:
        rows = [row for row in csv.reader(text) if row]
    except csv.Error as error:
        raise FileFormatError(f"{where}: no table: {error}") from error
    if len(rows) < 3 or not len(rows[0]) == len(rows[1]) == len(rows[2]):
        raise FileFormatError(
            f"{where}: expected a row of names, one of units and one of values of the "
            f"same length; found rows of {[len(row) for row in rows[:3]]} cells"
        )
    names, units, values = rows[:3]
    table = {
        name: (value, "" if unit == "na" else unit)
        for name, unit, value in zip(names, units, values, strict=True)
    }
    return Statistics(table, _annotations(rows[3:], where))


def _annotations(rows: list[list[str]], where: str) -> list[dict[str, Any]]:
    headers = [at for at, row in enumerate(rows) if row[:1] == ["uri"]]
    if not headers:
        return []
    names = rows[headers[0]]
    found = []
    for row in rows[headers[0] + 1 :]:
        if len(row) != len(names):
            raise FileFormatError(
                f"{where}: expected an annotation {names}, found {row}"
            )
        cells = dict(zip(names, row, strict=True))
        found.append(_annotation(cells, where))
    return found


def _annotation(cells: dict[str, str], where: str) -> dict[str, Any]:
    try:
        return {
            "id": _last_number(cells["uri"]),
            "time": whole_number(cells["start"]),
            "datatype": int(cells["datatype"]),
            "comment": _comment(cells["comment"]),
        }
    except (KeyError, ValueError) as error:
        raise FileFormatError(f"{where}: broken annotation {cells}: {error}") from error


def whole_number(value: object) -> int:
    """Return a whole number, such as a tick, from any of the forms that files have.

    Parameters
    ----------
    value : int, float or str
        Text may have an exponent or a fraction of zeros.

    Returns
    -------
    int
        The number, exactly.

    Raises
    ------
    ValueError
        If it is none, or does not fit into 64 bits.
    """
    try:
        number = Decimal(value)  # type: ignore[arg-type]
        if abs(number) < 1 << 63 and number == int(number):
            return int(number)
    except (ArithmeticError, TypeError, ValueError):
        pass
    raise ValueError(f"{value!r} is no whole number")


def _last_number(uri: str) -> int | None:
    match = re.search(r"(\d+)/?$", uri)
    return None if match is None else int(match[1])


def _comment(text: str) -> str:
    """Undo the bytes literal that the export prints."""
    if re.fullmatch(r"b(['\"]).*\1", text, flags=re.DOTALL):
        try:
            value = ast.literal_eval(text)
        except (SyntaxError, ValueError):
            return text
        if isinstance(value, bytes):
            return value.decode("utf-8", "replace")
    return text
