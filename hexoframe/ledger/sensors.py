"""Spans in which a sensor was off, as the quality flags of another channel tell."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

import numpy as np

from hexoframe.ledger.terms import Gap, expected_samples, joined_spans, outside
from hexoframe.timestamps import NS_PER_TICK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pandas as pd

    from hexoframe.channels import Channel

__all__ = ["beyond", "sensor_off"]


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


def beyond(
    channel: Channel, spans: Iterable[Gap], known: Iterable[Gap]
) -> Iterator[Gap]:
    """Yield the parts of some spans that no known gap covers.

    Flags say again, to the second, what the samples told: a moment without a signal is
    one gap and not two.

    Parameters
    ----------
    channel : Channel
        The channel that lacks samples there.
    spans : iterable of Gap
        What the flags say.
    known : iterable of Gap
        What the samples say.

    Yields
    ------
    Gap
        In order.
    """
    holes = joined_spans(known)
    starts, ends = [start for start, _ in holes], [end for _, end in holes]
    for span in spans:
        near = slice(bisect_right(ends, span.start), bisect_left(starts, span.end))
        for start, end in outside((span.start, span.end), holes[near]):
            samples = expected_samples(channel, start, end)
            yield span._replace(start=start, end=end, samples=samples)
