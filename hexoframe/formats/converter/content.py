"""Whether a column of the converter holds counts or physical values.

No file says so: decimals, values and the other files of the folder tell. Values are not
converted here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from hexoframe.errors import ConfigurationError
from hexoframe.formats.converter.files import ConverterColumn, inspect
from hexoframe.paths import is_file

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.channels import Datatype

__all__ = ["Content", "content_of"]

Content = Literal["counts", "values"]

_C_DECIMALS = 5
_HARDLY = 1e-6
_WHOLE = 1e-3
_SIXTEEN_BITS = 1 << 16


def content_of(column: ConverterColumn, numbers: NDArray[np.float64]) -> Content:
    """Return whether a column holds counts or physical values; no file states it.

    The first rule that applies decides:

    1. the gain of the channel is 1: both are the same;
    2. the service's heading: counts;
    3. a value that is not whole: physical;
    4. values without decimals: counts; 5 decimals, or the C tool's heading: physical;
       decimals of a sampled channel tell nothing if another program saved the file;
    5. whole values with other decimals: physical only if each one is a whole count
       times the gain and counts would hardly all come out so (gains of 1 and more),
       counts if physical values would hardly all be whole (gains below 1); "hardly" is
       a chance below one in a million over the different values;
    6. otherwise the other files of the folder, since one tool wrote them; if they do
       not tell either, that is a `ConfigurationError`.
    """
    content = _own_content(column, numbers) or _content_of_others(column)
    if content is None:
        raise ConfigurationError(
            f"{column.file.path}: nothing tells whether {column.row.api_name} holds "
            f"counts or {column.row.unit} ({len(numbers)} values, all whole). Put it "
            "beside other files of the same conversion, such as ECG_I.csv or "
            "acceleration_X.csv, which tell, or open the WAV files that it was made "
            "from"
        )
    return content


def _own_content(
    column: ConverterColumn, numbers: NDArray[np.float64]
) -> Content | None:
    """Apply rules 1 to 5 to one column; None if it fits both."""
    row, origin = column.row, column.file.origin
    if row.gain == 1.0 and row.offset == 0.0:
        return "counts"
    if origin == "service":
        return "counts"
    known = numbers[~np.isnan(numbers)]
    if (known != np.rint(known)).any():
        return "values"
    shown = row.ticks is None or not column.file.saved_again
    if shown and column.decimals == 0:
        return "counts"
    if origin == "heading" or (shown and column.decimals == _C_DECIMALS):
        return "values"
    return _content_of_whole(row, known)


def _content_of_whole(row: Datatype, known: NDArray[np.float64]) -> Content | None:
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


def _content_of_others(column: ConverterColumn) -> Content | None:
    """Return what the other bare files of the folder hold."""
    own = column.file.path
    for path in sorted(own.parent.iterdir()):
        other = inspect(path) if is_file(path) and path != own else None
        if other is None or other.origin != "bare" or not other.first:
            continue
        row = other.row(0, column.row.family)
        # Copies of event files have no decimals, whatever the tool.
        if row is None or row.gain == 1.0 or other.decimals(0) == 0:
            continue
        witness = ConverterColumn(other, 0, row)
        _, numbers = witness.read()
        # All zero tells nothing of the tool.
        content = _own_content(witness, numbers) if numbers.any() else None
        if content is not None:
            return content
    return None
