"""Breathing: the true breaths, the signal of both belts, the breaths that are reported.

The belts are drawn through the turning points of the true breaths; a breath is reported
only where the signal is undisturbed. Volumes and rates are computed in `vitals`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hexoframe.simulator.arithmetic import (
    CYCLE,
    Flags,
    Ints,
    blocks,
    inside,
    union,
    wobble,
)
from hexoframe.simulator.body import Body, Phase
from hexoframe.simulator.recording import Counts

__all__ = ["ML_OF_COUNT", "Breathing", "breath_phase", "draw_respiration"]

# mL of one count of the weighted signal (3 thorax + 1 abdomen) / 4, in every family.
ML_OF_COUNT = Fraction(332, 25)
_ZEROS_FIRST, _ZEROS_LAST = 4, 150  # samples of respiration at 0, as in real records
_FALL_RISE_BITS = 12
# Levels of the belts of a shirt on a chair, and for how long they are pulled about.
_ON_A_CHAIR = {"respiration_thoracic": 26_310, "respiration_abdominal": 17_040}
_PULL_S = 4
# Counts by which the thoracic belt shifts, for each code of device_position.
_THORAX_SHIFT = {1: 20, 2: -15, 3: 30, 4: 0, 5: -10, 6: -30}


def breath_phase(body: Body) -> Phase:
    """Return the phase of breathing; a whole number is the start of inhaling."""
    dice = body.dice("breath rate")
    slow = body.wobble(dice, width=60, sd=50)
    quick = body.wobble(dice, width=12, sd=60)
    rate = body.target("breath") * (1000 + slow + quick) // 1000
    return body.phase(np.clip(rate, 6000, 45_000))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Breathing:
    """All breaths, and those that the shirt detected; in ticks of the record."""

    turns: Ints  # samples of the turning points: inhaling, exhaling, inhaling ...
    thorax: Ints  # counts at the turning points
    belly: Ints
    inspiration: Ints  # ticks that are reported
    expiration: Ints
    top: Ints  # counts at those
    bottom: Ints
    cycle_end: Ints  # ticks of an inspiration that closes a detected cycle
    cycle: Ints  # its length in ticks
    volume: Ints  # its depth in counts

    @classmethod
    def of(cls, body: Body) -> Breathing:
        """Return the breaths of a body."""
        step = body.device.respiration
        phase = breath_phase(body)
        whole = phase.cycles()
        part = 390 + body.dice("inhaling").bell(len(whole)) // 12  # of 1000
        ticks = np.stack([whole, whole + CYCLE // 1000 * part], axis=1)
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
        """Return the events as the files hold them, by API name."""
        return {
            "inspiration": (self.inspiration, self.top),
            "expiration": (self.expiration, self.bottom),
        }


def _excursions(body: Body, ticks: Ints) -> tuple[Ints, Ints]:
    """Return the counts of both belts at (n, 2) turning points, flattened."""
    begin = ticks[:, 0]
    dice = body.dice("depth")
    depth = body.target("tidal_ml") * (1000 + body.wobble(dice, width=60, sd=70))
    depth = body.at(depth // 1000, begin) * (1000 + dice.bell(len(begin)) // 3) // 1000
    sigh = (dice.below(len(begin), 90) == 0) & (
        body.at(body.of_state("cadence"), begin) == 0
    )
    depth = np.where(sigh, depth * 21 // 10, depth)
    counts = depth * ML_OF_COUNT.denominator // ML_OF_COUNT.numerator
    counts = np.maximum(counts, 20)
    ratio = body.at(body.target("belly"), begin)
    chest = counts * 4000 // (3000 + ratio)
    abdomen = chest * ratio // 1000
    shift = body.by_position(_THORAX_SHIFT, smooth_s=45)
    rest = 24_180 + shift + body.glide(body.wobble(dice, width=800, sd=16), 10)
    base = 14_960 - shift + body.glide(body.wobble(dice, width=800, sd=12), 10)
    thorax = np.stack([body.at(rest, begin), body.at(rest, begin) - chest], axis=1)
    belly = np.stack([body.at(base, begin), body.at(base, begin) - abdomen], axis=1)
    return thorax.reshape(-1), belly.reshape(-1)


def _respiration_gaps(body: Body) -> Ints:
    """Return the spans in ticks where both belts read 0, with the record's ends."""
    step = body.device.respiration
    last = (body.samples(step) - _ZEROS_LAST) * step
    edges = [[-(1 << 40), _ZEROS_FIRST * step], [max(last, 0), 1 << 40]]
    return union(np.concatenate([body.off, np.array(edges, dtype=np.int64)]))


