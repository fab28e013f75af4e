"""The synthetic shirt: from a few settings to a complete recording with known truth.

The settings (`Shirt`), the function that lets somebody wear it (`wear`) and what comes
out (`Recording`: counts, events and the true beats and breaths) live here. Files do
not: see `hexoframe.simulator.export`. Only numpy and the standard library are needed.

The same settings give the same bytes. Chance comes from the raw output of PCG64, which
numpy keeps stable, and never from the methods of a `Generator`, which may change. What
follows is integer arithmetic on tables that are rounded to integers, so that the last
bit of a sine does not matter; were two platforms to differ by one bit in a table entry
that lies within 1e-15 of a half, one count would differ. The spectral HRV channels are
the only ones that round a longer floating point computation.

How a record is made: activities give targets (heart, breathing, tidal volume, cadence)
on a grid of 4 Hz; their integrals are phases; beats, breaths and steps are where a
phase passes a whole number; signals are drawn around those instants.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, NamedTuple, cast, get_args

import numpy as np
from numpy.typing import NDArray

from hexoframe.errors import ConfigurationError

__all__ = [
    "Activity",
    "Annotation",
    "Recording",
    "Shirt",
    "TrackPoint",
    "wear",
]

Family = Literal["hexoskin", "astroskin_256", "astroskin_1000"]
Pattern = Literal["rest", "walk", "sleep", "mixed", "day"]
Span = tuple[float, float]
Ints = NDArray[np.int64]
Counts = NDArray[np.int16] | NDArray[np.uint16]
Events = tuple[Ints, NDArray[np.float64]]

_CYCLE_BITS = 36
_CYCLE = 1 << _CYCLE_BITS  # one beat, breath or step in units of phase
_TABLE_BITS = 12
_SINE = np.rint(
    np.sin(np.arange(1 << _TABLE_BITS) * (2 * math.pi / (1 << _TABLE_BITS))) * 4096
).astype(np.int64)
_CELLS_PER_S = 4
_LEAD_S = 20  # the grid begins before and ends after the record
_BLOCK = 1 << 18
_BELL_SD = math.sqrt(8 * (256**2 - 1) / 12)
_DEFAULT_START_S = 1_709_330_400  # 2024-03-01T22:00:00Z
_BUTTON = 215


class _Device(NamedTuple):
    """What differs between the families; steps are in ticks."""

    clock: Literal[256, 1000]
    ecg: int
    respiration: int
    acceleration: int
    ppg: Fraction | None
    rest: int  # ECG counts at 0 mV
    per_mv: Fraction  # ECG counts of one mV
    rails: tuple[int, int]
    breaths_per_rpm: int  # counts of breathing_rate
    volume: tuple[int, int]  # mL of one count of tidal_volume, as a fraction


_MV_256 = Fraction(10_000, 64)
_DEVICES: Mapping[Family, _Device] = {
    "hexoskin": _Device(
        256, 1, 2, 4, None, 1360, _MV_256, (0, 4095), 1, (332, 25)
    ),
    "astroskin_256": _Device(
        256, 1, 2, 4, Fraction(4), 1360, _MV_256, (0, 4095), 1, (332, 25)
    ),
    "astroskin_1000": _Device(
        1000, 4, 8, 20, Fraction(40, 3), 0, Fraction(1000), (-13000, 13000), 10, (1, 1)
    ),
}  # fmt: skip


class _State(NamedTuple):
    """What a body does in one state: rates per 1000 minutes, shares in 1/1000."""

    heart: int
    breath: int
    tidal_ml: int
    cadence: int
    vagal: int  # depth of the respiratory sinus arrhythmia
    belly: int  # abdominal over thoracic excursion
    phase: int  # code of sleep_phase, 0 outside sleep


_STATES: Mapping[str, _State] = {
    "sit": _State(70_000, 15_500, 520, 0, 40, 900, 0),
    "stand": _State(80_000, 16_500, 560, 0, 25, 800, 0),
    "walk": _State(106_000, 24_000, 1100, 110_000, 8, 800, 0),
    "nrem": _State(56_000, 13_500, 470, 0, 60, 1500, 2),
    "rem": _State(61_000, 16_000, 430, 0, 25, 1300, 5),
    "awake": _State(65_000, 15_000, 500, 0, 40, 1400, 6),
}
_STATE_NAMES = tuple(_STATES)
# Gravity in 1/256 g for each code of device_position, as worn: never quite upright.
_GRAVITY = {
    1: (20, 248, -58), 2: (-14, -250, 50), 3: (30, -40, 250), 4: (-24, 30, -252),
    5: (246, 30, 60), 6: (-240, 34, -82),
}  # fmt: skip
_THORAX_SHIFT = {1: 20, 2: -15, 3: 30, 4: 0, 5: -10, 6: -30}
_UPRIGHT = 6
_ROUTINES = {"sleep": (12, "Sleep"), "rest": (1016, "Rest"), "walk": (6, "Walk")}


class Annotation(NamedTuple):
    """A mark of the wearer: absolute tick, datatype (215 is the button), text."""

    id: int
    tick: int
    datatype: int
    comment: str


class Activity(NamedTuple):
    """An activity ("range" in the API): absolute ticks, name, routine, note."""

    id: int
    start: int
    end: int
    name: str
    trainingroutine: int
    note: str


class TrackPoint(NamedTuple):
    """One GPS fix: absolute tick, degrees, degrees, metres, metres."""

    tick: int
    latitude: float
    longitude: float
    altitude: float
    horizontal_accuracy: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Shirt:
    """The settings of a synthetic shirt and of the day of who wears it.

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
    movement: float | tuple[Span, ...] = ()
    presses: tuple[float, ...] = ()
    weight_kg: int = 70
    track: bool = False

    def __post_init__(self) -> None:
        """Refuse what no shirt can do."""
        _choice("family", self.family, get_args(Family))
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
        for name in ("gaps", "lead_off"):
            _spans(name, getattr(self, name), self)
        _moves(self)
        for press in self.presses:
            if not 0 <= _ticks("presses", press, self.clock) <= self.duration_ticks:
                raise ConfigurationError(
                    f"presses has {press}; give seconds from 0 to {self.duration_s}"
                )

    @property
    def clock(self) -> Literal[256, 1000]:
        """Ticks a second."""
        return _DEVICES[self.family].clock

    @property
    def duration_ticks(self) -> int:
        """Length of the record in ticks."""
        return _ticks("duration_s", self.duration_s, self.clock)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recording:
    """What the shirt recorded, and what was true.

    Attributes
    ----------
    shirt : Shirt
        The settings.
    start, end : int
        Absolute ticks of the first sample and of the end of the record.
    sampled : dict of str to array of int16 or uint16
        API name to counts, exactly as the binary export holds them.
    rates : dict of str to int or Fraction
        Ticks from one sample to the next; only PPG at 75 Hz needs a Fraction.
    events : dict of str to (array of int64, array of float64)
        API name to absolute ticks and values as the files hold them: RR, NN and PTT in
        ticks. "QRS_AMP_CHANNEL_CHAR" and "BATT_ST_CHANNEL_CHAR" are known to the
        service only and stand in no export.
    beats, breaths : array of int64
        Absolute ticks of the true R peaks and of the starts of inhaling.
    annotations, ranges, track : tuple
        Button presses, activities, GPS points.
    """

    shirt: Shirt
    start: int
    end: int
    sampled: dict[str, Counts]
    rates: dict[str, int | Fraction]
    events: dict[str, Events]
    beats: Ints
    breaths: Ints
    annotations: tuple[Annotation, ...] = ()
    ranges: tuple[Activity, ...] = ()
    track: tuple[TrackPoint, ...] = ()

    @property
    def family(self) -> Family:
        """Device and server."""
        return self.shirt.family

    @property
    def clock(self) -> Literal[256, 1000]:
        """Ticks a second."""
        return self.shirt.clock

    def ticks(self, name: str) -> Ints:
        """Return the absolute ticks of a channel or of an event series.

        Waveforms begin at the start of the record, everything at 1 Hz or slower one
        period later.

        Parameters
        ----------
        name : str
            API name.

        Returns
        -------
        array of int64, shape (n,)
            One tick per value.
        """
        if name in self.events:
            return self.events[name][0]
        step = Fraction(self.rates[name])
        late = 1 if step >= self.clock else 0
        index = np.arange(len(self.sampled[name]), dtype=np.int64) + late
        # Thirds never lie half-way, so adding a half and cutting rounds to nearest.
        doubled = 2 * index * step.numerator + step.denominator
        return self.start + doubled // (2 * step.denominator)


