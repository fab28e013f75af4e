"""ENMO: what the acceleration has beyond gravity, in short epochs.

The waveform is read in pieces, so that memory stays flat. What counts as activity is
for the caller: cut-points of the wrist do not hold at the chest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from hexoframe.analysis.grids import edges_of, grids_of
from hexoframe.analysis.observed import require_channel, unworn_spans
from hexoframe.channels.calibration import physical
from hexoframe.errors import ConfigurationError
from hexoframe.recording import metadata
from hexoframe.recording.frames import ticks_of
from hexoframe.timestamps.moments import length_ns
from hexoframe.timestamps.ticks import NS_PER_TICK

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.analysis.bins import Rows
    from hexoframe.analysis.grids import Origin
    from hexoframe.analysis.tickspans import TickSpans
    from hexoframe.channels import Channel
    from hexoframe.recording.data import RecordData
    from hexoframe.timestamps.moments import Length

    Values = NDArray[np.float64]

__all__ = ["compute_enmo"]

_ACCELERATION = "acceleration"


def compute_enmo(
    record: RecordData,
    epoch: Length = "5s",
    *,
    origin: Origin = "start",
    min_share: float = 1.0,
) -> pd.DataFrame:
    """Return the ENMO of each epoch, as `hexoframe.Record.enmo` says.

    Parameters
    ----------
    record : RecordData
        The record.
    epoch : str, Timedelta or number of seconds, default "5s"
        Length of an epoch.
    origin : {"start", "epoch", "midnight"}
        Where epochs begin: with the record, at whole multiples in UTC, or at midnight
        in the zone of the record.
    min_share : float, default 1.0
        Share of the samples of an epoch that must be good.

    Returns
    -------
    DataFrame
        A row an epoch.

    Raises
    ------
    ConfigurationError
        If the record has no acceleration, or an argument is none of these.
    """
    period = length_ns("epoch", epoch)
    channel = record.channel(_ACCELERATION)
    if _ACCELERATION not in record:
        require_channel(record, _ACCELERATION, "ENMO is computed")
    step = NS_PER_TICK[record.clock] * float(channel.ticks or 1)
    if period < step:
        raise ConfigurationError(
            f"epoch={epoch!r}: give at least one sample of {channel.rate_hz:g} Hz"
        )
    if not 0 <= min_share <= 1:
        raise ConfigurationError(f"min_share={min_share!r}: give a share from 0 to 1")
    edges = edges_of(grids_of(record, period, origin))
    sums = _sums(record, channel, edges)
    with np.errstate(invalid="ignore", divide="ignore"):
        # Where an epoch is no whole number of steps, some have a sample more.
        share = np.minimum(sums.good / np.floor(np.diff(edges) / step), 1.0)
        enough = (sums.good > 0) & (share >= min_share)
        enmo = np.where(enough, sums.total / sums.good, np.nan)
    index = pd.DatetimeIndex(edges[:-1].view("datetime64[ns]"), name="time")
    table = pd.DataFrame(
        {"enmo": enmo, "good_share": share},
        index=index.tz_localize("UTC").tz_convert(record.tz),
    )
    units = {"enmo": "g"}
    table.attrs = {metadata.KEY: metadata.result_block(units, record_id=record.id)}
    return table


class _Sums(NamedTuple):
    """Sum of the ENMO of the good samples of each epoch, and their number."""

    total: Values
    good: Values


def _sums(record: RecordData, channel: Channel, edges: Rows) -> _Sums:
    """Add up the samples of epochs, which go from one edge (in ns) to the next."""
    found = _Sums(np.zeros(len(edges) - 1), np.zeros(len(edges) - 1))
    off = unworn_spans(record)
    for piece in record.pieces(_ACCELERATION):
        stamps = pd.DatetimeIndex(piece.index).asi8
        first = max(int(np.searchsorted(edges, stamps[0], side="right")) - 1, 0)
        last = int(np.searchsorted(edges, stamps[-1], side="right"))
        rows = np.searchsorted(stamps, edges[first : last + 1])
        filled = np.flatnonzero(np.diff(rows))
        if not len(filled):
            continue
        beyond, good = _beyond_gravity(record, channel, piece)
        _leave_out(good, ticks_of(piece, channel), off)
        beyond[~good] = 0
        # Epochs with samples follow each other without others between.
        until, begins = rows[filled[-1] + 1], rows[filled]
        found.total[first + filled] += np.add.reduceat(beyond[:until], begins)
        found.good[first + filled] += np.add.reduceat(
            good[:until], begins, dtype=np.int64
        )
    return found


def _beyond_gravity(
    record: RecordData, channel: Channel, piece: pd.DataFrame
) -> tuple[NDArray[np.floating], NDArray[np.bool_]]:
    """Return the length of the acceleration above 1 g, and which samples are good."""
    square = np.zeros(len(piece), np.float64)
    good = np.ones(len(piece), np.bool_)
    for row in channel.datatypes:
        values = physical(row, piece[row.column].to_numpy(), record.scale)
        square += np.square(values, dtype=np.float64)
        if row.maximum is not None:
            # The last count below the limit is that of a clipped sample.
            good &= np.abs(values) < row.maximum - row.gain
    # No sensor in the field of gravity is at 0 on all axes: nothing was recorded.
    good &= square > 0
    return np.maximum(np.sqrt(square) - 1.0, 0.0), good


def _leave_out(
    good: NDArray[np.bool_], ticks: NDArray[np.int64], off: TickSpans
) -> None:
    """Mark the samples of a shirt that was off as not good."""
    if len(off.starts):
        good &= ~off.cover(ticks)
