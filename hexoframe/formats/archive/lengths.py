"""Lengths of the WAV files of an export, and the gaps at their ends.

Only headers and the channel table are compared; no sample is read here.
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

if TYPE_CHECKING:
    from hexoframe.channels import Datatype
    from hexoframe.formats.archive.siblings import EventLoss
    from hexoframe.formats.archive.wav import WavHeader
    from hexoframe.timestamps import Clock

__all__ = ["Extent", "find_gaps", "measure", "record_end", "report_gaps", "sample_step"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """Length of a WAV: samples in the file, samples that its header states.

    `step` is in ticks per sample.
    """

    samples: int
    stated: int
    step: Fraction

    @property
    def held_ticks(self) -> Fraction:
        """Length of the samples in the file."""
        return self.samples * self.step

    @property
    def stated_ticks(self) -> Fraction:
        """Length that the header states."""
        return self.stated * self.step


def sample_step(row: Datatype, header: WavHeader, where: str) -> Fraction:
    """Return the ticks per sample of the table, checked against the header."""
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
    period = _table_step(row) / CLOCK_OF_FAMILY[row.family]
    # Channels slower than 1 Hz put their period in seconds into the rate field.
    return Fraction(header.rate) in (1 / period, period)


def _table_step(row: Datatype) -> Fraction:
    """Step by the table; exports have 1 Hz for what the table does not sample."""
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
    """Return the length of each WAV, by file name, if it states any samples.

    Channels that will not be loaded help to find the end of the record; with the rate
    of another model they are ignored, where a wanted channel raises.
    """
    extents = {}
    for row, name in files.items():
        header = waves.get(name)
        if header is None or not header.stated:
            continue
        if row.channel in wanted or _has_step(row, header):
            extents[name] = Extent(
                samples=header.samples,
                stated=header.stated,
                step=sample_step(row, header, f"{where}/{name}"),
            )
    return extents


def record_end(
    start: int, clock: Clock, extents: Iterable[Extent], stated: int | None
) -> int:
    """Return the tick after the longest channel, or `stated` if that is clearly later.

    Channels at 1 Hz and slower may hold one sample more than the record has seconds; it
    counts only if there is no waveform.
    """
    extents = list(extents)
    extra = any(extent.step < clock for extent in extents)
    lengths = [
        extent.stated_ticks - (extent.step if extra and extent.step >= clock else 0)
        for extent in extents
    ]
    longest = start + round(max(lengths, default=Fraction(0)))
    # Recorders write blocks: the stated end may lie a fraction of a second after the
    # last sample, which is not a gap.
    if stated is not None and (not lengths or stated - longest > clock):
        return stated
    return longest


def find_gaps(
    extents: Mapping[str, Extent], span: tuple[int, int], clock: Clock
) -> dict[str, tuple[int, int]]:
    """Return the missing end of WAVs: first missing tick, first tick after it.

    Missing is what a header states and the file does not hold, and what the record goes
    on after the end of the file, if that is more than a second and a sample.
    """
    start, end = span
    gaps = {}
    for name, extent in extents.items():
        last = start + extent.held_ticks
        cut = extent.stated > extent.samples
        if cut or end - last > clock + extent.step:
            stated = start + extent.stated_ticks
            gaps[name] = (round(last), max(end, round(stated)))
    return gaps


def report_gaps(  # noqa: PLR0913  # what was found, and where
    gaps: Mapping[str, tuple[int, int]],
    extents: Mapping[str, Extent],
    clock: Clock,
    *,
    events: Mapping[str, EventLoss],
    where: str,
    allow_partial: bool,
) -> None:
    """Raise for what is lost, or warn if partial records are allowed.

    `gaps` are those of `find_gaps`, `events` what files of events lack, by file name.
    """
    found = [
        f"{name} holds {extents[name].samples} of {extents[name].stated} samples and "
        f"ends {(after - first) / clock:.1f} s before the record"
        for name, (first, after) in gaps.items()
    ]
    found += [
        f"{name} lacks events from {loss.spans[0][0] / clock:.1f} s to "
        f"{loss.spans[-1][1] / clock:.1f} s: {loss.reason}"
        for name, loss in events.items()
    ]
    if not found:
        return
    message = f"{where}: {'; '.join(found)}"
    if not allow_partial:
        lost = {name: loss.spans for name, loss in events.items()}
        raise IncompleteDataError(
            f"{message}. Fetch the export again, or open what is there with "
            "allow_partial=True",
            ledger={**gaps, **lost},
        )
    warn(message, MissingSamplesWarning)
