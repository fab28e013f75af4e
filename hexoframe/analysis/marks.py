"""Runs of marked samples, and the limits of converters.

Arrays alone: what the marks mean is for `quality` and `ecgparts`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from hexoframe.channels import Datatype
    from hexoframe.channels.calibration import Scale

    Marks = NDArray[np.bool_]
    Rows = NDArray[np.int64]

__all__ = ["runs", "sample_limits"]


def runs(stamps: Rows, marks: Marks, step: int) -> Iterator[tuple[int, int]]:
    """Yield the first and the last stamp of each run of marked rows.

    Rows more than one and a half steps (in ns) apart belong to two runs; with a step of
    0, for events, only unmarked rows separate runs.
    """
    # Most flags are never set.
    if not marks.any():
        return
    apart = (
        np.diff(stamps) * 2 > step * 3
        if step
        else np.zeros(max(len(stamps) - 1, 0), bool)
    )
    joined = marks[1:] & marks[:-1] & ~apart
    first = marks & ~np.concatenate(([False], joined))[: len(marks)]
    last = marks & ~np.concatenate((joined, [False]))[: len(marks)]
    yield from zip(stamps[first].tolist(), stamps[last].tolist(), strict=True)


def sample_limits(row: Datatype, scale: Scale) -> tuple[float, float] | None:
    """Least and greatest values that are not clipped, if they are known."""
    if row.kind != "waveform" or row.minimum is None or row.maximum is None:
        return None
    gain, offset = (row.gain, row.offset) if scale == "physical" else (1.0, 0.0)
    low, high = (
        (limit - row.offset) / row.gain * gain + offset
        for limit in (row.minimum, row.maximum)
    )
    # Half a count of tolerance, because of float32.
    return low + gain / 2, high - gain / 2
