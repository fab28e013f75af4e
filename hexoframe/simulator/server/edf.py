"""The EDF form of a record: its regular channels of 1 Hz and more, second by second.

It is made from the WAV files of the binary export, count by count. Events and channels
slower than 1 Hz are left out.
"""

from __future__ import annotations

import io
import json
import math
import wave
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hexoframe.channels import Datatype, Family
from hexoframe.simulator.server.catalog import rows_by_id
from hexoframe.simulator.server.world import ServedRecord, User

__all__ = ["edf_file"]

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LABEL = 16
_SHORT = {"respiration": "resp", "acceleration": "accel"}
_LOW, _HIGH = -32_768, 32_767


class _Signal(NamedTuple):
    row: Datatype
    rate: int
    counts: NDArray[np.int64]

    @property
    def shift(self) -> int:
        """Offset of a count in EDF's signed 16 bits."""
        return 0 if self.row.signed else _LOW

    def header(self) -> tuple[str, ...]:
        """Return the fields of the header, in their order."""
        row = self.row
        name = row.api_name
        for long, short in _SHORT.items():
            name = name.replace(long, short)
        low, high = (
            (digital - self.shift) * row.gain + row.offset for digital in (_LOW, _HIGH)
        )
        unit = row.unit if row.unit.isascii() else ""
        return (
            f"{row.id}:{name}"[:_LABEL], "", unit[:8], _number(low), _number(high),
            str(_LOW), str(_HIGH), "", str(self.rate), "",
        )  # fmt: skip

    def table(self, seconds: int) -> NDArray[np.int16]:
        """Return a row a second, padded with the last value."""
        missing = seconds * self.rate - len(self.counts)
        whole = np.pad(self.counts, (0, max(missing, 0)), mode="edge")
        digital = (whole[: seconds * self.rate] + self.shift).astype("<i2")
        return digital.reshape(seconds, self.rate)


def edf_file(
    record: ServedRecord, user: User, files: Iterable[tuple[str, bytes]]
) -> bytes:
    """Return a record as EDF, made from the files of its binary export."""
    clock = record.source.clock
    start = record.source.start
    signals = []
    for file, content in files:
        if file == "info.json":
            start = json.loads(content)["start"]
        elif file.endswith(".wav"):
            found = _signal(record.source.family, clock, file, content=content)
            signals += [found] if found else []
    signals.sort(key=lambda signal: (-signal.rate, signal.row.id))
    seconds = max((math.ceil(len(s.counts) / s.rate) for s in signals), default=0)
    head = _head(record, user, datetime.fromtimestamp(start // clock, tz=UTC))
    head += _text(256 * (1 + len(signals)), 8) + _text("", 44)
    head += _text(seconds, 8) + _text(1, 8) + _text(len(signals), 4)
    widths = (_LABEL, 80, 8, 8, 8, 8, 8, 80, 8, 32)
    fields = [signal.header() for signal in signals]
    for place, width in enumerate(widths):
        head += b"".join(_text(field[place], width) for field in fields)
    tables = [signal.table(seconds) for signal in signals]
    body = np.concatenate(tables, axis=1).tobytes() if tables else b""
    return head + body


def _signal(family: Family, clock: int, file: str, *, content: bytes) -> _Signal | None:
    """Return a WAV file as a signal; None if EDF leaves it out."""
    stem = file.removesuffix(".wav")
    row = next(
        (r for r in rows_by_id(family).values() if stem in {r.api_name, *r.aliases}),
        None,
    )
    if row is None or (row.ticks is not None and row.ticks > clock):
        return None
    with wave.open(io.BytesIO(content)) as opened:
        data = opened.readframes(opened.getnframes())
        width, rate = opened.getsampwidth(), opened.getframerate()
    counts = np.frombuffer(data, dtype=f"<{'i' if row.signed else 'u'}{width}")
    return _Signal(row, rate, counts.astype(np.int64)) if len(counts) else None


def _head(record: ServedRecord, user: User, start: datetime) -> bytes:
    born = datetime.fromisoformat(user.date_of_birth)
    name = f"{user.first_name}_{user.last_name}".replace(" ", "_")
    patient = f"{user.id} {user.gender} {_day(born)} {name} hexoskin_user_id={user.id}"
    recording = (
        f"Startdate {_day(start)} X X {record.device} hexoskin_record_id={record.id}"
    )
    return b"".join(
        [
            _text(0, 8),
            _text(patient, 80),
            _text(recording, 80),
            _text(f"{start:%d.%m.%y}", 8),
            _text(f"{start:%H.%M.%S}", 8),
        ]
    )


def _day(moment: datetime) -> str:
    """Return a day as EDF+ writes it: in English, whatever the locale."""
    month = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"[3 * moment.month - 3 :][:3]
    return f"{moment.day:02d}-{month}-{moment.year}"


def _number(value: float) -> str:
    """Return a number as exactly as 8 characters allow."""
    texts = (f"{value:.{digits}g}" for digits in range(8, 0, -1))
    return next(text for text in texts if len(text) <= 8)


def _text(value: Any, width: int) -> bytes:
    """Return a field of the header, padded with spaces."""
    return str(value)[:width].ljust(width).encode("ascii", "replace")
