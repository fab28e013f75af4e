"""Spans in which a sensor was off, as the quality flags of another channel tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hexoframe.ledger.terms import Gap, expected_samples
from hexoframe.timestamps import NS_PER_TICK

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from hexoframe.channels import Channel

__all__ = ["sensor_off"]


def sensor_off(
    channel: Channel, judge: Channel, flags: pd.DataFrame, mask: int
) -> Iterator[Gap]:
    """Yield the spans in which the quality flags say that a sensor was off.

    Parameters
    ----------
    channel : Channel
        The channel that is judged.
    judge : Channel
        The channel of the flags, at a regular rate.
    flags : DataFrame
        Its samples: each stands at the end of the time that it judges.
    mask : int
        Flags that say so.

    Yields
    ------
    Gap
        In order; `samples` is how many the channel has there.
    """
    if judge.ticks is None or not len(flags) or not mask:
        return
    values = np.nan_to_num(flags[judge.columns[0]].to_numpy()).astype(np.int64)
    stamps = flags.index.asi8 // NS_PER_TICK[judge.clock]  # type: ignore[attr-defined]
    edges = np.flatnonzero(np.diff((values & mask) != 0, prepend=False, append=False))
    for first, last in edges.reshape(-1, 2):
        start = int(stamps[first]) - round(judge.ticks)
        end = int(stamps[last - 1])
        yield Gap(start, end, expected_samples(channel, start, end), "sensor off")
