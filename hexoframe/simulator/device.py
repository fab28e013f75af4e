"""The devices: channels, sampling steps and calibration of each family.

All of it comes from the channel table, which the readers use too; the tests check it
against the numbers of the data sheets. Signals do not belong here.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING

from hexoframe.channels import CLOCK_OF_FAMILY, Datatype, Family, datatypes_of

if TYPE_CHECKING:
    from hexoframe.timestamps import Clock

__all__ = ["Device", "datatypes", "device_of"]

# Minimum and maximum count of an ECG: 12 bit unsigned; the newer shirt clips.
_RAILS: Mapping[Family, tuple[int, int]] = {
    "hexoskin": (0, 4095),
    "astroskin_256": (0, 4095),
    "astroskin_1000": (-13_000, 13_000),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """The properties of a family's devices."""

    clock: Clock
    channels: frozenset[str]  # API names of what the device measures
    steps: Mapping[str, int | Fraction]  # ticks from sample to sample
    rest: int  # ECG counts at 0 mV
    per_mv: Fraction  # ECG counts of one mV
    rails: tuple[int, int]  # minimum and maximum count of an ECG
    per_rpm: int  # counts of breathing_rate
    volume: Fraction  # mL of one count of tidal_volume

    @property
    def ecg(self) -> int:
        """Ticks from sample to sample of the ECG."""
        return int(self.steps["ECG_I"])

    @property
    def respiration(self) -> int:
        """Ticks from sample to sample of both belts."""
        return int(self.steps["respiration_thoracic"])

    @property
    def acceleration(self) -> int:
        """Ticks from sample to sample of the three axes."""
        return int(self.steps["acceleration_X"])

    @property
    def has_finger_clip(self) -> bool:
        """Whether there is a sensor of pulse and oxygen."""
        return "PPG" in self.channels


@functools.cache
def datatypes(family: Family) -> Mapping[str, Datatype]:
    """Return the rows of the channel table by API name.

    Rows that the device does not measure are included: a Hexoskin export has empty
    files for some of them.
    """
    return MappingProxyType({row.api_name: row for row in datatypes_of(family)})


@functools.cache
def device_of(family: Family) -> Device:
    """Return the device of a family."""
    rows = datatypes(family)
    lead, breath = rows["ECG_I"], rows["breathing_rate"]
    return Device(
        clock=CLOCK_OF_FAMILY[family],
        channels=frozenset(name for name, row in rows.items() if row.in_model),
        steps=MappingProxyType(
            {
                name: int(row.ticks) if row.ticks.denominator == 1 else row.ticks
                for name, row in rows.items()
                if row.ticks is not None
            }
        ),
        rest=int(-_exact(lead.offset) / _exact(lead.gain)),
        per_mv=1 / _exact(lead.gain),
        rails=_RAILS[family],
        per_rpm=int(1 / _exact(breath.gain)),
        volume=_exact(rows["tidal_volume"].gain),
    )


def _exact(number: float) -> Fraction:
    """Return the decimal number of the table."""
    return Fraction(str(number))
