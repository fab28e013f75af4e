"""The settings of a synthetic shirt and of its exports.

They are only checked here, and turned from seconds into ticks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from hexoframe.channels import CLOCK_OF_FAMILY, FAMILIES, Family
from hexoframe.errors import ConfigurationError
from hexoframe.simulator.arithmetic import Dice, Ints

if TYPE_CHECKING:
    from hexoframe.timestamps import Clock

__all__ = [
    "Dialect",
    "Pattern",
    "Quirks",
    "Shirt",
    "movement_ticks",
    "span_ticks",
    "whole_ticks",
]

Pattern = Literal["rest", "walk", "sleep", "mixed", "day"]
Dialect = Literal["2022", "2017"]
Span = tuple[float, float]

_DEFAULT_START_S = 1_709_330_400  # 2024-03-01T22:00:00Z


@dataclass(frozen=True, slots=True, kw_only=True)
class Shirt:
    """The settings of a synthetic shirt and of its wearer's day.

    Parameters
    ----------
    seed : int, default 0
        Any whole number from 0; another seed gives another person and another day.
    family : {"hexoskin", "astroskin_256", "astroskin_1000"}
        Device and server: which channels, rates and ticks.
    duration_s : int, float or Fraction, in s, default 600
        At least 1 s, and a whole number of ticks.
    start : int, in ticks, optional
        First sample; None is 2024-03-01T22:00:00Z.
    record_id, user_id : int
        Ids in the names and facts of an export.
    device : str
        Device id.
    activity : {"mixed", "rest", "walk", "sleep", "day"}
        "mixed" repeats sleep, sitting and walking (at most an hour a turn); "day" is
        16 hours up with walks and 8 hours of sleep.
    gaps, lead_off : tuple of (start_s, duration_s), in s
        Where the shirt is off, and where only the electrodes have no contact. The
        parts of each are in order and do not overlap.
    unworn : tuple of (start_s, duration_s), in s
        Where nobody wears the shirt and it lies on a chair: belts flat at another
        level, rates held, nothing flagged. Taking it off and putting it on again pulls
        at the belts for some seconds before and after.
    movement : tuple of (start_s, duration_s), or float
        Where movement spoils the ECG; a float from 0 to 0.5 is a share of the record,
        in pieces of 5 s.
    presses : tuple of float, in s
        When the button of the device is pressed.
    weight_kg : int, in kg, default 70
        For the adjusted volumes and the energy.
    track : bool, default False
        Whether walks leave a GPS track.

    Raises
    ------
    ConfigurationError
        If a setting has a value that is not allowed.
    """

    seed: int = 0
    family: Family = "hexoskin"
    duration_s: float | Fraction = 600
    start: int | None = None
    record_id: int = 300_001
    user_id: int = 20_001
    device: str = "HXSKIN1200009001"
    activity: Pattern = "mixed"
    gaps: tuple[Span, ...] = ()
    lead_off: tuple[Span, ...] = ()
    unworn: tuple[Span, ...] = ()
    movement: float | tuple[Span, ...] = ()
    presses: tuple[float, ...] = ()
    weight_kg: int = 70
    track: bool = False

    def __post_init__(self) -> None:
        """Refuse an impossible setting."""
        _choice("family", self.family, FAMILIES)
        _choice("activity", self.activity, get_args(Pattern))
        _whole("seed", self.seed, 0, 2**63 - 1)
        _whole("record_id", self.record_id, 1, 2**31 - 1)
        _whole("user_id", self.user_id, 1, 2**31 - 1)
        _whole("weight_kg", self.weight_kg, 20, 300)
        if not self.device.isalnum():
            raise ConfigurationError(
                f"device is {self.device!r}; give letters and digits only"
            )
        if self.start is None:
            object.__setattr__(self, "start", _DEFAULT_START_S * self.clock)
        _whole("start", self.start, 1_230_768_000 * self.clock, 2**31 * self.clock)
        if self.duration_ticks < self.clock:
            raise ConfigurationError(
                f"duration_s is {self.duration_s}; the shortest record is 1 s"
            )
        for name in ("gaps", "lead_off", "unworn"):
            span_ticks(name, getattr(self, name), self)
        movement_ticks(self)
        for press in self.presses:
            if (
                not 0
                <= whole_ticks("presses", press, self.clock)
                <= self.duration_ticks
            ):
                raise ConfigurationError(
                    f"presses has {press}; give seconds from 0 to {self.duration_s}"
                )

    @property
    def clock(self) -> Clock:
        """Ticks a second."""
        return CLOCK_OF_FAMILY[self.family]

    @property
    def duration_ticks(self) -> int:
        """Length of the record in ticks."""
        return whole_ticks("duration_s", self.duration_s, self.clock)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """Odd habits of the vendor's exports.

    Parameters
    ----------
    dialect : {"2022", "2017"}
        Which decoder wrote the export: keys of ``info.json``, columns of
        ``statistics.csv``, the unit of inspiration, which RIFF sizes are wrong.
    riff_size_off_by_4 : bool, default True
        The size in the RIFF header counts 4 bytes too many: for ventilation and tidal
        volume in 2022, for all but the adjusted channels in 2017.
    lengths_differ : bool, default False
        Channels end at different times: on a Hexoskin ECG and respiration 1/16 s early;
        on an Astroskin acceleration 1/8 s early, heart rate, activity and cadence one
        sample short, temperature_celcius one sample long.
    hxd : bool, default False
        Series as pairs of int64 (``.hxd``, before 2015) instead of CSV. A series of
        codes leaves out its empty ends there: an integer cannot hold nan.
    info, statistics : bool, default True
        Whether ``info.json`` and ``statistics.csv`` are there.
    deflate : bool, default True
        Whether a ZIP is compressed. Stored bytes do not depend on the zlib in use.

    Raises
    ------
    ConfigurationError
        If the dialect is not known.
    """

    dialect: Dialect = "2022"
    riff_size_off_by_4: bool = True
    lengths_differ: bool = False
    hxd: bool = False
    info: bool = True
    statistics: bool = True
    deflate: bool = True

    def __post_init__(self) -> None:
        """Refuse an unknown dialect."""
        if self.dialect not in get_args(Dialect):
            raise ConfigurationError(
                f"dialect is {self.dialect!r}; give '2022' or '2017'"
            )


# --- checks -------------------------------------------------------------------------


def _choice(name: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ConfigurationError(
            f"{name} is {value!r}; give one of {', '.join(map(repr, allowed))}"
        )


def _whole(name: str, value: object, low: int, high: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value < high:
        raise ConfigurationError(
            f"{name} is {value!r}; give a whole number from {low} to {high - 1}"
        )


def whole_ticks(name: str, seconds: object, clock: int) -> int:
    """Return seconds as ticks; a float counts as the decimal that it prints."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float, Fraction)):
        raise ConfigurationError(f"{name} has {seconds!r}; give seconds as a number")
    if not math.isfinite(seconds):
        raise ConfigurationError(f"{name} has {seconds!r}; give a finite number")
    ticks = Fraction(str(seconds)) * clock
    if ticks.denominator != 1:
        raise ConfigurationError(
            f"{name} has {seconds} s, which is {float(ticks)} ticks of 1/{clock} s; "
            "give a whole number of ticks"
        )
    return int(ticks)


