"""The metadata block of a frame, in `frame.attrs["hexoframe"]`.

It is made, read and joined here alone. It holds JSON values only and nothing that can
go stale; the channel table stays the authority on units.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from hexoframe.errors import ConfigurationError

if TYPE_CHECKING:
    from hexoframe.channels import Channel
    from hexoframe.channels.calibration import Scale

__all__ = [
    "KEY",
    "block_of",
    "check_scale",
    "concat",
    "make_block",
    "result_block",
    "with_units",
]

KEY = "hexoframe"
BLOCK_VERSION = 1


def make_block(
    channel: Channel, *, record_id: int | None, scale: Scale
) -> dict[str, Any]:
    """Return the block of one channel; `units` are per column."""
    units = (
        channel.units
        if scale == "physical"
        else dict.fromkeys(channel.columns, "count")
    )
    return {
        "version": BLOCK_VERSION,
        "record": record_id,
        "channel": channel.name,
        "family": channel.datatypes[0].family,
        "clock": channel.clock,
        "scale": scale,
        "units": units,
    }


def result_block(
    units: Mapping[str, str], *, record_id: int | None, scale: Scale = "physical"
) -> dict[str, Any]:
    """Return the block of a table of several channels; `units` are per column."""
    return {
        "version": BLOCK_VERSION,
        "record": record_id,
        "scale": scale,
        "units": dict(units),
    }


def block_of(frame: pd.DataFrame | pd.Series[Any]) -> dict[str, Any]:
    """Return a copy of the block of a frame; empty if it has none."""
    return copy.deepcopy(dict(frame.attrs.get(KEY, {})))


def with_units(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame whose headings say the units: ``heart_rate [bpm]``."""
    units = block_of(frame)["units"]
    return frame.set_axis([f"{name} [{units[name]}]" for name in frame], axis="columns")


def check_scale(frame: pd.DataFrame, scale: Scale, name: str) -> None:
    """Refuse a frame that says itself that its values are of another scale."""
    said = block_of(frame).get("scale", scale)
    if said != scale:
        raise ConfigurationError(
            f"the frame of {name} holds {said} values and the record {scale} ones: "
            f"open the record with units={said!r}, or convert the frame"
        )


def concat(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Join frames of one channel in the order given and keep their block.

    `pandas.concat` drops a block in which the frames differ; `record` is None here if
    they belong to several records. Other channels, scales or time zones are a
    ConfigurationError.
    """
    if not frames:
        raise ConfigurationError("there is no frame to join: give at least one")
    blocks = [block_of(frame) for frame in frames]
    joined = dict(blocks[0])
    for block in blocks[1:]:
        for key in joined.keys() | block.keys():
            if block.get(key) == joined.get(key):
                continue
            if key != "record":
                raise ConfigurationError(
                    f"frames differ in {key}: {joined.get(key)!r} and "
                    f"{block.get(key)!r}; join frames of one channel and scale only"
                )
            joined[key] = None
    if len(frames) == 1:
        return frames[0].copy(deep=False)
    zones = {str(pd.DatetimeIndex(frame.index).tz) for frame in frames}
    if len(zones) > 1:
        raise ConfigurationError(
            f"frames are in the time zones {', '.join(sorted(zones))}: bring them to "
            "one with frame.tz_convert(...)"
        )
    result = pd.concat([frame.copy(deep=False) for frame in frames])
    result.index.name = frames[0].index.name
    result.attrs = {KEY: joined}
    return result
