"""How long the files of a vendor export are, how long they should be, and what lacks.

Headers, the channel table and the end that statistics.csv states are all that is looked
at; no sample is read here, and no file is matched with its channel.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from hexoframe.channels import CLOCK_OF_FAMILY
from hexoframe.errors import (
    FileFormatError,
    IncompleteDataError,
    MissingSamplesWarning,
    warn,
)
from hexoframe.formats.archive.infofiles import parse_tick

if TYPE_CHECKING:
    from hexoframe.channels import Datatype
    from hexoframe.formats.archive.infofiles import Statements
    from hexoframe.formats.archive.wav import WavHeader
    from hexoframe.timestamps import Clock

__all__ = [
    "Extent",
    "find_holes",
    "judge_holes",
    "measure",
    "record_end",
    "sample_step",
    "stated_end",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How long a WAV is, by its samples and by its header.

    Attributes
    ----------
    samples, promised : int
        Samples that the file holds, and that its header promises.
    step : Fraction
        Ticks from sample to sample.
    """

    samples: int
    promised: int
    step: Fraction

    @property
    def held_ticks(self) -> Fraction:
        """Length of the samples that are there."""
        return self.samples * self.step

    @property
    def promised_ticks(self) -> Fraction:
        """Length that the header promises."""
        return self.promised * self.step


def sample_step(row: Datatype, header: WavHeader, where: str) -> Fraction:
    """Ticks from sample to sample, by the table and confirmed by the header."""
    step = _table_step(row)
    if not _has_step(row, header):
        rate = float(CLOCK_OF_FAMILY[row.family] / step)
        raise FileFormatError(
            f"{where}: the header says {header.rate} Hz, {row.api_name} of "
            f"{row.family} has {rate:g} Hz; name the right model=, or "
            "leave the channel out with channels="
        )
    return step


def _has_step(row: Datatype, header: WavHeader) -> bool:
    """Whether a header has the rate that the table says."""
    period = _table_step(row) / CLOCK_OF_FAMILY[row.family]
    # Channels slower than 1 Hz put their period in seconds into the rate field.
    return Fraction(header.rate) in (1 / period, period)


def _table_step(row: Datatype) -> Fraction:
    """Step of a WAV; where the table knows none, exports have 1 Hz."""
    if row.ticks is not None:
        return row.ticks
    return Fraction(CLOCK_OF_FAMILY[row.family])


def measure(
    files: Mapping[Datatype, str],
    waves: Mapping[str, WavHeader],
    *,
    wanted: Collection[str],
    where: str,
) -> dict[str, Extent]:
    """Return the length of each WAV that holds samples, or should.

    Parameters
    ----------
    files : mapping of Datatype to str
        Name of the file of each datatype.
    waves : mapping of str to WavHeader
        Headers of those that are WAV files.
    wanted : collection of str
        Channels that will be loaded. Others say how long the record is, but one with
        the rate of another model says nothing.
    where : str
        Name of the export, for messages.

    Returns
    -------
    dict of str to Extent
        By name of the file.

    Raises
    ------
    FileFormatError
        If a channel that is wanted has the rate of another model.
    """
    extents = {}
    for row, name in files.items():
        header = waves.get(name)
        if header is None or not header.promised:
            continue
        if row.channel in wanted or _has_step(row, header):
            extents[name] = Extent(
                samples=header.samples,
                promised=header.promised,
                step=sample_step(row, header, f"{where}/{name}"),
            )
    return extents


def record_end(
    start: int, clock: Clock, extents: Iterable[Extent], stated: int | None
) -> int:
    """End of the longest channel, or what the export states where that is later.

    Channels at 1 Hz and slower may hold a sample more than the record has seconds; it
    counts only where there is no waveform.

    Parameters
    ----------
    start : int
        First tick of the record.
    clock : {256, 1000}
        Ticks in a second.
    extents : iterable of Extent
        Lengths of the channels.
    stated : int or None
        What `stated_end` says.

    Returns
    -------
    int
        The tick behind the last sample.
    """
    extents = list(extents)
    extra = any(extent.step < clock for extent in extents)
    lengths = [
        extent.promised_ticks - (extent.step if extra and extent.step >= clock else 0)
        for extent in extents
    ]
    longest = start + round(max(lengths, default=Fraction(0)))
    # Recorders write blocks: the stated end may lie a fraction of a second behind the
    # last sample, which is no hole.
    if stated is not None and (not lengths or stated - longest > clock):
        return stated
    return longest


def stated_end(said: Statements, start: int, clock: Clock) -> int | None:
    """End of the record as statistics.csv has it: a tick, or a duration in s.

    Raises
    ------
    FileFormatError
        If it is neither.
    """
    where = f"{said.label}/statistics.csv"
    end, duration = said.statistic("end"), said.statistic("duration")
    if end:
        return max(start, parse_tick(end, where=f"{where}, 'end'"))
    if not duration:
        return None
    try:
        return start + max(0, round(Fraction(duration) * clock))
    except (ValueError, ZeroDivisionError) as error:
        raise FileFormatError(
            f"{where}, 'duration': expected seconds, found {duration!r}"
        ) from error


def find_holes(
    extents: Mapping[str, Extent], span: tuple[int, int], clock: Clock
) -> dict[str, tuple[int, int]]:
    """Return the spans that WAVs lack.

    A WAV lacks what it promises and does not hold, and what the record goes on for
    behind its end, if that is more than a second and a sample.

    Parameters
    ----------
    extents : mapping of str to Extent
        Lengths of the channels that will be loaded, by the name of their file.
    span : tuple of int
        First tick of the record, and the tick behind its last sample.
    clock : {256, 1000}
        Ticks in a second.

    Returns
    -------
    dict of str to (int, int)
        By name of the file: the first tick that lacks, and the first behind.
    """
    start, end = span
    holes = {}
    for name, extent in extents.items():
        last = start + extent.held_ticks
        cut = extent.promised > extent.samples
        if cut or end - last > clock + extent.step:
            promised = start + extent.promised_ticks
            holes[name] = (round(last), max(end, round(promised)))
    return holes


def judge_holes(
    holes: Mapping[str, tuple[int, int]],
    extents: Mapping[str, Extent],
    clock: Clock,
    *,
    where: str,
    allow_partial: bool,
) -> None:
    """Raise for what WAVs lack, or warn where partial records are allowed.

    Parameters
    ----------
    holes : mapping of str to (int, int)
        As of `find_holes`; nothing happens if it is empty.
    extents : mapping of str to Extent
        As for `find_holes`.
    clock : {256, 1000}
        Ticks in a second.
    where : str
        Name of the export, for messages.
    allow_partial : bool
        Whether a warning is enough.

    Raises
    ------
    IncompleteDataError
        If it is not.
    """
    if not holes:
        return
    told = "; ".join(
        f"{name} holds {extents[name].samples} of {extents[name].promised} samples and "
        f"ends {(behind - first) / clock:.1f} s before the record"
        for name, (first, behind) in holes.items()
    )
    if not allow_partial:
        raise IncompleteDataError(
            f"{where}: {told}. Fetch the export again, or open what is there with "
            "allow_partial=True",
            ledger=dict(holes),
        )
    warn(f"{where}: {told}", MissingSamplesWarning)