def span_ticks(name: str, spans: object, shirt: Shirt) -> Ints:
    """Return (start_s, duration_s) pairs as ticks (n, 2): first and past the last."""
    if not isinstance(spans, tuple):
        raise ConfigurationError(
            f"{name} is {spans!r}; give a tuple of (start_s, duration_s)"
        )
    edges = [0]
    for span in spans:
        if not isinstance(span, tuple) or len(span) != 2:
            raise ConfigurationError(f"{name} has {span!r}; give (start_s, duration_s)")
        start = whole_ticks(name, span[0], shirt.clock)
        edges += [start, start + whole_ticks(name, span[1], shirt.clock)]
    edges.append(shirt.duration_ticks)
    if edges != sorted(edges):
        raise ConfigurationError(
            f"{name} is {spans!r}; give parts in order that do not overlap and lie "
            f"within the {shirt.duration_s} s of the record"
        )
    return np.array(edges[1:-1], dtype=np.int64).reshape(-1, 2)


def movement_ticks(shirt: Shirt) -> Ints:
    """Return the spans of movement noise in ticks, (n, 2)."""
    if isinstance(shirt.movement, tuple):
        return span_ticks("movement", shirt.movement, shirt)
    share = shirt.movement
    if isinstance(share, bool) or not isinstance(share, (int, float)):
        raise ConfigurationError(f"movement is {share!r}; give spans or a share")
    if not 0 <= share <= 0.5:
        raise ConfigurationError(
            f"movement is {share}; give a share from 0 to 0.5, or spans"
        )
    piece = 5 * shirt.clock
    count = int(share * shirt.duration_ticks / piece)
    room = shirt.duration_ticks // max(count, 1)
    first = np.arange(count) * room
    first += Dice(shirt.seed, "movement").below(count, max(room - piece, 1))
    return np.stack([first, first + piece], axis=1)
