"""Frames of the channels in joined answers.

Values become physical in `calibration` and frames are made in `recording.frames`, as
for every other source; here is only which datatype goes into which column.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hexoframe.channels import CLOCK_OF_FAMILY, channels_of
from hexoframe.channels.calibration import values_from_json
from hexoframe.errors import ResponseError, SkippedChannelWarning, warn
from hexoframe.recording.frames import make_frame, merge_ticks
from hexoframe.timestamps import ticks_to_index

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from hexoframe.channels import Channel, Datatype, Family
    from hexoframe.channels.calibration import Scale
    from hexoframe.formats.wire.answers import Samples

__all__ = ["channel_frames"]


def channel_frames(
    samples: Mapping[int, Samples],
    family: Family,
    *,
    scale: Scale = "physical",
    record_id: int | None = None,
) -> dict[str, pd.DataFrame]:
    """Make the frames of joined samples.

    They equal those of the binary export wherever both carry a channel exactly
    (`Datatype.carrier`).

    Parameters
    ----------
    samples : mapping of int to Samples
        Samples by datatype, as of `join_pages`.
    family : {"hexoskin", "astroskin_256", "astroskin_1000"}
        Device family.
    scale : {"physical", "raw"}
        What the frames hold.
    record_id : int, optional
        Record of the samples.

    Returns
    -------
    dict of str to DataFrame
        Frames of the channels that have samples, in the order of the table. Frames with
        the same stamps share their index.

    Raises
    ------
    ResponseError
        If a column of several in a channel has a stamp twice, or stamps that run
        backwards: `join_pages` was left out.

    Warns
    -----
    SkippedChannelWarning
        If there are samples of a datatype that is no channel of the family.
    """
    clock = CLOCK_OF_FAMILY[family]
    indexes: dict[int, tuple[NDArray[np.int64], pd.DatetimeIndex]] = {}
    frames = {}
    used: set[int] = set()
    for name, channel in channels_of(family).items():
        parts = {
            row: samples[row.id]
            for row in channel.datatypes
            if row.id is not None and row.id in samples
        }
        used |= {row.id for row in parts if row.id is not None}
        parts = {row: held for row, held in parts.items() if held.ticks.size}
        if not parts:
            continue
        ticks, columns = _merged(channel, parts, scale)
        if id(ticks) not in indexes:  # kept alive beside its index
            indexes[id(ticks)] = (ticks, ticks_to_index(ticks, clock=clock))
        frames[name] = make_frame(
            channel, indexes[id(ticks)][1], columns, record_id=record_id, scale=scale
        )
    _warn_of_others(samples, used, family)
    return frames


def _merged(
    channel: Channel, parts: Mapping[Datatype, Samples], scale: Scale
) -> tuple[NDArray[np.int64], dict[str, NDArray[Any]]]:
    if len(channel.datatypes) > 1:
        for row, (ticks, _) in parts.items():
            if not (ticks[1:] > ticks[:-1]).all():
                raise ResponseError(
                    f"datatype {row.id} ({row.api_name}) has stamps twice or out of "
                    "order: join the pages before frames are made of them"
                )
    return merge_ticks(
        {
            row.column: (held.ticks, values_from_json(held.values, row, scale=scale))
            for row, held in parts.items()
        }
    )


def _warn_of_others(
    samples: Mapping[int, Samples], used: set[int], family: Family
) -> None:
    others = sorted(
        number
        for number, held in samples.items()
        if number not in used and held.ticks.size
    )
    if others:
        warn(
            f"samples of the datatypes {others} left out: no channel of {family}",
            SkippedChannelWarning,
        )
