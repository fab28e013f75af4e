"""The CSV that the dashboard gives for a record, in the form of 2022.

One table at 1 Hz with the vendor's own choice of channels. The binary export is written
in `export`.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from hexoframe.simulator.device import datatypes
from hexoframe.simulator.files import fresh
from hexoframe.simulator.recording import Recording

__all__ = ["write_dashboard"]

_COLUMNS = (
    "breathing_rate",
    "minute_ventilation",
    "minute_ventilation_adjusted",
    "sleep_position",
    "activity",
    "heart_rate",
    "cadence",
)
# There are two more, whose names are not known.
_COLUMNS_ASTROSKIN = (
    "breathing_rate",
    "SPO2",
    "minute_ventilation",
    "systolic_pressure",
    "activity",
    "heart_rate",
    "cadence",
    "temperature_celcius",
)
_PRINTED_UNIT = {"code": "NA", "degC": "C"}  # where it is not that of the channel table


def write_dashboard(
    recording: Recording, path: str | os.PathLike[str], *, overwrite: bool = False
) -> Path:
    """Write the CSV that the dashboard gives for a record, in the form of 2022.

    One row a second; the first row is the start of the record and holds no sample. The
    sleep position stands in the row of its change.

    Parameters
    ----------
    recording : Recording
        What was recorded.
    path : str or path
        The CSV file.
    overwrite : bool, default False
        Whether a file that is there may be replaced.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    OutputExistsError
        If the file exists and `overwrite` is false.
    """
    clock = recording.clock
    hexoskin = recording.family == "hexoskin"
    columns = _COLUMNS if hexoskin else _COLUMNS_ASTROSKIN
    heads = [_head(recording, name) for name in columns]
    seconds = recording.ticks("heart_rate")
    cells = [[f"{recording.start}.0", *map(str, seconds.tolist())]]
    cells += [_column(recording, name) for name in columns]
    lines = [",".join([f"time [s/{clock}]", *heads])]
    lines += map(",".join, zip(*cells, strict=True))
    target = Path(path)
    with fresh(target, overwrite=overwrite) as draft:
        draft.write_bytes("".join(f"{line}\n" for line in lines).encode("ascii"))
    return target


def _head(recording: Recording, name: str) -> str:
    """Return the head of a column: name, unit and id."""
    row = datatypes(recording.family)[name]
    unit = _PRINTED_UNIT.get(row.unit, row.unit)
    return f"{name} [{unit}](/api/datatype/{row.id}/)"


def _column(recording: Recording, name: str) -> list[str]:
    """Return the cells of a column, the row of the start first."""
    if name == "sleep_position":
        cells = [""] * (len(recording.sampled["heart_rate"]) + 1)
        # The end of the record has no row of its own, so its nan is not printed.
        ticks, codes = (series[:-1] for series in recording.events[name])
        seconds = (ticks - recording.start) // recording.clock
        for second, code in zip(seconds.tolist(), codes.tolist(), strict=True):
            cells[second] = repr(code)
        return cells
    base = name.removesuffix("_adjusted")
    counts = recording.sampled[base].astype(np.int64)
    scale = datatypes(recording.family)[base].gain
    if base != name:
        scale *= recording.shirt.weight_kg / 65
    values = counts if scale == 1 else counts * scale
    return ["", *map(repr, values.tolist())]
