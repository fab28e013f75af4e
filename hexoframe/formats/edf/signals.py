"""Which signal of an EDF is which row of the channel table, and how its counts scale.

The vendor labels a signal by id and name, cut to 16 characters: ``4129:resp_thorac``.
Whoever rewrites a file may change the id, so the name decides.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hexoframe.channels import CLOCK_OF_FAMILY, FAMILIES, datatypes_of, family_of
from hexoframe.channels.calibration import values_from_counts
from hexoframe.errors import ConfigurationError, FileFormatError
from hexoframe.formats.edf.header import SignalHeader
from hexoframe.formats.headings import Heading, check_unit

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from hexoframe.channels import Datatype, Family
    from hexoframe.channels.calibration import Scale
    from hexoframe.formats.edf.header import EdfHeader

__all__ = ["Scaling", "family_of_file", "rows_of_file", "scaling_of", "signal_of"]

_LABEL, _NUMBER, _UNIT = 16, 8, 8
_SHORT = (("respiration", "resp"), ("acceleration", "accel"))
_LOWEST, _HIGHEST = -(1 << 15), (1 << 15) - 1
# Digital values of unsigned counts lie so much lower.
_UNSIGNED = 1 << 15
# Eight characters keep a gain of 16 bits so well.
_SAME_GAIN = Fraction(1, 1000)
_LABELLED = re.compile(r"(?:(?P<id>\d{1,5}|None)\s*:\s*)?(?P<name>.+)")
_DECIMAL = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?")
# Units that other programs write for the same: by how much to multiply.
_FACTORS = {
    ("uv", "mV"): Fraction(1, 1000),
    ("\N{MICRO SIGN}v", "mV"): Fraction(1, 1000),
    ("v", "mV"): Fraction(1000),
}


def _short(api_name: str) -> str:
    for long, short in _SHORT:
        api_name = api_name.replace(long, short)
    return api_name


# -- writing ---------------------------------------------------------------------------


def signal_of(row: Datatype, samples: int, low: float, high: float) -> SignalHeader:
    """Return the header of a signal that holds counts from `low` to `high`.

    Digital values are the counts themselves, of unsigned channels of 16 bits the counts
    less 32 768. The range is one whose physical values fit exactly into 8 characters.
    """
    bottom, top = _range(row, low, high)
    shift = _shift(row, top)
    if bottom + shift < _LOWEST or high + shift > _HIGHEST or low + shift < _LOWEST:
        raise ConfigurationError(
            f"{row.column} has counts from {low:g} to {high:g}, and EDF holds 16 bits: "
            "leave it out with channels=, or write Parquet, which holds all"
        )
    physical = [_exact(row, count) for count in (bottom, top)]
    label = row.api_name if row.id is None else f"{row.id}:{_short(row.api_name)}"
    return SignalHeader(
        label=label[:_LABEL],
        transducer=f"{row.api_name} of {row.family}",
        unit=row.unit[:_UNIT],
        physical_low=physical[0],
        physical_high=physical[1],
        low=bottom + shift,
        high=top + shift,
        samples=samples,
    )


def _shift(row: Datatype, top: int) -> int:
    """Return what is added to a count to make its digital value."""
    return -_UNSIGNED if not row.signed and top > _HIGHEST else 0


def _physical(row: Datatype, count: int) -> Fraction:
    return Fraction(str(row.gain)) * count + Fraction(str(row.offset))


def _exact(row: Datatype, count: int) -> str:
    """Return the physical value of a count in 8 characters; empty if it needs more."""
    value = _physical(row, count)
    for decimals in range(_NUMBER):
        scaled = value * 10**decimals
        if scaled.denominator == 1:
            text = f"{scaled.numerator:+0{decimals + 2}d}"
            head, tail = text[: len(text) - decimals], text[len(text) - decimals :]
            text = f"{head.replace('+', '')}{'.' if tail else ''}{tail}"
            return text if len(text) <= _NUMBER else ""
    return ""


def _range(row: Datatype, low: float, high: float) -> tuple[int, int]:
    """Return the documented range of counts, or the widest exact one."""
    if row.minimum is not None and row.maximum is not None:
        gain, offset = Fraction(str(row.gain)), Fraction(str(row.offset))
        ends = [
            (Fraction(str(end)) - offset) / gain for end in (row.minimum, row.maximum)
        ]
        bottom, top = (int(end) for end in ends)
        whole = all(end.denominator == 1 for end in ends)
        exact = _exact(row, bottom) and _exact(row, top)
        if whole and exact and bottom <= low and high <= top:
            return bottom, top
    first, last = (_LOWEST, _HIGHEST) if row.signed else (0, (1 << 16) - 1)
    bottom = next(count for count in range(first, last) if _exact(row, count))
    top = next(count for count in range(last, first, -1) if _exact(row, count))
    return bottom, top


# -- reading ---------------------------------------------------------------------------


class Scaling(NamedTuple):
    """How digital values become counts of the recorder.

    Attributes
    ----------
    shift : int or None
        What is added to a digital value to give the count; None if another program
        scaled the signal anew, and its counts are fractions.
    gain, offset : float
        physical = digital x gain + offset, in the unit of the channel table.
    """

    shift: int | None
    gain: float
    offset: float

    def values(
        self, digital: NDArray[np.int16], row: Datatype, scale: Scale
    ) -> NDArray[np.floating]:
        """Return what a frame holds for digital values."""
        if self.shift is not None:
            return values_from_counts(self._counts(digital, row), row, scale=scale)
        physical = digital * self.gain + self.offset
        if scale == "raw":
            physical = (physical - row.offset) / row.gain
        return physical.astype(np.float32 if row.kind == "waveform" else np.float64)

    def _counts(self, digital: NDArray[np.int16], row: Datatype) -> NDArray[Any]:
        """Return counts, without a wider copy where two bytes hold them."""
        if self.shift == 0 and (row.signed or (digital >= 0).all()):
            return digital
        if self.shift == _UNSIGNED and not row.signed:
            turned: NDArray[np.uint16] = digital.view(np.uint16) ^ np.uint16(_UNSIGNED)
            return turned
        return digital.astype(np.int32) + (self.shift or 0)


def scaling_of(signal: SignalHeader, row: Datatype, path: Path) -> Scaling:
    """Return how a signal scales; a FileFormatError where its header makes no sense."""
    where = f"{path}, signal {signal.label!r}"
    ends = [_fraction(text) for text in (signal.physical_low, signal.physical_high)]
    if None in ends or signal.low >= signal.high:
        raise FileFormatError(
            f"{where}: physical values from {signal.physical_low!r} to "
            f"{signal.physical_high!r} for digital ones from {signal.low} to "
            f"{signal.high} are no scale; fetch or copy the file again"
        )
    low, high = (end or Fraction(0) for end in ends)
    gain = (high - low) / (signal.high - signal.low)
    factor = _FACTORS.get((signal.unit.strip().lower(), row.unit))
    if factor is None:
        heading = Heading(signal.label, row.column, signal.unit, row.id, apart=False)
        factor = Fraction(1) if check_unit(heading, row, where) else Fraction(1000)
    gain, low = gain * factor, low * factor
    offset = low - gain * signal.low
    if not gain:
        raise FileFormatError(f"{where}: all of its values would be {float(low):g}")
    expected = Fraction(str(row.gain))
    shift = None
    if abs(gain - expected) <= expected * _SAME_GAIN and factor == 1:
        # The middle of the range is what rounding of its ends moves least.
        middle = (signal.low + signal.high) // 2
        count = (
            low + gain * (middle - signal.low) - Fraction(str(row.offset))
        ) / expected
        shift = round(count) - middle
    return Scaling(shift, float(gain), float(offset))


def _fraction(text: str) -> Fraction | None:
    return Fraction(text.strip()) if _DECIMAL.fullmatch(text) else None


def family_of_file(header: EdfHeader, model: str | None, path: Path) -> Family:
    """Return the family whose channels have the names and rates of the signals.

    The caller's `model` goes first. A file without any such signal is of another maker,
    which is a FileFormatError.
    """
    families = FAMILIES
    if model is not None:
        if model.lower() in {"astroskin", "cha3000"}:
            families = tuple(each for each in FAMILIES if each.startswith("astroskin"))
        else:
            families = (family_of(model),)
    known = {each: len(_fitting(header, each)) for each in families}
    best = max(known, key=lambda each: known[each])
    if not known[best]:
        labels = [each.label for each in header.signals if not each.is_annotations]
        shown = ", ".join(map(repr, labels[:6])) + (" ..." if len(labels) > 6 else "")
        raise FileFormatError(
            f"{path} is an EDF file, but none of its signals ({shown}) is a channel "
            f"of {' or '.join(families)} at its rate: it is of another maker; read it "
            "with edfio or MNE"
        )
    return best


def rows_of_file(header: EdfHeader, family: Family) -> dict[int, Datatype]:
    """Return the row of each signal, by the number of the signal, for those known.

    Where two signals are of one row, the first counts.
    """
    rows: dict[int, Datatype] = {}
    for at, row in _fitting(header, family).items():
        if row not in rows.values():
            rows[at] = row
    return rows


def _fitting(header: EdfHeader, family: Family) -> dict[int, Datatype]:
    clock = CLOCK_OF_FAMILY[family]
    found = {}
    for at, signal in enumerate(header.signals):
        row = None if signal.is_annotations else _row_of(signal.label, family)
        step = header.duration * clock / signal.samples
        if row is not None and row.ticks == step:
            found[at] = row
    return found


def _row_of(label: str, family: Family) -> Datatype | None:
    """Return the row that a label names; None if none does, or several might."""
    match = _LABELLED.fullmatch(label)
    if match is None:
        return None
    name = match["name"].lower()
    cut = len(label) == _LABEL
    rows = [
        row
        for row in datatypes_of(family)
        if row.in_model and any(_is_named(each, name, cut) for each in _names(row))
    ]
    exact = [row for row in rows if name in _names(row)]
    by_id = [row for row in rows if str(row.id) == match["id"]]
    # A name that was cut may be the whole one of another row.
    for some in (by_id, exact, rows):
        if len(some) == 1:
            return some[0]
    return None


def _names(row: Datatype) -> tuple[str, str, str]:
    return row.api_name.lower(), _short(row.api_name).lower(), row.column


def _is_named(name: str, said: str, cut: bool) -> bool:  # noqa: FBT001  # of a label
    return name == said or (cut and name.startswith(said))