def wear(shirt: Shirt) -> Recording:
    """Return the recording that these settings describe.

    Parameters
    ----------
    shirt : Shirt
        The settings.

    Returns
    -------
    Recording
        Always the same for the same settings.

    Examples
    --------
    >>> recording = wear(Shirt(seed=1, duration_s=60))
    >>> recording.sampled["ECG_I"].shape, recording.sampled["heart_rate"].shape
    ((15360,), (60,))
    """
    body = _Body.of(shirt)
    beats = _Heart.of(body)
    breath = _Breathing.of(body)
    gait = _Gait.of(body)
    sampled: dict[str, Counts] = {}
    rates: dict[str, int | Fraction] = {}
    for source, step in (
        (_draw_ecg(body, beats), body.device.ecg),
        (_draw_respiration(body, breath), body.device.respiration),
        (gait.axes, body.device.acceleration),
        (_draw_ppg(body, beats), body.device.ppg),
        (_per_second(body, beats, breath, gait=gait), shirt.clock),
        (_variability(body, beats), 300 * shirt.clock),
    ):
        sampled |= source
        rates |= dict.fromkeys(source, cast("int | Fraction", step))
    start = cast("int", shirt.start)
    events: dict[str, tuple[Ints, Any]] = {
        **beats.events(),
        **breath.events(),
        **gait.events(),
        **_pulse_events(body, beats),
        **_codes(body),
        **_service_only(body, beats),
    }
    return Recording(
        shirt=shirt,
        start=start,
        end=start + body.duration,
        sampled=sampled,
        rates=rates,
        events={
            name: (ticks + start, values.astype(np.float64))
            for name, (ticks, values) in events.items()
        },
        beats=beats.ticks + start,
        breaths=breath.inspiration + start,
        annotations=_annotations(body),
        ranges=_ranges(body),
        track=_track(body) if shirt.track else (),
    )


# --- settings -----------------------------------------------------------------------


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


def _ticks(name: str, seconds: object, clock: int) -> int:
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


def _spans(name: str, spans: object, shirt: Shirt) -> Ints:
    """Return (start_s, duration_s) pairs as ticks (n, 2): first and past the last."""
    if not isinstance(spans, tuple):
        raise ConfigurationError(
            f"{name} is {spans!r}; give a tuple of (start_s, duration_s)"
        )
    edges = [0]
    for span in spans:
        if not isinstance(span, tuple) or len(span) != 2:
            raise ConfigurationError(f"{name} has {span!r}; give (start_s, duration_s)")
        start = _ticks(name, span[0], shirt.clock)
        edges += [start, start + _ticks(name, span[1], shirt.clock)]
    edges.append(shirt.duration_ticks)
    if edges != sorted(edges):
        raise ConfigurationError(
            f"{name} is {spans!r}; give parts in order that do not overlap and lie "
            f"within the {shirt.duration_s} s of the record"
        )
    return np.array(edges[1:-1], dtype=np.int64).reshape(-1, 2)


def _moves(shirt: Shirt) -> Ints:
    """Return the spans of movement noise in ticks, (n, 2)."""
    if isinstance(shirt.movement, tuple):
        return _spans("movement", shirt.movement, shirt)
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
    first += _Dice(shirt.seed, "movement").below(count, max(room - piece, 1))
    return np.stack([first, first + piece], axis=1)


# --- chance and integer tools -------------------------------------------------------


