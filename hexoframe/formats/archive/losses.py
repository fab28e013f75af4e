"""What a record has lost: events, whole files, files that lie beside its folder.

The relations between files are in `siblings`, the lengths of WAV files in `lengths`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING

from hexoframe.errors import MissingSamplesWarning, SkippedChannelWarning, warn
from hexoframe.formats.archive.infofiles import INFO_FILES, stated_end
from hexoframe.formats.archive.members import beside, placeholders
from hexoframe.formats.archive.siblings import (
    asked_for,
    differ,
    find_lost_events,
    find_missing,
    lost_end,
)

if TYPE_CHECKING:
    from hexoframe.channels import Datatype, Family
    from hexoframe.formats.archive.container import Container
    from hexoframe.formats.archive.infofiles import InfoFiles
    from hexoframe.formats.archive.members import EventFile, Members
    from hexoframe.formats.archive.siblings import EventLoss, Events
    from hexoframe.formats.archive.wav import WavHeader
    from hexoframe.timestamps import Clock

__all__ = ["lost_events", "missing_files", "say_absent", "warn_of_files_beside"]


def lost_events(
    files: Mapping[Datatype, EventFile],
    info: InfoFiles,
    span: tuple[int, int],
    clock: Clock,
) -> dict[Datatype, EventLoss]:
    """Return what event files lack: what others tell, and what lies behind a break."""
    start, end = span
    stated = stated_end(info, start, clock)
    # Statistics of another span count other events.
    same = stated is not None and abs(stated - end) <= clock
    table = info.statistics.table if info.statistics is not None and same else {}
    counts = {name: value for name, (value, _) in table.items()}
    lost: dict[Datatype, EventLoss] = {}
    # The ends, which are quickly read, tell whether the whole files must be compared.
    ends = _parsed(files, ends=True)
    sizes = {row.column: file.count for row, file in files.items()}
    if differ(sizes) or find_lost_events(ends, end - start, counts=counts):
        lost = find_lost_events(_parsed(files), end - start, counts=counts)
    broken = {
        row: lost_end(file.parse(), end - start, file.damage)
        for row, file in files.items()
        if file.damage
    }
    return lost | broken


def _parsed(
    files: Mapping[Datatype, EventFile], *, ends: bool = False
) -> dict[Datatype, Events]:
    parsed = {row: file.parse_if_sound(ends=ends) for row, file in files.items()}
    return {row: found for row, found in parsed.items() if found is not None}


def missing_files(  # noqa: PLR0913  # all that is known of the files
    container: Container,
    family: Family,
    members: Members,
    waves: Mapping[str, WavHeader],
    events: Mapping[Datatype, EventFile],
    *,
    info: InfoFiles,
    wanted: Collection[str],
) -> set[Datatype]:
    """Return the datatypes that are missing, and warn once of all.

    Files in another form are missing, too, but a warning has named them.
    """
    rows = members.rows
    sizes = {row: waves[name].samples for row, name in rows.items() if name in waves}
    sizes |= {row: file.count for row, file in events.items()}
    held = {*rows, *members.damaged, *members.empty}
    told = find_missing(family, held, sizes, asked_for(info.info.get("request")))
    absent = {*members.absent.values(), *members.copies} - held
    beside_it: dict[str, list[str]] = {}
    for row, witness in told.items():
        if row.channel in wanted and row not in absent:
            beside_it.setdefault(witness.api_name, []).append(row.api_name)
    said = [
        f"{', '.join(sorted(names))} missing, {witness} is there"
        for witness, names in beside_it.items()
    ]
    stand = [
        name
        for name, file in placeholders(container)
        if file.lower() in INFO_FILES
        or (name in members.absent and members.absent[name].channel in wanted)
    ]
    if stand:
        said.append(say_absent(stand))
    if said:
        warn(
            f"{container.label}: {'; '.join(said)}. What is missing is listed as lost "
            "in coverage() and gaps(); fetch the export again",
            MissingSamplesWarning,
        )
    return {row for row in {*told, *absent} if row.channel in wanted}


def say_absent(names: Collection[str]) -> str:
    """Say what placeholders are."""
    verb = "stands for a file" if len(names) == 1 else "stand for files"
    return (
        f"{', '.join(names)} {verb} not on this computer, or not whole: let the cloud "
        "or the browser fetch it"
    )


def warn_of_files_beside(container: Container, family: Family) -> None:
    """Warn of files beside the folder of a record that look like its channels."""
    names = beside(container, family)
    if names:
        label = PurePath(container.label)
        warn(
            f"{label.parent}: {', '.join(names)} beside the folder {label.name} left "
            "out: nothing tells which record it is of; move it into the folder if it "
            "belongs there",
            SkippedChannelWarning,
        )
