"""Event files of an export (CSV, and .hxd in older ones): ticks and values.

Bytes come in, arrays go out. What the values mean does not belong here.
"""

from __future__ import annotations

import codecs
import io
import re
from typing import TYPE_CHECKING

import numpy as np

from hexoframe.channels import CLOCK_OF_FAMILY
from hexoframe.errors import FileFormatError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.channels import Datatype

__all__ = [
    "EVENT_HEADER",
    "as_utf8",
    "count_events",
    "end_events",
    "parse_event_file",
    "parse_event_header",
    "parse_events",
    "parse_hxd",
    "whole_events",
]

EVENT_HEADER = b"time [s],"
# Decimal seconds, read as float64, lie this close to their tick even after a year.
_WHOLE_TICK = 1e-3
_PAIR = 16  # bytes: two int64 of the older kind
# A century in s; no record is longer.
_LONGEST = 100 * 366 * 86_400
_ENDS = 5
_EVENT = re.compile(rb"[-+.\de]+,(?:[-+.\de]+|nan)\r?\n", re.IGNORECASE)


def as_utf8(data: bytes) -> bytes:
    """Return a text that an editor saved with a byte order mark as plain UTF-8."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if data.startswith(mark):
            text = data[len(mark) :].decode(encoding, "replace")
            return text.encode("utf-8", "replace")
    return data


def count_events(data: bytes, *, where: str) -> int:
    """Count the events of a file without parsing them; its end is checked.

    A name `where` that ends with ``.hxd`` is the older kind, all else is CSV.
    """
    _check_end(data, where)
    if _is_hxd(where):
        return len(data) // _PAIR
    count = data.count(b"\n") - 1
    if b"\n\n" in data or b"\n\r\n" in data:
        count -= len(re.findall(rb"(?<=\n)\r?\n", data))
    return max(0, count)


def parse_event_file(
    data: bytes, row: Datatype, *, where: str
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return ticks since the start of the record, ascending, and values.

    A file of another datatype or unit than the row is refused.
    """
    if _is_hxd(where):
        return parse_hxd(data, where=where)
    line = data.partition(b"\n")[0]
    _check_header(row, parse_event_header(line, where=where), where)
    return parse_events(data, clock=CLOCK_OF_FAMILY[row.family], where=where)


def end_events(data: bytes, *, where: str) -> bytes:
    """Return a file with its first and last few events alone."""
    if _is_hxd(where):
        size = _ENDS * _PAIR
        return data if len(data) <= 2 * size else data[:size] + data[-size:]
    begin = data.split(b"\n", _ENDS + 1)[:-1]
    end = data.rstrip().rsplit(b"\n", _ENDS)[1:]
    if len(begin) <= _ENDS or count_events(data, where=where) <= 2 * _ENDS:
        return data
    return b"\n".join([*begin, *end, b""])


def whole_events(data: bytes, row: Datatype, *, where: str) -> bytes:
    """Return a damaged file up to its first broken line; nothing if it is useless."""
    if _is_hxd(where):
        return data[: len(data) - len(data) % _PAIR]
    end = 0
    for number, line in enumerate(io.BytesIO(data)):
        if not (_EVENT.fullmatch(line) or number == 0):
            break
        end += len(line)
    head = data[: data.rfind(b"\n", 0, end) + 1]
    try:
        parse_event_file(head, row, where=where)
    except FileFormatError:
        return b""
    return head


def _is_hxd(where: str) -> bool:
    return where.lower().endswith(".hxd")


def _check_end(data: bytes, where: str) -> None:
    """Refuse a file that was cut in the middle of an event."""
    if _is_hxd(where) and len(data) % _PAIR:
        raise FileFormatError(
            f"{where}: {len(data)} bytes are not a whole number of {_PAIR}-byte pairs; "
            f"the file was cut at byte {len(data)}: fetch it again"
        )
    if not _is_hxd(where) and data and not data.endswith(b"\n"):
        number = len(re.split(rb"\r\n|\r|\n", data))
        raise FileFormatError(
            f"{where}, line {number}: the last line has no end, so the file was cut "
            "there; fetch it again"
        )


def _check_header(row: Datatype, head: tuple[str, str, int | None], where: str) -> None:
    """Refuse another datatype, and intervals that are not in ticks of the record."""
    name, unit, number = head
    is_row = number == row.id
    if number is None or row.id is None:
        is_row = name.lower() in (*row.names, *row.aliases)
    if not is_row:
        raise FileFormatError(
            f"{where}, line 1: the header is that of {name} (datatype {number}), "
            f"expected {row.api_name} ({row.id}); was the file renamed?"
        )
    clock = CLOCK_OF_FAMILY[row.family]
    if row.unit == "s" and unit != f"s/{clock}":
        raise FileFormatError(
            f"{where}, line 1: values are counted in {unit!r}, the record in "
            f"'s/{clock}'; is the model right, and is this the vendor's own file?"
        )


def parse_event_header(line: bytes, *, where: str) -> tuple[str, str, int | None]:
    """Return API name, unit as printed (``s/256``) and datatype id of an event CSV."""
    text = as_utf8(line).decode("utf-8", "replace").strip()
    match = re.fullmatch(
        r"time \[s\],\s*(?P<name>\w+)\s*\[(?P<unit>[^\]]*)\]\s*"
        r"(?:\(/api/(?:v1/)?datatype/(?P<id>\d+)/\))?,?",
        text,
    )
    if match is None:
        raise FileFormatError(
            f"{where}, line 1: expected 'time [s],<name> [<unit>](/api/datatype/<id>/)'"
            f", found {_shown(text)}; fetch the export again"
        )
    number = match["id"]
    return match["name"], match["unit"], None if number is None else int(number)


def _shown(line: str) -> str:
    """Quote another first line, and say who has probably written it."""
    if not line.strip("\0"):
        return "zeros" if line else "an empty line"
    quoted = repr(line[:80])
    if re.match(r"time \[s\]\s*[;\t]", line):
        return f"{quoted}, as a spreadsheet saves it"
    if re.fullmatch(r"[-+.\deE]+,[-+.\deE]+", line):
        return f"{quoted}, as a converter writes it"
    return quoted


def parse_events(
    data: bytes, *, clock: int, where: str
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Read an event CSV, ``seconds,value`` below a header.

    Returns ticks since the start of the record, ascending, and values as printed.
    """
    body = data.partition(b"\n")[2]
    if not body.strip():
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float64)
    seconds, values = _two_columns(body, where)
    # float64 shows no fraction of a tick in longer times: NaN refuses them below.
    exact = np.where(np.abs(seconds) < _LONGEST, seconds, np.nan) * clock
    ticks = np.rint(exact)
    off = np.flatnonzero(~(np.abs(exact - ticks) < _WHOLE_TICK))
    if len(off):
        raise FileFormatError(
            f"{where}, line {_line_of(body, off[0])}: {seconds[off[0]]} s is not "
            f"a multiple of 1/{clock} s within a century; is the model right?"
        )
    _check_end(data, where)
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
    """Return the line of an event; empty lines count, the header is line 1."""
    lines = re.split(rb"\r\n|\r|\n", body)
    return [number for number, line in enumerate(lines, 2) if line][row]


def _broken_line(body: bytes, where: str) -> str:
    """Describe the line that Arrow refused; called for errors only."""
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
    """Read an event file of the older kind: little-endian int64 pairs (tick, count)."""
    _check_end(data, where)
    pairs = np.frombuffer(data, dtype="<i8").reshape(-1, 2)
    return _ascending(pairs[:, 0].astype(np.int64), pairs[:, 1].astype(np.float64))
