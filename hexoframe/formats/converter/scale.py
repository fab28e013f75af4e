"""Whether a column holds counts or physical values, which nothing states outright.

It is decided in this order:

1. the gain of the channel is 1: nothing to decide;
2. the service's heading, or values without decimals: counts;
3. a value that is not whole: physical;
4. 5 decimals, or the C tool's heading: physical;
5. whole values with other decimals: physical only if each one is a whole count times
   the gain and counts would hardly all come out so (gains of 1 and more), counts if
   physical values would hardly all be whole (gains below 1); "hardly" is a chance below
   one in a million over the different values;
6. otherwise the other files of the folder decide, since one tool wrote them; where they
   cannot either, that is a `ConfigurationError`.

Values are not converted here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from hexoframe.errors import ConfigurationError
from hexoframe.formats.converter.columns import Column
from hexoframe.formats.converter.files import inspect

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.channels import Datatype

__all__ = ["Form", "form_of"]

Form = Literal["counts", "values"]

_C_DECIMALS = 5
_HARDLY = 1e-6
_WHOLE = 1e-3
_SIXTEEN_BITS = 1 << 16


def form_of(column: Column, numbers: NDArray[np.float64]) -> Form:
    """Say what a column holds, by itself or by the other files of its folder.

    Parameters
    ----------
    column : Column
        The column.
    numbers : ndarray of float64, shape (n,)
        Its numbers.

    Returns
    -------
    {"counts", "values"}
        Counts, or physical values.

    Raises
    ------
    ConfigurationError
        If nothing tells.
    """
    form = _judge(column, numbers) or _form_of_others(column)
    if form is None:
        raise ConfigurationError(
            f"{column.file.path}: nothing tells whether {column.row.api_name} holds "
            f"counts or {column.row.unit} ({len(numbers)} values, all whole). Put it "
            "beside other files of the same conversion, such as ECG_I.csv or "
            "acceleration_X.csv, which tell, or open the WAV files that it was made "
            "from"
        )
    return form


def _judge(column: Column, numbers: NDArray[np.float64]) -> Form | None:
    """Apply the rules of this module to one column; None if it fits both."""
    row, origin = column.row, column.file.origin
    if row.gain == 1.0 and row.offset == 0.0:
        return "counts"
    if origin == "service" or column.decimals == 0:
        return "counts"
    known = numbers[~np.isnan(numbers)]
    if (known != np.rint(known)).any():
        return "values"
    if origin == "heading" or column.decimals == _C_DECIMALS:
        return "values"
    return _judge_whole(row, known)


def _judge_whole(row: Datatype, known: NDArray[np.float64]) -> Form | None:
    """Weigh whole numbers: counts always are, physical values seldom."""
    kinds = np.unique(known)
    if row.offset == 0.0:
        # Zero is the same in both.
        kinds = kinds[kinds != 0]
        if not len(kinds):
            return "counts"
    counts = (kinds - row.offset) / row.gain
    possible = (np.abs(counts - np.rint(counts)) < _WHOLE).all() and (
        np.abs(counts) < _SIXTEEN_BITS
    ).all()
    if not possible:
        return "counts"
    chance = min(row.gain, 1 / row.gain) ** len(kinds)
    if chance > _HARDLY:
        return None
    return "counts" if row.gain < 1 else "values"


def _form_of_others(column: Column) -> Form | None:
    """Return what the other bare files of the folder hold: one tool wrote them."""
    own = column.file.path
    for path in sorted(own.parent.iterdir()):
        other = inspect(path) if path.is_file() and path != own else None
        if other is None or other.origin != "bare" or not other.first:
            continue
        row = other.row(0, column.row.family)
        # Without decimals stand the copies of event files, whatever the tool.
        if row is None or row.gain == 1.0 or other.decimals(0) == 0:
            continue
        witness = Column(other, 0, row)
        _, numbers = witness.read()
        # All zero tells nothing of the tool.
        form = _judge(witness, numbers) if numbers.any() else None
        if form is not None:
            return form
    return None