class _Dice:
    """Chance for one purpose: a stream of its own, from raw PCG64 output only."""

    def __init__(self, seed: int, purpose: str) -> None:
        words = np.random.SeedSequence([seed, *purpose.encode("ascii")])
        self._raw = np.random.PCG64(words)

    def _words(self, count: int) -> NDArray[np.uint64]:
        return np.asarray(self._raw.random_raw(count), dtype=np.uint64)

    def below(self, count: int, high: int) -> Ints:
        """Return whole numbers from 0 to high - 1; high is below 2**31."""
        top = (self._words(count) >> np.uint64(32)).astype(np.int64)
        return (top * high) >> 32

    def bell(self, count: int) -> Ints:
        """Return nearly normal whole numbers: mean 0, sd 209, never past 1020."""
        lanes = np.uint64(0x00FF00FF00FF00FF)
        words = self._words(count)
        pairs = (words & lanes) + ((words >> np.uint64(8)) & lanes)
        total = (pairs * np.uint64(0x0001000100010001)) >> np.uint64(48)
        return total.astype(np.int64) - 1020

    def hiss(self, count: int) -> NDArray[np.int32]:
        """Return the same at half the cost: mean 0, sd 148, never past 510."""
        lanes = np.uint64(0x00FF00FF00FF00FF)
        words = self._words((count + 1) // 2)
        pairs = (words & lanes) + ((words >> np.uint64(8)) & lanes)
        total = (pairs + (pairs >> np.uint64(16))) & np.uint64(0x0000FFFF0000FFFF)
        halves = np.empty((len(words), 2), dtype=np.int32)
        halves[:, 0] = (total & np.uint64(0xFFFF)).astype(np.int32)
        halves[:, 1] = (total >> np.uint64(32)).astype(np.int32)
        return halves.reshape(-1)[:count] - 510


def _blocks(count: int) -> Iterator[slice]:
    for first in range(0, count, _BLOCK):
        yield slice(first, min(first + _BLOCK, count))


def _sine(phase: Ints) -> Ints:
    """Return 4096 x the sine of a phase."""
    sine: Ints = _SINE[
        (phase >> (_CYCLE_BITS - _TABLE_BITS)) & ((1 << _TABLE_BITS) - 1)
    ]
    return sine


def _box_sum(values: Ints, width: int) -> Ints:
    """Return the sum of `width` values around each value; the ends are repeated."""
    before = width // 2
    return _run_sum(np.pad(values, (before, width - 1 - before), mode="edge"), width)


def _run_sum(values: Ints, width: int) -> Ints:
    """Return the sum of each run of `width` values."""
    total = np.concatenate([[0], np.cumsum(values)])
    sums: Ints = total[width:] - total[:-width]
    return sums


def _smooth(values: Ints, width: int) -> Ints:
    """Return two centred moving averages, one on the other."""
    return _box_sum(_box_sum(values, width) // width, width) // width


def _wobble(dice: _Dice, count: int, *, width: int, sd: float) -> Ints:
    """Return slow noise: white noise under a moving average."""
    noise = _run_sum(dice.bell(count + width - 1), width)
    scale = sd / (_BELL_SD * math.sqrt(width))
    wobble: Ints = np.rint(noise * scale).astype(np.int64)
    return wobble


def _covered(spans: Ints, count: int, unit: int) -> NDArray[np.bool_]:
    """Return which of `count` periods of `unit` ticks a span touches."""
    change = np.zeros(count + 1, dtype=np.int64)
    np.add.at(change, np.minimum(spans[:, 0] // unit, count), 1)
    np.add.at(change, np.minimum(-(-spans[:, 1] // unit), count), -1)
    return np.cumsum(change[:count]) > 0


def _inside(ticks: Ints, spans: Ints, margin: int = 0) -> NDArray[np.bool_]:
    """Return which ticks lie in a span that is widened by `margin` on both sides."""
    opened = np.searchsorted(spans[:, 0] - margin, ticks, side="right")
    closed = np.searchsorted(spans[:, 1] + margin, ticks, side="right")
    return opened > closed


# --- the body on the grid of 4 Hz ---------------------------------------------------


class _Bout(NamedTuple):
    """A stretch of one state, in whole seconds since the start of the record."""

    start: int
    end: int
    state: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Body:
    """Targets over time: arrays hold one value per cell of a quarter of a second."""

    shirt: Shirt
    device: _Device
    plan: tuple[_Bout, ...]  # sleep, rest, walk ... as activities
    bouts: tuple[_Bout, ...]  # the same with sleep cut into its phases
    positions: tuple[tuple[int, int], ...]  # (second, device_position)
    off: Ints  # spans without the shirt
    loose: Ints  # spans without ECG: the shirt is off or the electrodes are
    moving: Ints
    cells: int
    state: Ints

    @classmethod
    def of(cls, shirt: Shirt) -> _Body:
        plan = _plan(shirt)
        bouts = _with_phases(plan, shirt)
        cells = (-(-shirt.duration_ticks // shirt.clock) + 2 * _LEAD_S) * _CELLS_PER_S
        lengths = np.array([b.end - b.start for b in bouts], dtype=np.int64)
        lengths[0] += _LEAD_S
        lengths[-1] += _LEAD_S
        codes = np.array([_STATE_NAMES.index(b.state) for b in bouts], dtype=np.int64)
        off = _spans("gaps", shirt.gaps, shirt)
        off = off[off[:, 1] > off[:, 0]]
        leads = _spans("lead_off", shirt.lead_off, shirt)
        return cls(
            shirt=shirt,
            device=_DEVICES[shirt.family],
            plan=plan,
            bouts=bouts,
            positions=_positions(plan, shirt),
            off=off,
            loose=_union(np.concatenate([off, leads])),
            moving=_moves(shirt),
            cells=cells,
            state=np.repeat(codes, lengths * _CELLS_PER_S),
        )

    @property
    def clock(self) -> int:
        return self.shirt.clock

    @property
    def duration(self) -> int:
        return self.shirt.duration_ticks

    @property
    def seconds(self) -> Ints:
        """Ticks of the samples at 1 Hz."""
        return np.arange(1, self.duration // self.clock + 1) * self.clock

    def dice(self, purpose: str) -> _Dice:
        return _Dice(self.shirt.seed, purpose)

    def samples(self, step: int | Fraction) -> int:
        return int(self.duration / Fraction(step))

    def target(self, name: str, *, smooth_s: int = 20) -> Ints:
        """Return one property of the states, gliding from one to the next."""
        table = np.array([getattr(s, name) for s in _STATES.values()], dtype=np.int64)
        return _smooth(table[self.state], smooth_s * _CELLS_PER_S)

    def phase(self, per_1000_min: Ints) -> _Phase:
        """Return the integral of a rate."""
        cell = self.clock // _CELLS_PER_S
        rate = per_1000_min * _CYCLE // (60_000 * self.clock)
        start = np.concatenate([[0], np.cumsum(rate * cell)])
        return _Phase(cell, self.clock * _LEAD_S, start, np.append(rate, rate[-1]))

    def lerp(self, values: Ints, ticks: Ints) -> Ints:
        """Return values of the grid at ticks of the record, linearly between cells."""
        size = self.clock // _CELLS_PER_S
        cell, rest = np.divmod(ticks + self.clock * _LEAD_S, size)
        left = values[cell]
        between: Ints = left + (values[cell + 1] - left) * rest // size
        return between

    def at(self, values: Ints, ticks: Ints) -> Ints:
        """Return the values of the cells in which ticks of the record lie."""
        cell = (ticks + self.clock * _LEAD_S) // (self.clock // _CELLS_PER_S)
        return values[np.clip(cell, 0, len(values) - 1)]


class _Phase(NamedTuple):
    """A phase that grows: its value at the start of each cell, and its rate there."""

    cell: int
    lead: int
    start: Ints
    rate: Ints

    def at(self, ticks: Ints) -> Ints:
        cell, rest = np.divmod(ticks + self.lead, self.cell)
        return cast("Ints", self.start[cell] + self.rate[cell] * rest)

    def cycles(self) -> Ints:
        """Return the whole phases that are passed."""
        return np.arange(1, self.start[-1] // _CYCLE, dtype=np.int64) * _CYCLE

    def ticks(self, phases: Ints) -> Ints:
        """Return the ticks of the record at which phases are reached."""
        cell = np.searchsorted(self.start, phases, side="right") - 1
        late = (phases - self.start[cell]) // np.maximum(self.rate[cell], 1)
        return cast("Ints", cell * self.cell + late - self.lead)


def _union(spans: Ints) -> Ints:
    """Return overlapping spans as one."""
    spans = spans[np.argsort(spans[:, 0], kind="stable")]
    if not len(spans):
        return spans
    reach = np.maximum.accumulate(spans[:, 1])
    fresh = np.append(True, spans[1:, 0] > reach[:-1])
    last = np.append(np.flatnonzero(fresh)[1:] - 1, len(spans) - 1)
    return np.stack([spans[fresh, 0], reach[last]], axis=1)


# --- activities, sleep phases, positions --------------------------------------------

# Parts of a turn in 1/100.
_TURNS: Mapping[str, tuple[tuple[str, int], ...]] = {
    "rest": (("sit", 100),),
    "walk": (("walk", 100),),
    "sleep": (("sleep", 100),),
    "mixed": (("sleep", 45), ("sit", 15), ("walk", 30), ("stand", 10)),
}
_HOUR_UP = (("sit", 38), ("stand", 7), ("walk", 12), ("sit", 33), ("walk", 4),
            ("stand", 6))  # fmt: skip


def _plan(shirt: Shirt) -> tuple[_Bout, ...]:
    """Return the activities of the record; "sleep" is still one piece."""
    seconds = -(-shirt.duration_ticks // shirt.clock)
    turns: list[tuple[int, tuple[tuple[str, int], ...]]] = []
    if shirt.activity == "day":
        dice = _Dice(shirt.seed, "day")
        for hour in range(-(-seconds // 3600)):
            if hour % 24 < 16:
                turns.append((3600, _another_hour(dice)))
            elif hour % 24 == 16:
                turns.append((8 * 3600, (("sleep", 100),)))
    elif shirt.activity == "mixed":
        turn = min(seconds, 3600)
        turns = [(turn, _TURNS["mixed"])] * -(-seconds // turn)
    else:
        turns = [(seconds, _TURNS[shirt.activity])]
    plan: list[_Bout] = []
    for length, parts in turns:
        start = plan[-1].end if plan else 0
        shares = np.cumsum([0, *(share for _, share in parts)])
        edges = [start + int(length * share) // 100 for share in shares]
        plan += [
            _Bout(first, min(last, seconds), name)
            for (name, _), first, last in zip(parts, edges, edges[1:], strict=False)
            if first < min(last, seconds)
        ]
    return tuple(plan)


def _another_hour(dice: _Dice) -> tuple[tuple[str, int], ...]:
    """Return the usual hour with longer and shorter parts."""
    names, usual = zip(*_HOUR_UP, strict=True)
    lengths = np.array(usual) * (40 + dice.below(len(usual), 120))
    shares = np.diff(np.cumsum([0, *lengths]) * 100 // int(lengths.sum()))
    return tuple(zip(names, map(int, shares), strict=True))


def _with_phases(plan: tuple[_Bout, ...], shirt: Shirt) -> tuple[_Bout, ...]:
    """Return the plan with each sleep cut into awake, NREM and REM."""
    dice = _Dice(shirt.seed, "sleep phases")
    bouts: list[_Bout] = []
    for bout in plan:
        bouts += _night(bout, dice) if bout.state == "sleep" else [bout]
    return tuple(bouts)


def _night(sleep: _Bout, dice: _Dice) -> list[_Bout]:
    """Return the phases of one sleep on a grid of 20 s: cycles of up to 90 min."""
    epochs = max((sleep.end - sleep.start) // 20, 1)
    cycle = min(max(epochs * 9 // 10, 6), 270)
    parts = [("awake", max(min(epochs // 10, 36), 1))]
    done = parts[0][1]
    while done < epochs:
        jitter = 85 + dice.below(3, 30)
        # REM grows through the night, deep sleep makes room for it.
        rem = cycle * (12 + 12 * done // epochs) // 100
        lengths = (cycle - rem - cycle // 24, rem, cycle // 24)
        parts += [
            (state, max(int(length * share) // 100, 1))
            for state, length, share in zip(
                ("nrem", "rem", "awake"), lengths, jitter, strict=True
            )
        ]
        done = sum(length for _, length in parts)
    edges = np.minimum(np.cumsum([0, *(n for _, n in parts)]), epochs) * 20
    edges = np.where(edges == epochs * 20, sleep.end - sleep.start, edges)
    return [
        _Bout(sleep.start + int(first), sleep.start + int(last), state)
        for (state, _), first, last in zip(parts, edges, edges[1:], strict=False)
        if first < last
    ]


def _positions(plan: tuple[_Bout, ...], shirt: Shirt) -> tuple[tuple[int, int], ...]:
    """Return (second, device_position) at each change; the first is second 1."""
    dice = _Dice(shirt.seed, "positions")
    changes: list[tuple[int, int]] = []
    for bout in plan:
        second = max(bout.start, 1)
        if bout.state != "sleep":
            changes.append((second, _UPRIGHT))
            continue
        typical = min(1800, (bout.end - bout.start) // 2)
        code = int(dice.below(1, 4)[0])
        while second < bout.end:
            changes.append((second, code + 1))
            second += max(typical * (60 + int(dice.below(1, 80)[0])) // 100, 5)
            code = (code + 1 + int(dice.below(1, 3)[0])) % 4
    kept = [c for c, before in zip(changes, [(0, 0), *changes], strict=False)
            if c[1] != before[1]]  # fmt: skip
    return tuple(c for c in kept if c[0] * shirt.clock < shirt.duration_ticks)


# --- beats --------------------------------------------------------------------------


def _breath_phase(body: _Body) -> _Phase:
    """Return the phase of breathing; a whole number is the start of inhaling."""
    dice = body.dice("breath rate")
    slow = _wobble(dice, body.cells, width=60, sd=50)
    quick = _wobble(dice, body.cells, width=12, sd=60)
    rate = body.target("breath") * (1000 + slow + quick) // 1000
    return body.phase(np.clip(rate, 6000, 45_000))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Heart:
    """The beats that show in the ECG; ticks count from the start of the record."""

    ticks: Ints
    interval: Ints  # as in the file: 0 for the first and after a hole
    quality: Ints
    pace: Ints  # ticks since the beat before, seen or not: the shape of QRS-T
    amplitude: Ints  # 1000 is usual

    @classmethod
    def of(cls, body: _Body) -> _Heart:
        step = body.device.ecg
        phase = body.phase(_heart_rate(body))
        ticks = phase.ticks(phase.cycles()) // step * step
        pace = np.diff(ticks, prepend=ticks[0] - body.clock)
        # A peak needs neighbours on both sides, also where a file is cut a bit short.
        margin = body.clock // 8
        seen = (ticks >= margin) & (ticks < body.duration - margin)
        seen &= ~_inside(ticks, body.loose, body.clock // 10)
        swing = _sine(_breath_phase(body).at(ticks[seen])) * 40 // 4096
        chance = body.dice("beat amplitude").bell(len(ticks))[seen] // 12
        order = np.flatnonzero(seen)
        lost = np.diff(order, prepend=order[:1] - 1) > 1
        interval = np.diff(ticks[seen], prepend=ticks[seen][:1])
        interval[interval > 4 * body.clock] = 0
        return cls(
            ticks=ticks[seen],
            interval=interval,
            quality=_beat_quality(body, ticks[seen], lost),
            pace=pace[seen],
            amplitude=1000 + swing + chance,
        )

    @property
    def good(self) -> NDArray[np.bool_]:
        """Which intervals count: for the heart rate."""
        return (self.interval > 0) & (self.quality < 128)

    @property
    def normal(self) -> NDArray[np.bool_]:
        """Which intervals are normal to normal."""
        normal: NDArray[np.bool_] = self.good & (self.quality == 0)
        return normal

    def events(self) -> dict[str, tuple[Ints, Ints]]:
        normal = self.normal
        return {
            "RR_interval": (self.ticks, self.interval),
            "RR_interval_quality": (self.ticks, self.quality),
            "NN_interval": (self.ticks[normal], self.interval[normal]),
        }


def _heart_rate(body: _Body) -> Ints:
    """Return beats per 1000 minutes: target, sinus arrhythmia, slower waves."""
    dice = body.dice("heart rate")
    person = 940 + dice.below(1, 120)[0]
    target = body.target("heart", smooth_s=15) * person // 1000
    breath = _breath_phase(body)
    grid = (np.arange(body.cells) - _LEAD_S * _CELLS_PER_S) * breath.cell
    sway = 900 + _wobble(dice, body.cells, width=80, sd=250)
    depth = body.target("vagal") * np.clip(sway, 200, 1600) // 1000
    # The heart is quickest towards the end of inhaling, at 0.37 of the cycle.
    sinus = depth * _sine(breath.at(grid) - _CYCLE // 8) // 4096
    mayer = body.phase(6000 + _wobble(dice, body.cells, width=40, sd=900))
    waves = body.target("vagal") * _sine(mayer.at(grid)) // (2 * 4096)
    drift = _wobble(dice, body.cells, width=7200, sd=40)
    drift += _wobble(dice, body.cells, width=240, sd=14)
    drift += _wobble(dice, body.cells, width=36, sd=8)
    rate: Ints = target * (1000 + sinus + waves + drift) // 1000
    return np.clip(rate, 36_000, 150_000)


def _beat_quality(body: _Body, ticks: Ints, lost: NDArray[np.bool_]) -> Ints:
    """Return 0 good, 1 in noise, 128 unreliable, 129 both."""
    quality = np.zeros(len(ticks), dtype=np.int64)
    quality[ticks < 10 * body.clock] = 128
    quality[lost] = 129
    noisy = _inside(ticks, body.moving)
    bad = body.dice("beat quality").below(len(ticks), 3) == 0
    quality[noisy] = np.where(bad[noisy], 129, 1)
    return quality


# --- ECG ----------------------------------------------------------------------------


class _Wave(NamedTuple):
    """A Gaussian wave: mV, seconds after R, width before and after its top in s."""

    mv: float
    centre: float
    rise: float
    fall: float


_LEADS: Mapping[str, tuple[_Wave, ...]] = {
    "ECG_I": (
        _Wave(0.11, -0.155, 0.026, 0.022), _Wave(-0.07, -0.023, 0.007, 0.006),
        _Wave(1.05, 0.0, 0.0092, 0.0092), _Wave(-0.20, 0.025, 0.007, 0.010),
        _Wave(0.27, math.nan, 0.052, 0.034),
    ),
    "ECG_II": (
        _Wave(0.15, -0.155, 0.026, 0.022), _Wave(-0.09, -0.023, 0.007, 0.006),
        _Wave(1.32, 0.0, 0.0096, 0.0096), _Wave(-0.17, 0.026, 0.007, 0.010),
        _Wave(0.34, math.nan, 0.052, 0.034),
    ),
}  # fmt: skip
_PACES = 24  # shapes of a beat, one per 50 ms of pace from 0.4 s
_BEFORE_S, _AFTER_S = 0.26, 0.52


def _beat_shapes(lead: str, device: _Device) -> tuple[Ints, NDArray[np.int32]]:
    """Return sample offsets, and one shape per pace in 1/16 counts."""
    step = device.ecg / device.clock
    offsets = np.arange(-int(_BEFORE_S / step), int(_AFTER_S / step) + 1)
    seconds = offsets * step
    shapes = np.zeros((_PACES, len(offsets)))
    for row, pace in enumerate(0.4 + 0.05 * np.arange(_PACES)):
        # QT follows the cube root of the interval (Fridericia, 1920); T ends with it.
        top_of_t = 0.40 * pace ** (1 / 3) - 0.04 - 0.085
        for wave in _LEADS[lead]:
            late = seconds - (top_of_t if math.isnan(wave.centre) else wave.centre)
            width = np.where(late < 0, wave.rise, wave.fall)
            shapes[row] += wave.mv * np.exp(-0.5 * (late / width) ** 2)
    counts = np.rint(shapes * float(device.per_mv) * 16).astype(np.int32)
    return offsets, counts


def _draw_ecg(body: _Body, heart: _Heart) -> dict[str, Counts]:
    one = _draw_lead(body, heart, "ECG_I")
    if body.shirt.family == "hexoskin":
        empty = np.empty(0, dtype=np.int16)
        return {"ECG_I": one, "ECG_II": empty, "ECG_III": empty.copy()}
    two = _draw_lead(body, heart, "ECG_II")
    return {"ECG_I": one, "ECG_II": two, "ECG_III": one - two}


def _draw_lead(body: _Body, heart: _Heart, lead: str) -> NDArray[np.int16]:
    """Return one lead: rest level, wander and hiss, then a shape on every beat."""
    device = body.device
    offsets, shapes = _beat_shapes(lead, device)
    pad = len(offsets)
    count = body.samples(device.ecg)
    canvas = np.zeros(count + 2 * pad, dtype=np.int16)
    signal = canvas[pad : pad + count]
    _background(body, lead, signal)
    rows = np.clip((heart.pace * 20 // body.clock) - 8, 0, _PACES - 1)
    place = heart.ticks // device.ecg + pad
    # A shape reaches over its neighbour, never over the third beat: cut in three, no
    # sample is named twice in one assignment.
    for first in range(3):
        for row in range(first, len(place), 3 * 1024):
            part = slice(row, row + 3 * 1024, 3)
            scaled = shapes[rows[part]] * heart.amplitude[part, None].astype(np.int32)
            canvas[place[part, None] + offsets] += ((scaled + 8000) // 16_000).astype(
                np.int16
            )
    _shake(body, lead, signal)
    _lose_contact(body, lead, signal)
    np.clip(signal, *device.rails, out=signal)
    return signal


def _background(body: _Body, lead: str, signal: NDArray[np.int16]) -> None:
    """Fill a lead with what it shows between beats."""
    device = body.device
    dice = body.dice(f"{lead} background")
    grid = (np.arange(body.cells) - _LEAD_S * _CELLS_PER_S) * (body.clock // 4)
    walk = body.target("cadence", smooth_s=2) // 110  # 1000 where the body walks
    micro = _wobble(dice, body.cells, width=24, sd=22) * (1000 + 2 * walk) // 1000
    micro += 45 * _sine(_breath_phase(body).at(grid)) // 4096
    wander = micro * int(device.per_mv * 64) // 1000  # 64 to a count
    step = _step_phase(body)
    for block in _blocks(len(signal)):
        ticks = np.arange(block.start, block.stop, dtype=np.int64) * device.ecg
        level = body.lerp(wander, ticks)
        if (stride := body.at(walk, ticks)).any():
            sway = _sine(step.at(ticks) - _CYCLE // 5) * stride
            level += sway // 4096 * int(device.per_mv * 4) // 1000  # up to 62 uV
        # sd 7 uV, never past 25: less than what a QRS loses beside its top.
        hiss = (dice.hiss(len(ticks)) * int(device.per_mv) + 10_512) // 21_023
        signal[block] = device.rest + (level + 32) // 64 + hiss


def _shake(body: _Body, lead: str, signal: NDArray[np.int16]) -> None:
    """Add what movement does to an electrode: large slow swings and muscle noise."""
    dice = body.dice(f"{lead} movement")
    count = int(body.device.per_mv)
    for span in body.moving // body.device.ecg:
        part = signal[span[0] : span[1]]
        swing = _wobble(dice, len(part), width=36, sd=0.45 * count)
        muscle = dice.bell(len(part)) * count // 3000
        part += (swing + muscle).astype(np.int16)


def _lose_contact(body: _Body, lead: str, signal: NDArray[np.int16]) -> None:
    """Replace the lead by mains hum that wanders between the rails."""
    dice = body.dice(f"{lead} contact")
    low, high = body.device.rails
    for span in body.loose // body.device.ecg:
        part = signal[span[0] : span[1]]
        ticks = np.arange(span[0], span[1], dtype=np.int64) * body.device.ecg
        hum = _sine(ticks * (60 * _CYCLE // body.clock)) * (high - low) // (8 * 4096)
        drift = _wobble(dice, len(part), width=400, sd=0.6 * (high - low))
        part[:] = np.clip((low + high) // 2 + hum + drift, low, high)


# --- breaths ------------------------------------------------------------------------

_ZEROS_FIRST, _ZEROS_LAST = 4, 150  # samples of respiration at 0, as in real records
_FALL_RISE_BITS = 12


def _breath_shapes() -> Ints:
    """Return how far inhaling and exhaling have come: 2 rows of 4097, in 1/65536."""
    part = np.arange((1 << _FALL_RISE_BITS) + 1) / (1 << _FALL_RISE_BITS)
    inhale = 0.5 - 0.5 * np.cos(math.pi * part**0.8)
    # Air leaves quickly at first, then the chest rests.
    late = 1 - (1 - part) ** 2.6
    soft = np.minimum(part / 0.12, 1)
    exhale = late * soft * soft * (3 - 2 * soft)
    shapes: Ints = np.rint(np.stack([inhale, exhale]) * 65_536).astype(np.int64)
    return shapes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Breathing:
    """All breaths, then which of them the shirt saw; ticks of the record."""

    turns: Ints  # samples of the turning points: inhaling, exhaling, inhaling ...
    thorax: Ints  # counts at the turning points
    belly: Ints
    inspiration: Ints  # ticks that are reported
    expiration: Ints
    top: Ints  # counts at those
    bottom: Ints
    cycle_end: Ints  # ticks of an inspiration that closes a seen cycle
    cycle: Ints  # its length in ticks
    volume: Ints  # its depth in counts

    @classmethod
    def of(cls, body: _Body) -> _Breathing:
        step = body.device.respiration
        phase = _breath_phase(body)
        whole = phase.cycles()
        part = 390 + body.dice("inhaling").bell(len(whole)) // 12  # of 1000
        ticks = np.stack([whole, whole + _CYCLE // 1000 * part], axis=1)
        turns = phase.ticks(ticks.reshape(-1)) // step
        thorax, belly = _excursions(body, turns.reshape(-1, 2) * step)
        weighted = ((3 * thorax + belly + 2) // 4).reshape(-1, 2)
        seen, stretch = _seen_breaths(body, turns)
        pairs = turns.reshape(-1, 2) * step
        full = seen[:, 0] & seen[:, 1]
        closed = full[:-1] & seen[1:, 0] & (stretch[2::2] == stretch[:-2:2])
        depth = weighted[:, 0] - weighted[:, 1]
        return cls(
            turns=turns,
            thorax=thorax,
            belly=belly,
            inspiration=pairs[seen[:, 0], 0],
            expiration=pairs[full, 1],
            top=weighted[seen[:, 0], 0],
            bottom=weighted[full, 1],
            cycle_end=pairs[1:, 0][closed],
            cycle=np.diff(pairs[:, 0])[closed],
            volume=depth[:-1][closed],
        )

    def events(self) -> dict[str, tuple[Ints, Ints]]:
        return {
            "inspiration": (self.inspiration, self.top),
            "expiration": (self.expiration, self.bottom),
        }


def _excursions(body: _Body, ticks: Ints) -> tuple[Ints, Ints]:
    """Return the counts of both belts at (n, 2) turning points, flattened."""
    begin = ticks[:, 0]
    dice = body.dice("depth")
    depth = body.target("tidal_ml") * (
        1000 + _wobble(dice, body.cells, width=60, sd=70)
    )
    depth = body.at(depth // 1000, begin) * (1000 + dice.bell(len(begin)) // 3) // 1000
    sigh = (dice.below(len(begin), 90) == 0) & (body.at(body.state, begin) != 2)
    depth = np.where(sigh, depth * 21 // 10, depth)
    counts = np.maximum(depth * 25 // 332, 20)  # of the weighted signal
    ratio = body.at(body.target("belly"), begin)
    chest = counts * 4000 // (3000 + ratio)
    abdomen = chest * ratio // 1000
    shift = _position_course(body, _THORAX_SHIFT, smooth_s=45)
    rest = 24_180 + shift + _smooth(_wobble(dice, body.cells, width=800, sd=16), 40)
    base = 14_960 - shift + _smooth(_wobble(dice, body.cells, width=800, sd=12), 40)
    thorax = np.stack([body.at(rest, begin), body.at(rest, begin) - chest], axis=1)
    belly = np.stack([body.at(base, begin), body.at(base, begin) - abdomen], axis=1)
    return thorax.reshape(-1), belly.reshape(-1)


def _respiration_holes(body: _Body) -> Ints:
    """Return the spans in ticks where both belts read 0, ends of the record too."""
    step = body.device.respiration
    last = (body.samples(step) - _ZEROS_LAST) * step
    edges = [[-(1 << 40), _ZEROS_FIRST * step], [max(last, 0), 1 << 40]]
    return _union(np.concatenate([body.off, np.array(edges, dtype=np.int64)]))


def _seen_breaths(body: _Body, turns: Ints) -> tuple[NDArray[np.bool_], Ints]:
    """Return which turning points are reported (n, 2), and the stretch of each.

    Nothing is reported in the first 2 s of a stretch, nor beside a sample at its end;
    exhaling counts only where its inhaling was seen.
    """
    step = body.device.respiration
    holes = _respiration_holes(body)
    stretch = np.searchsorted(holes[:, 0], turns * step, side="right")
    holes += np.array([-2 * step, 2 * body.clock])
    seen = ~_inside(turns * step, holes).reshape(-1, 2)
    seen[:, 1] &= seen[:, 0] & (stretch[::2] == stretch[1::2])
    return seen, stretch


def _draw_respiration(body: _Body, breathing: _Breathing) -> dict[str, Counts]:
    step = body.device.respiration
    count = body.samples(step)
    shapes = _breath_shapes()
    belts = {
        "respiration_thoracic": breathing.thorax,
        "respiration_abdominal": breathing.belly,
    }
    drawn: dict[str, Counts] = {n: np.empty(count, dtype=np.uint16) for n in belts}
    dice = body.dice("respiration noise")
    walk = body.target("cadence", smooth_s=2) // 110
    for block in _blocks(count):
        index = np.arange(block.start, block.stop, dtype=np.int64)
        turn = np.searchsorted(breathing.turns, index, side="right") - 1
        late = index - breathing.turns[turn]
        part = (late << _FALL_RISE_BITS) // np.diff(breathing.turns)[turn]
        come = shapes[turn & 1, part]
        rough = 1 + body.at(walk, index * step) // 450
        for name, turning in belts.items():
            jitter = dice.bell(len(index)) * rough // 512
            drawn[name][block] = _between(turning, turn, come, jitter, late == 0)
    for first, last in np.clip(-(-_respiration_holes(body) // step), 0, count):
        for signal in drawn.values():
            # The filter needs a sample to come up and one to go down.
            signal[last : last + 1] = signal[last : last + 1] * 2 // 3
            signal[max(first - 1, 0) : first] = signal[max(first - 1, 0) : first] // 3
            signal[first:last] = 0
    return drawn


def _between(turning: Ints, turn: Ints, come: Ints, jitter: Ints, exact: Any) -> Ints:
    """Return counts on the way from one turning point to the next, strictly within."""
    here, there = turning[turn], turning[turn + 1]
    value = here + (((there - here) * come + 32_768) >> 16) + jitter
    inner = np.clip(value, np.minimum(here, there) + 1, np.maximum(here, there) - 1)
    return np.where(exact, here, inner)


# --- steps and acceleration ---------------------------------------------------------


def _step_phase(body: _Body) -> _Phase:
    """Return the phase of walking; a whole number is a heel strike."""
    dice = body.dice("cadence")
    rate = np.array([s.cadence for s in _STATES.values()], dtype=np.int64)[body.state]
    rate = rate * (1000 + _wobble(dice, body.cells, width=40, sd=22)) // 1000
    cell = body.clock // _CELLS_PER_S
    grid = (np.arange(body.cells) - _LEAD_S * _CELLS_PER_S) * cell
    return body.phase(np.where(_inside(grid, body.off, cell), 0, rate))


def _position_course(body: _Body, table: Mapping[int, int], *, smooth_s: int) -> Ints:
    """Return a value per device position on the grid, gliding at changes."""
    codes = _position_codes(body)
    values = np.array([0, *(table[code] for code in range(1, 7))], dtype=np.int64)
    return _smooth(values[codes], smooth_s * _CELLS_PER_S)


def _position_codes(body: _Body) -> Ints:
    seconds = np.array([second for second, _ in body.positions] or [0], dtype=np.int64)
    codes = np.array([code for _, code in body.positions] or [_UPRIGHT], dtype=np.int64)
    cells = np.arange(body.cells) // _CELLS_PER_S - _LEAD_S
    return codes[np.maximum(np.searchsorted(seconds, cells, side="right") - 1, 0)]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Gait:
    """Steps, and the acceleration that goes with them."""

    ticks: Ints
    axes: dict[str, Counts]

    @classmethod
    def of(cls, body: _Body) -> _Gait:
        step = body.device.acceleration
        phase = _step_phase(body)
        ticks = np.unique(phase.ticks(phase.cycles()) // step * step)
        ticks = ticks[(ticks >= 0) & (ticks < body.samples(step) * step)]
        return cls(ticks=ticks, axes=_acceleration(body, phase))

    def events(self) -> dict[str, tuple[Ints, Ints]]:
        return {"step": (self.ticks, np.arange(1, len(self.ticks) + 1))}


# Counts of the three axes at a step: (multiple of the stride, counts, cosine). The high
# multiples are the jolt of the heel.
_BOUNCE: Mapping[str, tuple[tuple[int, int, bool], ...]] = {
    "acceleration_X": ((2, -66, True), (4, -50, True), (6, -46, True),
                       (8, -34, True), (10, -26, False), (14, -16, True)),
    "acceleration_Y": ((1, 28, False), (3, 16, True), (5, 20, False),
                       (7, 16, True), (10, 14, False)),
    "acceleration_Z": ((2, 32, False), (4, 34, True), (6, 28, False),
                       (8, 22, True), (11, 14, True)),
}  # fmt: skip


def _bounce(harmonics: tuple[tuple[int, int, bool], ...], stride: Ints) -> Ints:
    """Return 16 x the counts of an axis at phases of the stride (two steps)."""
    total = np.zeros(len(stride), dtype=np.int64)
    for multiple, counts, cosine in harmonics:
        total += _sine(multiple * stride + cosine * (_CYCLE // 4)) * counts
    return total // 256


def _acceleration(body: _Body, steps: _Phase) -> dict[str, Counts]:
    step = body.device.acceleration
    count = body.samples(step)
    walking = _smooth((steps.rate[: body.cells] > 0) * np.int64(1000), 4)
    force = 1000 + _wobble(body.dice("force"), body.cells, width=3, sd=150)
    walking = walking * force // 1000
    upright = _position_codes(body) == _UPRIGHT
    chance = np.where(upright, 24, 1)  # of 1000 moments
    move = body.dice("restless").below(body.cells, 1000) < chance
    restless = _smooth(move * np.int64(1000), 3)
    axes: dict[str, Counts] = {}
    for axis, (name, harmonics) in enumerate(_BOUNCE.items()):
        dice = body.dice(name)
        pull = {code: vector[axis] * 16 for code, vector in _GRAVITY.items()}
        level = _position_course(body, pull, smooth_s=1)
        level += _wobble(dice, body.cells, width=20, sd=30)
        shrug = restless * _wobble(dice, body.cells, width=2, sd=300) // 1000
        signal = np.empty(count, dtype=np.int16)
        for block in _blocks(count):
            ticks = np.arange(block.start, block.stop, dtype=np.int64) * step
            unrest = 24 + np.abs(body.at(shrug, ticks))
            value = body.lerp(level + shrug, ticks)
            value += dice.bell(len(ticks)) * unrest // 209
            if (stride := body.at(walking, ticks)).any():
                value += _bounce(harmonics, steps.at(ticks) // 2) * stride // 1000
            signal[block] = (value + 8) // 16
        for span in body.moving // step:
            part = signal[span[0] : span[1]]
            part += _wobble(dice, len(part), width=7, sd=70).astype(np.int16)
        axes[name] = signal
    return axes


# --- pulse --------------------------------------------------------------------------


def _transit(body: _Body, heart: _Heart) -> Ints:
    """Return ticks from each R peak to its pulse: about 0.21 s."""
    micro = 212_000 + _wobble(body.dice("transit"), body.cells, width=160, sd=5000)
    sway = 3000 * _sine(_breath_phase(body).at(heart.ticks)) // 4096
    return (body.at(micro, heart.ticks) + sway) * body.clock // 1_000_000


def _pulse_events(body: _Body, heart: _Heart) -> dict[str, tuple[Ints, Ints]]:
    """Return PTT at each beat; a Hexoskin has the series, and nothing in it."""
    part = slice(0, 0 if body.device.ppg is None else None)
    return {"PTT": (heart.ticks[part], _transit(body, heart)[part])}


def _draw_ppg(body: _Body, heart: _Heart) -> dict[str, Counts]:
    """Return the finger pulse: one wave from foot to foot, around 32768."""
    step = body.device.ppg
    if step is None:
        return {}
    part = np.arange(1025) / 1024
    wave = np.exp(-0.5 * ((part - 0.17) / 0.085) ** 2)
    wave += 0.36 * np.exp(-0.5 * ((part - 0.46) / 0.10) ** 2)
    wave += 0.30 * np.exp(-0.5 * ((part - 0.60) / 0.22) ** 2)
    table = np.rint((wave - np.interp(part, (0, 1), wave[[0, -1]])) * 4096)
    table = table.astype(np.int64)
    far = np.int64(1 << 40)
    feet = np.concatenate([[-far], heart.ticks + _transit(body, heart), [far]])
    length = np.clip(np.diff(feet), 1, body.clock * 6 // 5)
    height = np.concatenate([[0], heart.amplitude * 9, [0]])
    count = body.samples(step)
    signal = np.empty(count, dtype=np.uint16)
    dice = body.dice("PPG")
    drift = _wobble(dice, body.cells, width=30, sd=260)
    for block in _blocks(count):
        index = np.arange(block.start, block.stop, dtype=np.int64)
        ticks = index * step.numerator // step.denominator
        beat = np.searchsorted(feet, ticks, side="right") - 1
        late = np.minimum((ticks - feet[beat]) * 1024 // length[beat], 1024)
        value = 29_800 + body.lerp(drift, ticks) + dice.bell(len(ticks)) // 30
        signal[block] = value + table[late] * height[beat] // 4096
    for span in body.off * step.denominator // step.numerator:
        part_off = signal[span[0] : span[1]]
        part_off[:] = np.where(dice.below(len(part_off), 2) == 0, 18, 65_517)
    return {"PPG": signal}


# --- once a second ------------------------------------------------------------------


def _last_mean(
    body: _Body, ends: Ints, values: Ints, *, last: int
) -> tuple[Ints, Ints]:
    """Return sum and number of the last (at most) `last` values at each second."""
    total = np.concatenate([[0], np.cumsum(values)])
    upto = np.searchsorted(ends, body.seconds, side="right")
    first = np.maximum(upto - last, 0)
    return total[upto] - total[first], upto - first


def _per_second(
    body: _Body, heart: _Heart, breathing: _Breathing, *, gait: _Gait
) -> dict[str, Counts]:
    """Return all channels at 1 Hz; sample n is what is known after n seconds."""
    rate = _known_heart_rate(body, heart)
    found = {
        "heart_rate": rate,
        "heart_rate_quality": _heart_rate_quality(body),
        "cadence": _cadence(body, gait),
        "activity": _activity(body, gait),
        "energy_mifflin_keytel": _energy(body, rate),
        **_volumes(body, breathing),
        "breathing_rate_quality": _breathing_quality(body),
        **_pressure(body, heart),
    }
    if body.device.ppg is not None:
        found |= _skin(body)
    if body.shirt.family == "astroskin_1000":
        found["ECG_quality"] = _ecg_quality(body)
    return {
        name: values.astype(np.uint16) if name != "temperature_celcius"
        else values.astype(np.int16)
        for name, values in found.items()
    }  # fmt: skip


def _known_heart_rate(body: _Body, heart: _Heart) -> Ints:
    """Return the mean of the last 16 good intervals; 70 before there are three."""
    good = heart.good
    total, count = _last_mean(body, heart.ticks[good], heart.interval[good], last=16)
    rate = (120 * body.clock * count + total) // np.maximum(2 * total, 1)
    return np.where(count < 3, 70, np.clip(rate, 30, 220))


def _heart_rate_quality(body: _Body) -> Ints:
    seconds = len(body.seconds)
    loose = _covered(body.loose, seconds, body.clock)
    moving = _covered(body.moving, seconds, body.clock)
    unsure = body.dice("rate quality").below(seconds, 3) == 0
    quality = np.where(moving, 0x10 + 0x20 * unsure, 0)
    return np.where(loose, quality | 0x02 | 0x08, quality)


def _ecg_quality(body: _Body) -> Ints:
    seconds = len(body.seconds)
    loose = _covered(body.loose, seconds, body.clock)
    moving = _covered(body.moving, seconds, body.clock)
    artefact = 0x400 | 0x800 | 0x1000
    electrodes, leads, cut = 0x01 | 0x02 | 0x04, 0x80 | 0x100 | 0x200, 0xE000
    quality = np.where(moving, artefact, 0)
    return np.where(loose, quality | electrodes | leads | cut, quality)


def _cadence(body: _Body, gait: _Gait) -> Ints:
    """Return the mean of the last four steps of a walk; 0 where none came for 2 s."""
    pause = 2 * body.clock
    gap = np.diff(gait.ticks, prepend=-pause)
    run = np.maximum.accumulate(np.where(gap >= pause, np.arange(len(gap)), 0))
    upto = np.searchsorted(gait.ticks, body.seconds, side="right") - 1
    last = np.maximum(upto, 0)
    if not len(run):
        return np.zeros(len(last), dtype=np.int64)
    first = np.maximum(last - 4, run[last])
    length = np.maximum(gait.ticks[last] - gait.ticks[first], 1)
    rate = (120 * body.clock * (last - first) + length) // (2 * length)
    idle = (upto < 0) | (last - first < 2)
    return np.where(idle | (body.seconds - gait.ticks[last] >= pause), 0, rate)


def _activity(body: _Body, gait: _Gait) -> Ints:
    """Return the mean norm of the last second above 2.65 Hz, without sensor noise."""
    width = 11 if body.device.acceleration == 4 else 9
    square = np.zeros(len(gait.axes["acceleration_X"]), dtype=np.int64)
    for axis in gait.axes.values():
        counts = axis.astype(np.int64)
        square += (counts * width - _box_sum(counts, width)) ** 2
    norm = np.rint(np.sqrt(square)).astype(np.int64)
    rate = body.clock // body.device.acceleration
    whole = norm[: len(norm) // rate * rate].reshape(-1, rate)
    mean: Ints = whole[: len(body.seconds)].sum(axis=1) // (rate * width)
    return np.maximum(mean - 4, 0)


def _volumes(body: _Body, breathing: _Breathing) -> dict[str, Ints]:
    """Return rate and volumes; 10 breaths a minute and 0 mL until they are known."""
    device = body.device
    length, count = _last_mean(body, breathing.cycle_end, breathing.cycle, last=7)
    volume, _ = _last_mean(body, breathing.cycle_end, breathing.volume, last=7)
    known = count >= 2
    double = 2 * np.maximum(length, 1)
    per_minute = 60 * body.clock * device.breaths_per_rpm
    rate = (2 * per_minute * count + length) // double
    ml, per = device.volume
    # mL = counts of the weighted signal x 332 / 25 in every family
    minute = 120 * body.clock * volume * 332 * per // (25 * ml)
    upto = np.searchsorted(breathing.expiration, body.seconds, side="right") - 1
    depth = _depths(breathing) * 332 * per // (25 * ml)
    tidal = np.where(upto < 0, 0, np.append(depth, 0)[upto])
    ventilation = np.where(known, (minute + length) // double, 0)
    weight = body.shirt.weight_kg
    return {
        "breathing_rate": np.where(known, rate, 10 * device.breaths_per_rpm),
        "minute_ventilation": ventilation,
        "minute_ventilation_adjusted": ventilation * ml * weight // (per * 650),
        "tidal_volume": tidal,
        "tidal_volume_adjusted": tidal * ml * weight // (per * 65),
    }


def _depths(breathing: _Breathing) -> Ints:
    """Return the counts from each reported expiration up to its inspiration."""
    begun = np.searchsorted(breathing.inspiration, breathing.expiration) - 1
    return cast("Ints", breathing.top[begun] - breathing.bottom)


def _breathing_quality(body: _Body) -> Ints:
    """Return flags: no signal, baseline changed after it, all of them at the end."""
    seconds = len(body.seconds)
    quality = np.zeros(seconds, dtype=np.int64)
    back = np.concatenate([np.zeros((1, 1), np.int64), body.off[:, 1:]])
    for flags, first, last in ((0x08, 4, 8), (0x0C, 2, 4), (0x0F, 0, 2)):
        spans = np.concatenate([back + first * body.clock, back + last * body.clock], 1)
        quality[_covered(_union(spans), seconds, body.clock)] = flags
    quality[_covered(body.off, seconds, body.clock)] = 0x03
    quality[-1:] = 0x0F
    return quality


def _energy(body: _Body, rate: Ints) -> Ints:
    """Return whole watts: Keytel by heart rate, at least Mifflin's resting rate.

    A man of 35 years and 1.75 m (Mifflin et al., 1990; Keytel et al., 2005).
    """
    weight = body.shirt.weight_kg
    rest = (100 * weight + 10_938 - 1750 + 50) * 4184 // (10 * 86_400)
    joule_a_minute = 6309 * rate + 1988 * weight + 2017 * 35 - 550_969
    return np.maximum(joule_a_minute // 600, rest)


def _pressure(body: _Body, heart: _Heart) -> dict[str, Ints]:
    """Return systolic pressure from the last transit time; a Hexoskin gives zeros."""
    upto = np.searchsorted(heart.ticks, body.seconds, side="right") - 1
    if body.device.ppg is None or not len(heart.ticks):
        pressure = np.zeros(len(body.seconds), dtype=np.int64)
    else:
        micro = _transit(body, heart)[upto] * 1_000_000 // body.clock
        pressure = np.where(upto < 0, 0, 120 + (212_000 - micro) // 1200)
    return {"systolic_pressure": pressure, "systolic_pressure_adjusted": pressure}


def _skin(body: _Body) -> dict[str, Ints]:
    """Return oxygen saturation and skin temperature."""
    seconds = len(body.seconds)
    off = _covered(body.off, seconds, body.clock)
    dice = body.dice("skin")
    at = body.seconds
    asleep = body.at((body.state >= 3).astype(np.int64), at)
    oxygen = (
        9750 - 80 * asleep + body.at(_wobble(dice, body.cells, width=120, sd=60), at)
    )
    warm = np.rint(2.6 * np.exp2(np.arange(seconds) / -240.0) * 256).astype(np.int64)
    celsius = (
        33 * 256
        + 200
        - warm
        + body.at(_wobble(dice, body.cells, width=1200, sd=40), at)
    )
    return {
        "SPO2": np.where(off, 100, np.clip((oxygen + 50) // 100, 88, 100)),
        "SPO2_quality": np.where(off, 0xEC, 0),
        # A thermistor: fewer counts where it is warmer.
        "temperature": 2300
        - (celsius - 33 * 256) * 26 // 256
        + dice.bell(seconds) // 150,
        "temperature_celcius": celsius,
        "temperature_quality": np.zeros(seconds, dtype=np.int64),
    }


# --- every five minutes -------------------------------------------------------------


def _variability(body: _Body, heart: _Heart) -> dict[str, Counts]:
    """Return the HRV channels: 0 outside sleep and rest and below 129 good beats."""
    window = 300 * body.clock
    count = body.duration // window
    quiet = [b for b in body.plan if b.state == "sleep"]
    if body.shirt.activity == "rest":
        quiet = list(body.plan)
    if not count or not quiet:
        return {}
    normal = heart.normal
    ticks, values = heart.ticks[normal], heart.interval[normal]
    part = (ticks - 1) // window
    stats = _time_domain(body, part, values, count=count)
    everything = np.bincount((heart.ticks - 1) // window, minlength=count)[:count]
    beats = np.bincount(part, minlength=count)[:count]
    stats["NN_over_RR"] = 10_000 * beats / np.maximum(everything, 1)
    stats |= _spectra(body, ticks, values, count=count)
    spans = np.array([b[:2] for b in quiet], dtype=np.int64) * body.clock
    known = (beats > 128) & _covered(spans, count, window)
    return {
        name: np.where(known, np.minimum(np.rint(value), 65_535), 0).astype(np.uint16)
        for name, value in stats.items()
    }


def _time_domain(
    body: _Body, part: Ints, values: Ints, *, count: int
) -> dict[str, NDArray[np.float64]]:
    """Return ANN, SDNN and RMSSD in 1/16 ticks and the triangular index in 1/100."""
    beats = np.maximum(np.bincount(part, minlength=count)[:count], 1)

    def mean(of: Ints) -> NDArray[np.float64]:
        total = np.bincount(part, weights=of.astype(np.float64), minlength=count)
        return total[:count] / beats

    step = np.diff(values, prepend=values[:1])
    # Bins of 1/128 s, the usual width of the triangular index.
    bins = values * 128 // body.clock
    width = int(bins.max(initial=0)) + 1
    table = np.bincount(part * width + bins, minlength=count * width)[: count * width]
    highest = table.reshape(count, width).max(axis=1)
    average = mean(values)
    return {
        "ANN": 16 * average,
        "SDNN": 16 * np.sqrt(np.maximum(mean(values**2) - average**2, 0)),
        "RMSSD": 16 * np.sqrt(mean(step**2)),
        "HRV_triangular": 100 * beats / np.maximum(highest, 1),
    }


def _spectra(
    body: _Body, ticks: Ints, values: Ints, *, count: int
) -> dict[str, NDArray[np.float64]]:
    """Return LF and HF power in 1/10 ms2 and LF in normalised units x 100."""
    if not len(ticks):
        return {}
    grid = np.arange(count * 1200) * (body.clock / _CELLS_PER_S)
    ms = np.interp(grid, ticks, values * (1000 / body.clock)).reshape(count, 1200)
    ms -= ms.mean(axis=1, keepdims=True)
    taper = np.hanning(1200)
    power = np.abs(np.fft.rfft(ms * taper, axis=1)) ** 2 * 2
    power /= 1200 * (taper**2).sum()
    hertz = np.fft.rfftfreq(1200, 1 / _CELLS_PER_S)
    low = power[:, (hertz >= 0.04) & (hertz < 0.15)].sum(axis=1)
    high = power[:, (hertz >= 0.15) & (hertz < 0.4)].sum(axis=1)
    return {
        "HRV_LF": 10 * low,
        "HRV_HF": 10 * high,
        "HRV_LF_normalized": 10_000 * low / np.maximum(low + high, 1e-9),
    }


# --- codes, marks, places -----------------------------------------------------------


def _codes(body: _Body) -> dict[str, tuple[Ints, NDArray[np.float64]]]:
    """Return positions and sleep phases, with nan at their ends as in real records."""
    seconds = [second for second, _ in body.positions]
    ticks = np.array([0, *(s * body.clock for s in seconds), body.duration])
    device = [code for _, code in body.positions]
    asleep = [min(code, 5) for code in device]
    codes = {
        "device_position": (ticks, np.array([math.nan, *device, math.nan])),
        "sleep_position": (ticks, np.array([math.nan, *asleep, math.nan])),
    }
    phases: list[tuple[int, float]] = []
    for bout in body.bouts:
        if not (code := _STATES[bout.state].phase):
            continue
        start = bout.start * body.clock
        end = min(bout.end * body.clock, body.duration)
        if phases and phases[-1][0] == start:
            phases.pop()
        else:
            phases.append((start, math.nan))
            start += body.clock
        if start < end:
            phases.append((start, code))
        phases.append((end, math.nan))
    if phases:
        when, what = zip(*phases, strict=True)
        codes["sleep_phase"] = (np.array(when, dtype=np.int64), np.array(what))
    return codes


def _service_only(body: _Body, heart: _Heart) -> dict[str, tuple[Ints, Ints]]:
    """Return what the service knows and no export holds."""
    size = heart.amplitude * int(body.device.per_mv) * 105 // 100_000
    minute = np.arange(0, body.duration, 60 * body.clock, dtype=np.int64)
    charge = 2600 - minute // (60 * body.clock) // 8  # 300 counts in 40 hours
    return {
        "QRS_AMP_CHANNEL_CHAR": (heart.ticks, size),
        "BATT_ST_CHANNEL_CHAR": (minute, np.maximum(charge, 2300)),
    }


def _annotations(body: _Body) -> tuple[Annotation, ...]:
    start = cast("int", body.shirt.start)
    return tuple(
        Annotation(
            body.shirt.record_id * 10 + number,
            start + _ticks("presses", press, body.clock),
            _BUTTON,
            "",
        )
        for number, press in enumerate(body.shirt.presses)
    )


def _ranges(body: _Body) -> tuple[Activity, ...]:
    start = cast("int", body.shirt.start)
    named = [
        (bout, "rest" if body.shirt.activity == "rest" else bout.state)
        for bout in body.plan
    ]
    return tuple(
        Activity(
            body.shirt.record_id * 100 + number,
            start + bout.start * body.clock,
            min(start + bout.end * body.clock, start + body.duration),
            _ROUTINES[kind][1],
            _ROUTINES[kind][0],
            "",
        )
        for number, (bout, kind) in enumerate(named)
        if kind in _ROUTINES
    )


def _track(body: _Body) -> tuple[TrackPoint, ...]:
    """Return a fix every 5 s of each walk: 1.3 m/s along a winding way."""
    start = cast("int", body.shirt.start)
    seconds = np.concatenate(
        [np.empty(0, dtype=np.int64)]
        + [np.arange(b.start, b.end, 5) for b in body.plan if b.state == "walk"]
    )
    dice = body.dice("track")
    turn = np.cumsum(_wobble(dice, max(len(seconds), 1), width=12, sd=60))
    heading = turn[: len(seconds)] * (_CYCLE // 3600)
    north = np.cumsum(_sine(heading + _CYCLE // 4)) * 650 // 4096  # cm
    east = np.cumsum(_sine(heading)) * 650 // 4096
    height = 300 + turn[: len(seconds)] // 40
    return tuple(
        TrackPoint(
            start + int(s) * body.clock,
            round(45.5 + int(n) / 11_132_000, 7),
            round(-73.6 + int(e) / 7_800_000, 7),
            int(h) / 10,
            5.0,
        )
        for s, n, e, h in zip(seconds, north, east, height, strict=True)
    )
