"""The path of a small line: samples as whole steps, broken where some are missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hexoframe.plotting.decimation import LineSamples, draw_rows, pick_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["COLUMNS", "STEPS", "line_path"]

COLUMNS, STEPS = 60, 20
"""A line is so many columns wide and so many steps high."""


def line_path(
    samples: LineSamples, edges: NDArray[np.int64], limits: tuple[float, float]
) -> str:
    """Return the path of a line as SVG has it.

    Columns begin at `edges`, in ns; the lowest and the highest step are the limits.
    """
    low, high = limits
    drawn = draw_rows(samples, pick_rows(samples, edges))
    wide = max(int(edges[-1] - edges[0]), 1)
    x = np.rint((drawn.stamps - edges[0]) / wide * COLUMNS)
    y = np.rint((high - drawn.heights) / (high - low) * STEPS)
    path, at = [], None
    for point in zip(x.tolist(), y.tolist(), strict=True):
        if point[1] != point[1]:  # NaN
            at = None
        elif at is None:
            path.append(f"M{point[0]:.0f} {point[1]:.0f}h0")
            at = point
        elif point != at:
            path.append(f"l{point[0] - at[0]:.0f} {point[1] - at[1]:.0f}")
            at = point
    return "".join(path)
