"""The body in the shirt: its state, and its target rates over time.

Targets (heart, breathing, depth, cadence) lie on a grid of 4 Hz. The integral of a rate
is a phase; beats, breaths and steps are where a phase passes a whole number. The organs
have modules of their own: `heart`, `breathing`, `gait`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple, cast

import numpy as np

from hexoframe.simulator.arithmetic import CYCLE, Dice, Ints, smooth, union, wobble
from hexoframe.simulator.device import Device, device_of
from hexoframe.simulator.plan import UPRIGHT, Bout, plan_of, positions_of, with_phases
from hexoframe.simulator.settings import Shirt, movement_ticks, span_ticks

__all__ = ["STATES", "Body", "Phase"]

_CELLS_PER_S = 4
_LEAD_S = 20  # the grid begins before and ends after the record


class State(NamedTuple):
    """Targets in one state: rates per 1000 minutes, shares in 1/1000."""

    heart: int
    breath: int
    tidal_ml: int
    cadence: int
    vagal: int  # depth of the respiratory sinus arrhythmia
    belly: int  # abdominal over thoracic excursion
    phase: int  # code of sleep_phase, 0 outside sleep


STATES: Mapping[str, State] = {
    "sit": State(70_000, 15_500, 520, 0, 40, 900, 0),
    "stand": State(80_000, 16_500, 560, 0, 25, 800, 0),
    "walk": State(106_000, 24_000, 1100, 110_000, 8, 800, 0),
    "nrem": State(56_000, 13_500, 470, 0, 60, 1500, 2),
    "rem": State(61_000, 16_000, 430, 0, 25, 1300, 5),
    "awake": State(65_000, 15_000, 500, 0, 40, 1400, 6),
}
_STATE_NAMES = tuple(STATES)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Body:
    """Targets over time: arrays hold one value per cell of a quarter of a second."""

    shirt: Shirt
    device: Device
    plan: tuple[Bout, ...]  # sleep, rest, walk ... as activities
    bouts: tuple[Bout, ...]  # the same with sleep cut into its phases
    positions: tuple[tuple[int, int], ...]  # (second, device_position)
    off: Ints  # spans in which the device records nothing
    doubted: Ints  # spans in which the device says that the electrodes are off
    unworn: Ints  # spans in which the shirt lies on a chair
    loose: Ints  # spans without ECG, for any of these reasons
    moving: Ints
    state: Ints  # which of STATES, on the grid

    @classmethod
    def of(cls, shirt: Shirt) -> Body:
        """Return the body of these settings."""
        plan = plan_of(shirt)
        bouts = with_phases(plan, shirt)
        lengths = np.array([b.end - b.start for b in bouts], dtype=np.int64)
        lengths[0] += _LEAD_S
        lengths[-1] += _LEAD_S
        codes = np.array([_STATE_NAMES.index(b.state) for b in bouts], dtype=np.int64)
        off = span_ticks("gaps", shirt.gaps, shirt)
        off = off[off[:, 1] > off[:, 0]]
        doubted = np.concatenate([off, span_ticks("lead_off", shirt.lead_off, shirt)])
        unworn = span_ticks("unworn", shirt.unworn, shirt)
        return cls(
            shirt=shirt,
            device=device_of(shirt.family),
            plan=plan,
            bouts=bouts,
            positions=positions_of(plan, shirt),
            off=off,
            doubted=union(doubted),
            unworn=unworn,
            loose=union(np.concatenate([doubted, unworn])),
            moving=movement_ticks(shirt),
            state=np.repeat(codes, lengths * _CELLS_PER_S),
        )

    # --- time -----------------------------------------------------------------------

    @property
    def clock(self) -> int:
        """Ticks a second."""
        return self.shirt.clock

    @property
    def start(self) -> int:
        """Absolute tick of the first sample; every other tick counts from there."""
        return cast("int", self.shirt.start)

    @property
    def duration(self) -> int:
        """Length of the record in ticks."""
        return self.shirt.duration_ticks

    @property
    def seconds(self) -> Ints:
        """Ticks of the samples at 1 Hz."""
        return np.arange(1, self.duration // self.clock + 1) * self.clock

    def samples(self, step: int | Fraction) -> int:
        """Return the number of samples in the record."""
        return int(self.duration / Fraction(step))

    # --- the grid -------------------------------------------------------------------

    @property
    def cells(self) -> int:
        """Number of cells."""
        return len(self.state)

    @property
    def cell(self) -> int:
        """Length of a cell in ticks."""
        return self.clock // _CELLS_PER_S

    @property
    def grid(self) -> Ints:
        """Ticks at which the cells begin; the first lie before the record."""
        return (np.arange(self.cells) - _LEAD_S * _CELLS_PER_S) * self.cell

    def lerp(self, values: Ints, ticks: Ints) -> Ints:
        """Return values of the grid at ticks of the record, linearly between cells."""
        cell, rest = np.divmod(ticks + self.clock * _LEAD_S, self.cell)
        left = values[cell]
        between: Ints = left + (values[cell + 1] - left) * rest // self.cell
        return between

    def at(self, values: Ints, ticks: Ints) -> Ints:
        """Return the values of the cells in which ticks of the record lie."""
        cell = (ticks + self.clock * _LEAD_S) // self.cell
        return values[np.clip(cell, 0, len(values) - 1)]

    def glide(self, values: Ints, seconds: int) -> Ints:
        """Return values of the grid with their jumps smoothed over about `seconds`."""
        return smooth(values, seconds * _CELLS_PER_S)

    def phase(self, per_1000_min: Ints) -> Phase:
        """Return the integral of a rate."""
        rate = per_1000_min * CYCLE // (60_000 * self.clock)
        start = np.concatenate([[0], np.cumsum(rate * self.cell)])
        return Phase(self.cell, self.clock * _LEAD_S, start, np.append(rate, rate[-1]))

    # --- states ---------------------------------------------------------------------

    def of_state(self, name: str) -> Ints:
        """Return one property of the states on the grid."""
        table = np.array([getattr(s, name) for s in STATES.values()], dtype=np.int64)
        values: Ints = table[self.state]
        return values

    def target(self, name: str, *, smooth_s: int = 20) -> Ints:
        """Return one property of the states, gliding from one to the next."""
        return self.glide(self.of_state(name), smooth_s)

    @property
    def walking(self) -> Ints:
        """Share of walking on the grid, in 1/1000."""
        return self.target("cadence", smooth_s=2) // 110

    @property
    def position(self) -> Ints:
        """Code of device_position on the grid."""
        changes = self.positions or ((0, UPRIGHT),)
        seconds, codes = np.array(changes, dtype=np.int64).T
        cells = np.arange(self.cells) // _CELLS_PER_S - _LEAD_S
        last = np.maximum(np.searchsorted(seconds, cells, side="right") - 1, 0)
        code: Ints = codes[last]
        return code

    def by_position(self, table: Mapping[int, int], *, smooth_s: int) -> Ints:
        """Return a value per device position on the grid, gliding at changes."""
        values = np.array([0, *(table[code] for code in range(1, 7))], dtype=np.int64)
        return self.glide(values[self.position], smooth_s)

    # --- random numbers -------------------------------------------------------------

    def dice(self, purpose: str) -> Dice:
        """Return the random numbers for one purpose."""
        return Dice(self.shirt.seed, purpose)

    def wobble(self, dice: Dice, *, width: int, sd: float) -> Ints:
        """Return slow noise on the grid."""
        return wobble(dice, self.cells, width=width, sd=sd)


class Phase(NamedTuple):
    """A growing phase: its value at the start of each cell, and its rate there."""

    cell: int
    lead: int
    start: Ints
    rate: Ints

    def at(self, ticks: Ints) -> Ints:
        """Return the phase at ticks of the record."""
        cell, rest = np.divmod(ticks + self.lead, self.cell)
        return cast("Ints", self.start[cell] + self.rate[cell] * rest)

    def cycles(self) -> Ints:
        """Return the whole numbers that the phase passes."""
        return np.arange(1, self.start[-1] // CYCLE, dtype=np.int64) * CYCLE

    def ticks(self, phases: Ints) -> Ints:
        """Return the ticks of the record at which phases are reached."""
        cell = np.searchsorted(self.start, phases, side="right") - 1
        late = (phases - self.start[cell]) // np.maximum(self.rate[cell], 1)
        return cast("Ints", cell * self.cell + late - self.lead)
