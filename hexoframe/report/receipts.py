"""Receipts of a report: the versions that made it, and checksums of the samples."""

from __future__ import annotations

import hashlib
import platform
from importlib import metadata
from typing import TYPE_CHECKING

import numpy as np

from hexoframe.recording.frames import ticks_of
from hexoframe.version import __version__

if TYPE_CHECKING:
    from hexoframe.recording.data import RecordData

__all__ = ["RULE", "sample_digest", "versions"]

RULE = (
    "SHA-256 of the samples: the SHA-256 of all ticks (int64) followed by that of all "
    "values (float64, row by row), both little-endian, hashed once more. It is the "
    "same whichever file the samples came from."
)
"""How a checksum is computed."""

_PACKAGES = ("pandas", "numpy", "pyarrow", "scipy", "matplotlib", "jinja2")


def versions() -> list[tuple[str, str]]:
    """Return names and versions of what computed and drew."""
    known = [("hexoframe", __version__), ("Python", platform.python_version())]
    for name in _PACKAGES:
        try:
            known.append((name, metadata.version(name)))
        except metadata.PackageNotFoundError:  # an extra
            continue
    return known


def sample_digest(record: RecordData, name: str) -> str:
    """Return the SHA-256 of the samples of a channel, as `RULE` says.

    Parameters
    ----------
    record : RecordData
        The record; a channel that was not read is read in pieces.
    name : str
        The channel.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    channel = record.channel(name)
    ticks, values = hashlib.sha256(), hashlib.sha256()
    for piece in record.pieces(name):
        ticks.update(ticks_of(piece, channel).astype("<i8").tobytes())
        numbers = piece.to_numpy(np.float64)
        # Missing values and zeros are alike, however a file wrote them.
        numbers = np.where(np.isnan(numbers), np.nan, numbers + 0.0)
        values.update(numbers.astype("<f8").tobytes())
    return hashlib.sha256(ticks.digest() + values.digest()).hexdigest()
