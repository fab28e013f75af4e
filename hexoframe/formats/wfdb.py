"""WFDB records of PhysioNet: digital samples and a header, one record a rate.

Digital values are the counts of the recorder, with the gain and baseline that give
physical values. A missing sample is the value that WFDB has for it, so that a hole
stays a hole. Source: https://physionet.org/physiotools/wag/header-5.htm and signal-5.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hexoframe.errors import ConfigurationError, MissingFactsWarning, warn
from hexoframe.formats.atomic import new_folder
from hexoframe.formats.options import channels_to_write
from hexoframe.formats.own.manifest import record_folder
from hexoframe.formats.steps import (
    EvenGroup,
    counts_to_write,
    even_groups,
    warn_of_rounding,
    whole_channel,
)
from hexoframe.timestamps.ticks import NS_PER_TICK
from hexoframe.version import __version__

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.channels import Channel, Datatype
    from hexoframe.recording.data import RecordData

__all__ = ["write"]

# By the number of bits: the value that means "missing", and the largest one.
_LIMITS = {16: (-(1 << 15), (1 << 15) - 1), 24: (-(1 << 23), (1 << 23) - 1)}


def write(
    record: RecordData,
    root: Path,
    *,
    channels: Sequence[str | int] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write ``record_<id>/`` into a folder, as `Record.to_wfdb` tells."""
    names = channels_to_write(record, channels)
    groups, others = even_groups(
        record, [whole_channel(record, name) for name in names]
    )
    if not groups:
        raise ConfigurationError(
            "WFDB holds channels of 1 Hz and more, and none of these has a sample: "
            f"{', '.join(names) or 'the record is empty'}"
        )
    folder = record_folder(record, root)
    own = re.compile(rf"{re.escape(folder.name)}_\d+hz\.(hea|dat)")

    def owned(name: str) -> bool:
        return own.fullmatch(name) is not None

    with new_folder(folder, overwrite=overwrite, owned=owned) as target:
        for group in groups:
            _write_group(group, target, f"{folder.name}_{group.rate}hz")
    _warn_of_left_out(record, groups, others)
    return folder


def _warn_of_left_out(
    record: RecordData, groups: Iterable[EvenGroup], others: Iterable[Channel]
) -> None:
    names = [each.name for each in others if len(record[each.name])]
    facts = record.facts
    for name in ("ranges", "annotations", "track", "metrics", "statistics"):
        table = getattr(facts, name)
        names += [name] if table is not None and len(table) else []
    if names:
        warn(
            f"left out, without a place in a WFDB signal: {', '.join(names)}. Parquet "
            "and CSV keep all that is known",
            MissingFactsWarning,
        )
    warn_of_rounding(
        "WFDB",
        {
            channel.name: scan.rounded
            for group in groups
            for channel, scan in group.scans.items()
        },
    )


def _write_group(group: EvenGroup, folder: Path, name: str) -> None:
    """Write the samples in blocks, then the header, which has their sums."""
    bits = _needed_bits(group)
    missing, _ = _LIMITS[bits]
    rows = [row for row, _ in group.rows]
    firsts = sums = np.zeros(len(rows), np.int64)
    with (folder / f"{name}.dat").open("wb") as file:
        for at, block in enumerate(group.blocks()):
            counts = np.stack(
                [
                    counts_to_write(values, row, group.record)
                    for row, values in zip(rows, block, strict=True)
                ],
                axis=1,
            )
            digital = np.where(np.isnan(counts), missing, counts).astype("<i4")
            firsts = firsts if at else digital[0].astype(np.int64)
            sums = sums + digital.sum(axis=0, dtype=np.int64)
            file.write(_packed(digital, bits))
    totals = zip(rows, firsts.tolist(), sums.tolist(), strict=True)
    lines = [
        f"{name}.dat {bits} {_gain(row)} {bits} 0 {first} {_sum_16(total)} 0 "
        f"{row.api_name}\n"
        for row, first, total in totals
    ]
    text = "".join([_head(group, name), *lines, _comments(group)])
    (folder / f"{name}.hea").write_bytes(text.encode("ascii"))


def _needed_bits(group: EvenGroup) -> int:
    """Return how many bits hold all counts, beside the value for a missing one."""
    for bits, (missing, most) in _LIMITS.items():
        if all(
            missing < group.scans[channel].lows[row.column]
            and group.scans[channel].highs[row.column] <= most
            for row, channel in group.rows
        ):
            return bits
    names = ", ".join(channel.name for channel in group.scans)
    raise ConfigurationError(
        f"counts of {names} do not fit into the 24 bits of WFDB: leave the channel out "
        "with channels=, or write Parquet, which holds all"
    )


def _packed(digital: NDArray[np.int32], bits: int) -> bytes:
    if bits == 16:
        return digital.astype("<i2").tobytes()
    return np.ascontiguousarray(digital.view(np.uint8).reshape(-1, 4)[:, :3]).tobytes()


def _sum_16(total: int) -> int:
    """Return the checksum of a signal: the signed sum of 16 bits."""
    return (total + (1 << 15)) % (1 << 16) - (1 << 15)


def _head(group: EvenGroup, name: str) -> str:
    # There is room for microseconds; the exact tick stands in a comment.
    micros, rest = divmod(group.first * NS_PER_TICK[group.record.clock], 1000)
    micros += rest > 500 or (rest == 500 and micros % 2)
    start = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=micros)
    return (
        f"{name} {len(group.rows)} {group.rate} {group.samples} "
        f"{start:%H:%M:%S.%f} {start:%d/%m/%Y}\n"
    )


def _comments(group: EvenGroup) -> str:
    record = group.record
    return (
        f"# hexoframe {__version__}, {record.family}\n"
        f"# first sample at tick {group.first} of 1/{record.clock} s since 1970, UTC\n"
    )


def _gain(row: Datatype) -> str:
    """Return counts a unit, the count of zero, and the unit."""
    gain, offset = Fraction(str(row.gain)), Fraction(str(row.offset))
    baseline: Any = -offset / gain
    if baseline.denominator != 1:
        raise ConfigurationError(
            f"zero of {row.column} lies between two counts, which WFDB cannot say"
        )
    unit = row.unit if row.unit.isascii() else "NU"
    return f"{float(1 / gain)!r}({baseline})/{unit}"
