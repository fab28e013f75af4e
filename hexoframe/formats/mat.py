"""MATLAB files, format 5, one struct a channel: written, with scipy, and not read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from hexoframe.errors import ConfigurationError
from hexoframe.formats.atomic import new_file, same_bytes
from hexoframe.formats.options import channels_to_write
from hexoframe.recording.frames import ticks_of

if TYPE_CHECKING:
    from pathlib import Path

    from hexoframe.recording.data import RecordData

__all__ = ["write"]

# Format 5 counts the bytes of a variable in 32 bits.
_LARGEST = (1 << 31) - 1
# A file begins with a text of this length, which holds the time of writing.
_HEADER = 116


def write(
    record: RecordData,
    path: Path,
    *,
    channels: Sequence[str | int] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write the file `path`, as `Record.to_mat` tells."""
    try:
        from scipy.io import savemat  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise ConfigurationError(
            "to_mat needs scipy: install it with pip install 'hexoframe[mat]'"
        ) from error
    # Whole channels: keys that name two leads of one channel give one struct.
    structs = {
        name: _struct(record, name) for name in channels_to_write(record, channels)
    }
    structs["info"] = _info(record)
    same = partial(same_bytes, skip=_HEADER)
    with new_file(path, overwrite=overwrite, same=same) as target:
        savemat(target, structs, do_compression=True, oned_as="column", appendmat=False)
    return path


def _struct(record: RecordData, name: str) -> dict[str, Any]:
    channel = record.channel(name)
    frame = record[name]
    ticks = ticks_of(frame, channel)
    columns = {row.column: frame[row.column].to_numpy() for row in channel.datatypes}
    # The struct is one variable: time and tick of 8 bytes each, and its columns.
    size = 2 * ticks.nbytes + sum(column.nbytes for column in columns.values())
    if size > _LARGEST:
        raise ConfigurationError(
            f"channel {channel.name} takes {size} bytes, more than the {_LARGEST} of "
            "the format: write a part with between(), or Parquet"
        )
    return {
        "time": ticks / channel.clock,
        "tick": ticks,
        **columns,
        "unit": record.units[channel.columns[0]],
        "rate_hz": np.nan if channel.rate_hz is None else channel.rate_hz,
    }


def _info(record: RecordData) -> dict[str, Any]:
    """Return the facts that MATLAB can hold: numbers and text with valid names."""
    facts = {
        **record.facts.info,
        "model": record.family,
        "clock": record.clock,
        "start": record.start_tick,
        "end": record.end_tick,
        "values": record.scale,
    }
    told: dict[str, Any] = {
        re.sub(r"\W", "_", key)[:31]: value
        for key, value in facts.items()
        if isinstance(value, (int, float, str)) and key[:1].isalpha()
    }
    # Channels that were cleaned before they were written.
    edited = record.facts.info.get("edited")
    return told | ({"edited": np.array(edited, object)} if edited else {})
