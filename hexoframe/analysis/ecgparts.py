"""The ECG part by part, and which of its samples can be judged.

A part is half an hour, so that a day takes no more memory than that. Holes, saturation,
electrodes that are off and a shirt that is not worn are marked here; what is found in
the rest is for `detector` and `ecgcheck`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hexoframe.analysis.marks import runs, sample_limits
from hexoframe.analysis.streams import channel_windows
from hexoframe.analysis.tickspans import TickSpans
from hexoframe.analysis.wear import find_wear
from hexoframe.channels import codes_of
from hexoframe.channels.calibration import physical
from hexoframe.errors import ConfigurationError
from hexoframe.recording.frames import ticks_of
from hexoframe.recording.gaps import sensor_off

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from numpy.typing import NDArray

    from hexoframe.channels import Channel
    from hexoframe.recording.data import RecordData

    Marks = NDArray[np.bool_]
    Rows = NDArray[np.int64]
    Millivolts = NDArray[np.float32]

__all__ = ["LOST", "EcgLead", "EcgPart", "lead_of"]

LOST = ("missing", "sensor_off", "not_worn", "saturated", "flat")
"""Why samples cannot be judged; the gravest first."""

# Samples at the limits at most so far apart are one span, as the two sides of a beat.
_SATURATED_APART_S = 1
# Flags are of whole seconds, and an electrode comes off within one. Belts are judged
# over 5 s.
_OFF_AROUND_S, _UNWORN_AROUND_S = 1, 3
# So long a signal that does not change by a count is none.
_FLAT_S = 1
_LENGTH_S = 1800
# Parts overlap by this on either side, so that what is computed at a border knows what
# lies beyond it.
_AROUND_S = 20
_OPEN_LEFT, _OPEN_RIGHT = np.iinfo(np.int64).min, np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True, kw_only=True)
class EcgPart:
    """Half an hour of a lead, with some seconds around it.

    Attributes
    ----------
    ticks : ndarray of int64, shape (n,)
        Stamps of the samples.
    samples : ndarray of float32, shape (n,), in mV
        NaN where one is missing.
    why_lost : ndarray of uint8, shape (n,)
        0 where a sample can be judged, else 1 + the place of the reason in `LOST`.
    low, high : int, in ticks
        The part itself, end not included; parts follow each other without a hole.
    """

    ticks: Rows
    samples: Millivolts
    why_lost: NDArray[np.uint8]
    low: int
    high: int

    @property
    def own(self) -> slice:
        """Rows of the part itself."""
        first, last = np.searchsorted(self.ticks, (self.low, self.high))
        return slice(int(first), int(last))


class EcgLead(NamedTuple):
    """A lead of a record.

    Attributes
    ----------
    record : RecordData
        The record.
    channel : Channel
        The channel ``ecg``, narrowed to the lead.
    step : int
        Ticks from sample to sample.
    """

    record: RecordData
    channel: Channel
    step: int

    @property
    def name(self) -> str:
        """Name of the lead."""
        return self.channel.columns[0]

    @property
    def rate_hz(self) -> float:
        """Samples a second."""
        return self.record.clock / self.step

    def parts(self) -> Iterator[EcgPart]:
        """Yield the parts of the record; what was not read before is not kept."""
        clock, start = self.record.clock, self.record.start_tick
        around = _AROUND_S * clock
        lost = self._lost_spans()
        windows = channel_windows(self.record, self.name, f"{_LENGTH_S}s")
        frame, low, number = next(windows, None), _OPEN_LEFT, 1
        held: tuple[Rows, Millivolts]
        held = (np.zeros(0, np.int64), np.zeros(0, np.float32))
        while frame is not None:
            following = next(windows, None)
            high = start + number * _LENGTH_S * clock - around
            high = _OPEN_RIGHT if following is None else high
            new = self._samples(frame)
            ticks = np.concatenate((held[0], new[0]))
            values = np.concatenate((held[1], new[1]))
            why = self._why_lost(ticks, values, lost)
            yield EcgPart(ticks=ticks, samples=values, why_lost=why, low=low, high=high)
            kept = slice(int(np.searchsorted(ticks, high - around)), None)
            held = (ticks[kept], values[kept])
            frame, low, number = following, high, number + 1

    def _samples(self, frame: pd.DataFrame) -> tuple[Rows, Millivolts]:
        values = physical(
            self.channel.datatypes[0], frame[self.name].to_numpy(), self.record.scale
        )
        return ticks_of(frame, self.channel), values.astype(np.float32, copy=False)

    def _lost_spans(self) -> dict[str, TickSpans]:
        """Return when electrodes or the shirt were off."""
        around = _UNWORN_AROUND_S * self.record.clock
        return {
            "sensor_off": TickSpans.of(self._off_by_flags()),
            "not_worn": TickSpans.of(
                (first - around, last + around)
                for first, last in find_wear(self.record).not_worn
            ),
        }

    def _off_by_flags(self) -> Iterator[tuple[int, int]]:
        quality = self.channel.datatypes[0].quality
        if not quality or quality not in self.record:
            return
        judge = self.record.channel(quality)
        mask = sum(
            code.value
            for code in codes_of(judge.datatypes[0].codes)
            if code.sensor_off and code.column in ("", self.name)
        )
        around = _OFF_AROUND_S * self.record.clock
        for gap in sensor_off(self.channel, judge, self.record[judge.name], mask):
            yield gap.start - around, gap.end + around

    def _why_lost(
        self, ticks: Rows, values: Millivolts, spans: dict[str, TickSpans]
    ) -> NDArray[np.uint8]:
        marks = {
            "missing": np.isnan(values),
            "saturated": self._saturated(ticks, values),
            "flat": self._flat(values),
            **{reason: _inside(ticks, each) for reason, each in spans.items()},
        }
        why = np.zeros(len(ticks), np.uint8)
        for place in reversed(range(len(LOST))):
            why[marks[LOST[place]]] = place + 1
        return why

    def _saturated(self, ticks: Rows, values: Millivolts) -> Marks:
        """Mark samples at the limits of the converter, and those between them."""
        limits = sample_limits(self.channel.datatypes[0], "physical")
        if limits is None:
            return np.zeros(len(ticks), np.bool_)
        at_limit = ticks[(values < limits[0]) | (values > limits[1])]
        apart = _SATURATED_APART_S * self.record.clock
        everywhere = np.ones(len(at_limit), np.bool_)
        pairs = runs(at_limit, everywhere, apart)
        spans = TickSpans.of((first, last + self.step) for first, last in pairs)
        return _inside(ticks, spans)

    def _flat(self, values: Millivolts) -> Marks:
        """Mark samples of which none differs from the one before for a second."""
        # Nearly always no half of a second is flat, and this is quick to see.
        half = max(int(_FLAT_S * self.rate_hz / 2), 1)
        blocks = values[: len(values) // half * half].reshape(-1, half)
        if not (blocks.max(axis=1) == blocks.min(axis=1)).any():
            return np.zeros(len(values), np.bool_)
        changes = np.ones(len(values), np.bool_)
        changes[1:] = values[1:] != values[:-1]
        first = np.flatnonzero(changes)
        lengths = np.diff(np.append(first, len(values)))
        flat: Marks = np.repeat(lengths >= _FLAT_S * self.rate_hz, lengths)
        return flat & ~np.isnan(values)


def _inside(ticks: Rows, spans: TickSpans) -> Marks:
    """Mark ascending ticks in spans, of which there are far fewer."""
    marks = np.zeros(len(ticks), np.bool_)
    first, last = (np.searchsorted(ticks, edges) for edges in spans)
    for low, high in zip(first.tolist(), last.tolist(), strict=True):
        marks[low:high] = True
    return marks


def lead_of(record: RecordData, lead: str | int) -> EcgLead:
    """Return a lead of the ECG of a record.

    Raises ConfigurationError if the record has no ECG, or `lead` is no lead, and
    UnknownChannelError if the model has no such channel.
    """
    channel = record.channel(lead)
    if channel.name != "ecg" or len(channel.columns) != 1:
        columns = record.channel("ecg").columns
        raise ConfigurationError(
            f"lead={lead!r} is not a lead of the ECG: give one of {', '.join(columns)}"
        )
    if channel.name not in record:
        record[channel.name]  # it may say that it was left out
        who = "the record" if record.id is None else f"record {record.id}"
        raise ConfigurationError(
            f"{who} has no ECG: a CSV of the dashboard never has it, and a download "
            "has what was asked for. The binary export (ZIP) of the record has it"
        )
    ticks = channel.ticks
    if ticks is None or ticks.denominator != 1:
        raise ConfigurationError(
            f"{channel.name} has {ticks} ticks from sample to sample: give a lead"
        )
    return EcgLead(record, channel, int(ticks))
