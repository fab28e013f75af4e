"""What requests cost, before anything is sent: bytes, and time at the allowed pace."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from hexoframe.api.load.chunks import Piece
from hexoframe.channels import CLOCK_OF_FAMILY, Datatype, Family, channels_of

__all__ = ["Estimate", "cost_of"]

REQUESTS_HZ = 5
"""Requests in a second that the service allows."""

# Bytes a sample: in the WAV files, in JSON, and in JSON on its way (gzip). The files
# are deflated too, to less than half, but how far is not known beforehand.
_BINARY_BYTES, _JSON_BYTES, _GZIP_BYTES = 2, 22, 4
_EVENT_FILE_BYTES = 16
_EVENTS_HZ = 1  # about as many beats, breaths and steps as there are on average
_BANDWIDTH = 6_250_000  # bytes in a second, a line of 50 Mbit/s


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a load costs, before anything is sent.

    Attributes
    ----------
    requests : int
        Requests for data.
    megabytes : float
        On the wire: JSON packed by gzip, the export at two bytes a sample, of which
        deflating leaves half or less.
    minutes : float
        The longer of the two that are certain: requests at five a second, bytes at
        50 Mbit/s.
    unpacked_megabytes : float
        JSON before gzip.
    """

    requests: int
    megabytes: float
    minutes: float
    unpacked_megabytes: float

    def __repr__(self) -> str:
        """Return what counts, rounded."""
        wait = (
            f"{self.minutes * 60:.0f} s"
            if self.minutes < 1
            else (f"{self.minutes:.1f} min")
        )
        return f"<Estimate: {self.requests} requests, {self.megabytes:.1f} MB, {wait}>"


def cost_of(family: Family, pieces: Sequence[Piece]) -> Estimate:
    """Return what some requests cost.

    Parameters
    ----------
    family : {"hexoskin", "astroskin_256", "astroskin_1000"}
        Device family.
    pieces : sequence of Piece
        The requests.

    Returns
    -------
    Estimate
        Requests, megabytes, minutes.

    Notes
    -----
    2 bytes a sample in the export, 22 in JSON, 4 in gzipped JSON were measured on
    synthetic records of a day; events count as one a second.
    """
    lengths: Counter[tuple[str, tuple[int, ...]]] = Counter()
    for piece in pieces:
        lengths[piece.kind, piece.datatypes] += piece.end - piece.start
    sent = unpacked = 0.0
    for (kind, ids), length in lengths.items():
        samples = _samples(family, ids, length)
        if kind == "json":
            sent += sum(samples.values()) * _GZIP_BYTES
            unpacked += sum(samples.values()) * _JSON_BYTES
        else:
            sent += sum(
                count * (_EVENT_FILE_BYTES if row.ticks is None else _BINARY_BYTES)
                for row, count in samples.items()
            )
    seconds = max(len(pieces) / REQUESTS_HZ, sent / _BANDWIDTH)
    return Estimate(
        requests=len(pieces),
        megabytes=sent / 1e6,
        minutes=seconds / 60,
        unpacked_megabytes=unpacked / 1e6,
    )


def _samples(
    family: Family, ids: tuple[int, ...], length: int
) -> dict[Datatype, float]:
    """Return about how many samples of each datatype stand in some ticks."""
    clock = CLOCK_OF_FAMILY[family]
    return {
        row: float(length / (row.ticks or Fraction(clock, _EVENTS_HZ)))
        for channel in channels_of(family).values()
        for row in channel.datatypes
        if (row.id in ids if ids else row.binary != "absent")
    }
