"""The record that is measured: a synthetic day on a Hexoskin, as the vendor exports."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

import hexoframe
from hexoframe.channels import channels_of
from hexoframe.channels.calibration import json_from_values
from hexoframe.recording.data import RecordData
from hexoframe.simulator.export import write_export
from hexoframe.simulator.shirt import Shirt, wear
from hexoframe.timestamps import index_to_ticks


@dataclass(frozen=True)
class World:
    """What benchmarks share; made when it is first asked for."""

    seconds: int
    folder: Path
    rounds: int

    @cached_property
    def archive(self) -> Path:
        """Path of the vendor's ZIP of the record."""
        path = self.folder / "record.zip"
        shirt = Shirt(seed=1, duration_s=self.seconds, activity="day", movement=0.02)
        return write_export(wear(shirt), path)

    @cached_property
    def record(self) -> hexoframe.Record:
        """The record, in memory."""
        return hexoframe.open_record(self.archive).load()

    @cached_property
    def frames(self):
        return {name: self.record[name] for name in self.record}

    @cached_property
    def answers(self):
        """Ticks and values of each channel, as the JSON answers of the service are."""
        channels = channels_of(self.record.family)
        found = {}
        for name, frame in self.frames.items():
            columns = {}
            for row in channels[name].datatypes:
                values = json_from_values(frame[row.column].to_numpy(), row)
                whole = row.txt == "integer" and not np.isnan(values).any()
                columns[row.column] = values.astype("int64") if whole else values
            ticks = index_to_ticks(frame.index, clock=self.record.clock)
            found[name] = (ticks, columns)
        return found

    @cached_property
    def gappy(self) -> hexoframe.Record:
        """The record without every 50th stretch of 37 s."""
        start = self.record.start
        kept = {
            name: frame[(frame.index - start).total_seconds() // 37 % 50 != 20]
            for name, frame in self.frames.items()
        }
        span = (self.record.start_tick, self.record.end_tick)
        return hexoframe.Record.of(RecordData(self.record.family, span, kept))
