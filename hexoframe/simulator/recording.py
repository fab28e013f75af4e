"""A synthetic recording: what the shirt recorded, and the true beats and breaths.

The result of `hexoframe.simulator.shirt.wear`. It is computed and written elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hexoframe.channels import Family
from hexoframe.simulator.arithmetic import Floats, Ints
from hexoframe.simulator.settings import Shirt

if TYPE_CHECKING:
    from hexoframe.timestamps import Clock

__all__ = ["Activity", "Annotation", "Counts", "Events", "Recording", "TrackPoint"]

Counts = NDArray[np.int16] | NDArray[np.uint16]
Events = tuple[Ints, Floats]


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recording:
    """What the shirt recorded, and the true beats and breaths.

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
        service only; no export holds them.
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
    def clock(self) -> Clock:
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
        # A third is never half-way, so adding a half and flooring rounds to nearest.
        doubled = 2 * index * step.numerator + step.denominator
        return self.start + doubled // (2 * step.denominator)