def _seen_breaths(body: Body, turns: Ints) -> tuple[Flags, Ints]:
    """Return which turning points are reported (n, 2), and the stretch of each.

    Nothing is reported in the first 2 s of a stretch, nor next to its last sample, and
    no exhaling without its inhaling.
    """
    step = body.device.respiration
    gaps = union(np.concatenate([_respiration_gaps(body), body.unworn]))
    stretch = np.searchsorted(gaps[:, 0], turns * step, side="right")
    gaps += np.array([-2 * step, 2 * body.clock])
    seen = ~inside(turns * step, gaps).reshape(-1, 2)
    seen[:, 1] &= seen[:, 0] & (stretch[::2] == stretch[1::2])
    return seen, stretch


def draw_respiration(body: Body, breathing: Breathing) -> dict[str, Counts]:
    """Return the counts of both belts: curves through the turning points."""
    step = body.device.respiration
    count = body.samples(step)
    shapes = _breath_shapes()
    belts = {
        "respiration_thoracic": breathing.thorax,
        "respiration_abdominal": breathing.belly,
    }
    drawn: dict[str, Counts] = {n: np.empty(count, dtype=np.uint16) for n in belts}
    dice = body.dice("respiration noise")
    walk = body.walking
    for block, index in blocks(count):
        turn = np.searchsorted(breathing.turns, index, side="right") - 1
        late = index - breathing.turns[turn]
        part = (late << _FALL_RISE_BITS) // np.diff(breathing.turns)[turn]
        come = shapes[turn & 1, part]
        rough = 1 + body.at(walk, index * step) // 450
        for name, turning in belts.items():
            jitter = dice.bell(len(index)) * rough // 512
            drawn[name][block] = _between(turning, turn, come, jitter, late == 0)
    _take_off(body, drawn)
    for first, last in np.clip(-(-_respiration_gaps(body) // step), 0, count):
        for signal in drawn.values():
            # The filter needs a sample to come up and one to go down.
            signal[last : last + 1] = signal[last : last + 1] * 2 // 3
            signal[max(first - 1, 0) : first] = signal[max(first - 1, 0) : first] // 3
            signal[first:last] = 0
    return drawn


def _take_off(body: Body, drawn: dict[str, Counts]) -> None:
    """Lay the shirt on a chair: belts pulled about, then flat, then pulled again."""
    dice = body.dice("chair")
    step = body.device.respiration
    pull = _PULL_S * body.clock // step
    for first, last in body.unworn // step:
        for name, signal in drawn.items():
            start, end = max(first - pull, 0), min(last + pull, len(signal))
            part = signal[start:end]
            swing = wobble(dice, len(part), width=pull // 3, sd=2500)
            part[:] = np.clip(part + swing, 1, 65_535)
            rest = signal[first:last]
            rest[:] = _ON_A_CHAIR[name] + dice.bell(len(rest)) // 512


def _between(turning: Ints, turn: Ints, come: Ints, jitter: Ints, exact: Flags) -> Ints:
    """Return counts on the way from one turning point to the next, strictly within."""
    here, there = turning[turn], turning[turn + 1]
    value = here + (((there - here) * come + 32_768) >> 16) + jitter
    inner = np.clip(value, np.minimum(here, there) + 1, np.maximum(here, there) - 1)
    return np.where(exact, here, inner)


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
