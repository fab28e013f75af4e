"""Annotations of EDF+ as bytes: packed into data records, and found there again.

An annotation is an onset and a duration, both decimal numbers of seconds since the
start of the header, and a text. Times are whole nanoseconds here, which hold every
tick, and no float. What the texts say is for `notes`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hexoframe.errors import FileFormatError
from hexoframe.formats.decimals import DIGITS, SECOND, decimal_seconds

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Nanoseconds = NDArray[np.int64]

__all__ = ["PackedAnnotations", "Tals", "joined", "parse", "record_onsets"]

# Padding is mostly longer than what it pads.
_RUNS = re.compile("[^\0]+")
_PATTERN = (
    "^(?P<sign>[+-])(?P<whole>[0-9]{1,9})(?:[.](?P<part>[0-9]{0,18})[0-9]*)?"
    "(?:\x15(?P<length>[0-9]{1,9})(?:[.](?P<rest>[0-9]{0,18})[0-9]*)?)?"
    "\x14(?P<text>(?s:.)*)\x14$"
)


class Tals(NamedTuple):
    """Annotations in the order of the file.

    Attributes
    ----------
    onsets : ndarray of int64, in ns
        From the second in which the file starts.
    durations : ndarray of int64, in ns
        -1 where there is none.
    texts : pyarrow array of str
        What they say.
    """

    onsets: Nanoseconds
    durations: Nanoseconds
    texts: Any


# -- writing ---------------------------------------------------------------------------


class PackedAnnotations:
    """Annotations, laid into data records of a second, all of one size.

    A second with more than fits gives the rest to those after it: a reader sorts by the
    onsets.

    Parameters
    ----------
    tals : Tals
        The annotations; in any order.
    start : int, in ns
        Time within its second at which the file begins.
    records : int
        Number of data records.
    """

    def __init__(self, tals: Tals, *, start: int, records: int) -> None:
        order = np.argsort(tals.onsets, kind="stable")
        onsets, durations = tals.onsets[order], tals.durations[order]
        lasting = pc.if_else(
            pa.array(durations >= 0),
            pc.binary_join_element_wise(
                "\x15", decimal_seconds(durations, signed=False), ""
            ),
            "",
        )
        signs = pc.if_else(pa.array(onsets < 0), "-", "+")
        made = pc.binary_join_element_wise(
            signs,
            decimal_seconds(onsets, signed=False),
            lasting,
            "\x14",
            tals.texts.take(pa.array(order)),
            "\x14\0",
            "",
        )
        whole = pa.concat_arrays([made.cast(pa.large_binary())])
        _, ends, held = whole.buffers()
        self._bytes = memoryview(held) if len(whole) else memoryview(b"")
        self._ends = np.frombuffer(ends, np.int64, len(whole) + 1, 8 * whole.offset)
        lengths = np.diff(self._ends)
        seconds = np.clip((onsets - start) // SECOND, 0, records - 1)
        # How many have come by the end of each record.
        self._come = np.searchsorted(seconds, np.arange(records), side="right")
        told = decimal_seconds(np.arange(records) * SECOND + start).to_pylist()
        # With this annotation each data record tells its own time.
        self._heads = [f"+{time}\x14\x14\0".encode() for time in told]
        self._width = self._needed(int(lengths.max(initial=0)))
        self._given = 0
        self._record = 0

    @property
    def samples(self) -> int:
        """Size of the signal: values of two bytes in a data record."""
        return (max(map(len, self._heads)) + self._width + 1) // 2

    def _needed(self, longest: int) -> int:
        """Return the smallest size with which nothing is left behind the last record.

        A record that leaves something behind lacks less than the longest for its size.
        """
        records = len(self._come)
        before = self._ends[np.concatenate(([0], self._come[:-1]))]
        left = self._ends[-1] - before
        return int(np.ceil(left / (records - np.arange(records))).max()) + longest

    def take(self, records: int) -> NDArray[np.int16]:
        """Return the next data records of the signal, a row each."""
        size = 2 * self.samples
        rows = []
        for record in range(self._record, self._record + records):
            head = self._heads[record]
            room = self._ends[self._given] + size - len(head)
            fits = int(np.searchsorted(self._ends, room, side="right")) - 1
            until = min(int(self._come[record]), fits)
            held = self._bytes[self._ends[self._given] : self._ends[until]]
            rows.append(b"".join((head, held)).ljust(size, b"\0"))
            self._given = until
        self._record += records
        return np.frombuffer(b"".join(rows), "<i2").reshape(records, -1)


# -- reading ---------------------------------------------------------------------------


def parse(data: bytes, path: Path) -> Tals:
    """Find the annotations in the bytes of a signal, but for those of timekeeping."""
    # Latin-1 is against the rules, and occurs.
    try:
        whole = data.decode("utf-8")
    except UnicodeDecodeError:
        whole = data.decode("latin-1")
    told = [each for each in _RUNS.findall(whole) if not each.endswith("\x14\x14")]
    found = pc.extract_regex(pa.array(told, pa.string()), _PATTERN)
    if found.null_count:
        wrong = told[int(found.is_null().to_numpy(zero_copy_only=False).argmax())]
        raise FileFormatError(
            f"{path}: {wrong[:60]!r} is no annotation of EDF+; fetch or copy the file "
            "again"
        )
    parts = {name: found.field(at) for at, name in enumerate(_names(found))}
    onsets = _nanoseconds(parts["whole"], parts["part"])
    durations = _nanoseconds(parts["length"], parts["rest"])
    none = pc.equal(parts["length"], "").to_numpy(zero_copy_only=False)
    negative = pc.equal(parts["sign"], "-").to_numpy(zero_copy_only=False)
    # Several texts may share a time, also with the empty one of timekeeping.
    trimmed = pc.utf8_trim(parts["text"], "\x14")
    texts = pc.replace_substring(trimmed, "\x14", "; ")
    return Tals(
        np.where(negative, -onsets, onsets),
        np.where(none, -1, durations),
        texts,
    )


def joined(found: Sequence[Tals]) -> Tals:
    """Join annotations in order."""
    texts = [pa.array([], pa.string()), *(each.texts for each in found)]
    empty = np.empty(0, np.int64)
    return Tals(
        np.concatenate([empty, *(each.onsets for each in found)]),
        np.concatenate([empty, *(each.durations for each in found)]),
        pa.concat_arrays(texts),
    )


def _names(found: pa.StructArray) -> list[str]:
    return [field.name for field in found.type]


def _nanoseconds(whole: pa.Array, part: pa.Array) -> Nanoseconds:
    """Return decimal numbers of seconds in ns, cut; an empty one is 0."""
    padded = pc.utf8_slice_codeunits(pc.utf8_rpad(part, DIGITS, "0"), 0, DIGITS)
    seconds, nanos = (
        pc.if_else(pc.equal(text, ""), "0", text).cast(pa.int64()).to_numpy()
        for text in (whole, padded)
    )
    times: Nanoseconds = seconds * SECOND + nanos
    return times


def record_onsets(records: list[bytes], path: Path) -> Nanoseconds:
    """Return the times that data records tell of themselves, in ns."""
    heads = [each.partition(b"\x14\x14") for each in records]
    if not all(end for _, end, _ in heads):
        wrong = next(at for at, (_, end, _) in enumerate(heads) if not end)
        raise FileFormatError(
            f"{path}: data record {wrong} does not tell its time, as EDF+ has it; "
            "fetch or copy the file again"
        )
    joined = b"".join(head + b"\x14.\x14\0" for head, _, _ in heads)
    found = parse(joined, path)
    if len(found.onsets) != len(records):
        raise FileFormatError(f"{path}: the times of its data records cannot be read")
    return found.onsets
