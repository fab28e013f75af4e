"""Values of a frame as the classic .txt prints them, and the old script returned them.

Those are the numbers of the JSON API. Stamps and lines do not belong here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hexoframe.channels.calibration import counts_from_values, json_from_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.channels import Datatype
    from hexoframe.channels.calibration import Scale

__all__ = ["classic_values"]

# Every whole number below is a float64.
_EXACT = 2**53


def classic_values(
    values: NDArray[Any], row: Datatype, *, scale: Scale
) -> list[int | float | None]:
    """Return the numbers of the JSON API for the values of a frame.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
        Values of a frame.
    row : Datatype
        Row of the channel table.
    scale : {"physical", "raw"}
        What the frame holds.

    Returns
    -------
    list of int, float or None
        Counts as int and the rest as float, as the table says; None for NaN. ``str`` of
        one is what the classic .txt has.
    """
    if row.kind == "waveform":
        # A float32 is near the value of the API, its count gives that exactly.
        counts = counts_from_values(values, row, scale=scale)
        carried = counts * row.json_gain
    else:
        carried = json_from_values(values, row, scale=scale)
    missing = np.isnan(carried)
    whole = (carried == np.rint(carried)) & (np.abs(carried) < _EXACT)
    if row.txt != "integer":
        whole[:] = False
    numbers: NDArray[Any] = carried
    if whole.all():
        numbers = carried.astype(np.int64)
    elif missing.any() or whole.any():
        numbers = carried.astype(object)
        numbers[whole] = carried[whole].astype(np.int64)
        numbers[missing] = None
    listed: list[int | float | None] = numbers.tolist()
    return listed
