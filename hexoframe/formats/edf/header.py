"""The headers of EDF: their fields in one table, written and read by it.

What a signal means and what is in the data records does not belong here.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from fractions import Fraction
from pathlib import Path

from hexoframe.errors import ConfigurationError, FileFormatError

__all__ = ["ANNOTATIONS", "BYTES", "EdfHeader", "SignalHeader", "english_day"]

BYTES = 256
"""Size of the header of a file, and of that of each signal."""
ANNOTATIONS = "EDF Annotations"
"""Label of a signal that holds annotations."""

_FILE = (
    ("version", 8), ("patient", 80), ("recording", 80), ("date", 8), ("time", 8),
    ("size", 8), ("reserved", 44), ("records", 8), ("duration", 8), ("signals", 4),
)  # fmt: skip
_SIGNAL = (
    ("label", 16), ("transducer", 80), ("unit", 8), ("physical_low", 8),
    ("physical_high", 8), ("low", 8), ("high", 8), ("filters", 80), ("samples", 8),
    ("reserved", 32),
)  # fmt: skip
_MONTHS = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"
# No recording has more; a damaged header might ask for gigabytes.
_MOST_SIGNALS = 999
_LONGEST_S = 86_400
_EDF_YEARS = (1985, 2084)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalHeader:
    """The header of one signal: digital values from `low` to `high` are physical ones.

    `samples` is how many there are in a data record. Physical values are text, which
    says exactly what was written.
    """

    label: str
    transducer: str = ""
    unit: str = ""
    physical_low: str
    physical_high: str
    low: int
    high: int
    filters: str = ""
    samples: int
    reserved: str = ""

    @property
    def is_annotations(self) -> bool:
        """Whether the signal holds annotations."""
        return self.label == ANNOTATIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class EdfHeader:
    """The header of a file.

    Attributes
    ----------
    start : datetime
        Start in whole seconds, UTC.
    records : int
        Number of data records; -1 if the recorder did not close the file.
    duration : Fraction, in s
        Length of a data record.
    reserved : str
        ``EDF+C`` or ``EDF+D`` for EDF+.
    """

    patient: str
    recording: str
    start: dt.datetime
    reserved: str
    records: int
    duration: Fraction
    signals: tuple[SignalHeader, ...]

    @property
    def size(self) -> int:
        """Bytes of all headers."""
        return BYTES * (1 + len(self.signals))

    @property
    def record_bytes(self) -> int:
        """Bytes of a data record."""
        return 2 * sum(signal.samples for signal in self.signals)

    # -- writing -------------------------------------------------------------------

    def to_bytes(self) -> bytes:
        """Return the headers as bytes; what does not fit is a ConfigurationError."""
        first, last = _EDF_YEARS
        if not first <= self.start.year <= last:
            raise ConfigurationError(
                f"a record of {self.start.year} cannot be written as EDF, which has "
                f"the years {first} to {last}"
            )
        own = {
            "version": "0",
            "patient": self.patient,
            "recording": self.recording,
            "date": f"{self.start:%d.%m.%y}",
            "time": f"{self.start:%H.%M.%S}",
            "size": self.size,
            "reserved": self.reserved,
            "records": self.records,
            "duration": self.duration,
            "signals": len(self.signals),
        }
        parts = [_field(name, own[name], width) for name, width in _FILE]
        for name, width in _SIGNAL:
            parts += [_field(name, getattr(each, name), width) for each in self.signals]
        return b"".join(parts)

    # -- reading -------------------------------------------------------------------

    @classmethod
    def read(cls, path: Path) -> EdfHeader:
        """Read the headers of a file; damaged ones are a FileFormatError."""
        with path.open("rb") as file:
            texts = _split(file.read(BYTES), _FILE, 1, path)
            own = {name: values[0] for name, values in texts.items()}
            count = _whole(own["signals"], "the number of signals", path)
            if not 1 <= count <= _MOST_SIGNALS:
                raise _damaged(path, f"it claims {count} signals")
            size = _whole(own["size"], "the size of the header", path)
            if size != BYTES * (1 + count):
                raise _damaged(
                    path,
                    f"its header claims {size} bytes, and {count} signals need "
                    f"{BYTES * (1 + count)}",
                )
            held = _split(file.read(BYTES * count), _SIGNAL, count, path)
        signals = tuple(
            _signal({name: values[at] for name, values in held.items()}, path)
            for at in range(count)
        )
        header = cls(
            patient=own["patient"],
            recording=own["recording"],
            start=_start(own["date"], own["time"], path),
            reserved=own["reserved"],
            records=_whole(own["records"], "the number of data records", path),
            duration=_seconds(own["duration"], path),
            signals=signals,
        )
        if header.records < -1 or not header.record_bytes:
            raise _damaged(
                path,
                f"it claims {header.records} data records of {header.record_bytes} "
                "bytes",
            )
        return header


def english_day(day: dt.date) -> str:
    """Return a day as EDF+ writes it: ``02-MAR-2024``, whatever the locale."""
    return f"{day.day:02d}-{_MONTHS[3 * day.month - 3 :][:3]}-{day.year}"


def _field(name: str, value: object, width: int) -> bytes:
    text = str(value)
    if len(text) > width or not text.isascii() or not text.isprintable():
        raise ConfigurationError(
            f"{text!r} does not fit into the {width} ASCII characters that EDF has for "
            f"{name}"
        )
    return text.ljust(width).encode("ascii")


def _split(
    data: bytes, table: Iterable[tuple[str, int]], count: int, path: Path
) -> dict[str, list[str]]:
    """Return the texts of each field; those of a header that is cut are an error."""
    if len(data) < BYTES * count:
        raise _damaged(path, "it ends within its header")
    texts, at = {}, 0
    for name, width in table:
        # Names of people may be in Latin-1, against the rules.
        cells = [data[at + width * n :][:width].decode("latin-1") for n in range(count)]
        texts[name] = [cell.rstrip(" \0") for cell in cells]
        at += width * count
    return texts


def _signal(texts: dict[str, str], path: Path) -> SignalHeader:
    label = texts["label"]
    numbers = {
        name: _whole(texts[name], f"{name} of signal {label!r}", path)
        for name in ("low", "high", "samples")
    }
    if not 0 < numbers["samples"] <= _LONGEST_S << 12:
        raise _damaged(path, f"{label!r} claims {numbers['samples']} samples a record")
    named = {field.name: texts[field.name] for field in fields(SignalHeader)}
    return SignalHeader(**{**named, **numbers})  # type: ignore[arg-type]


def _start(day: str, time: str, path: Path) -> dt.datetime:
    parts = [
        re.fullmatch(r"(\d\d)[.:\-/](\d\d)[.:\-/](\d\d)", text) for text in (day, time)
    ]
    if None not in parts:
        (days, months, years), (hours, minutes, seconds) = (
            map(int, part.groups()) for part in parts if part is not None
        )
        years += 1900 if years >= _EDF_YEARS[0] % 100 else 2000
        try:
            return dt.datetime(
                years, months, days, hours, minutes, seconds, tzinfo=dt.UTC
            )
        except ValueError:
            pass  # told below, as is text that is no time at all
    raise _damaged(path, f"its start is {day!r}, {time!r}, which is no time")


def _whole(text: str, what: str, path: Path) -> int:
    if not re.fullmatch(r"\s*[+-]?\d{1,8}", text):
        raise _damaged(path, f"{what} is {text!r}, which is no whole number")
    return int(text)


def _seconds(text: str, path: Path) -> Fraction:
    if re.fullmatch(r"\s*\+?\d{1,8}(\.\d{0,7})?", text):
        seconds = Fraction(text.strip())
        if 0 < seconds <= _LONGEST_S:
            return seconds
    raise _damaged(path, f"its data records last {text!r} s")


def _damaged(path: Path, why: str) -> FileFormatError:
    return FileFormatError(
        f"{path} is no EDF file that can be read: {why}; fetch or copy the file again"
    )
