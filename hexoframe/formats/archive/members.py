"""Files of a record matched with channels: WAV headers, event files, what is damaged.

Whether the record is whole does not belong here (`lengths`, `siblings`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from hexoframe.channels import datatypes_of
from hexoframe.errors import (
    FileFormatError,
    HexoframeError,
    IncompleteDataError,
    SkippedChannelWarning,
    warn,
)
from hexoframe.formats.archive.container import placeholder_of
from hexoframe.formats.archive.events import (
    EVENT_HEADER,
    as_utf8,
    count_events,
    end_events,
    parse_event_file,
    parse_event_header,
    whole_events,
)
from hexoframe.formats.archive.infofiles import INFO_FILES
from hexoframe.formats.archive.siblings import Events
from hexoframe.formats.archive.wav import read_wav_header

if TYPE_CHECKING:
    from hexoframe.channels import Datatype, Family
    from hexoframe.formats.archive.container import Container
    from hexoframe.formats.archive.wav import WavHeader

__all__ = [
    "EventFile",
    "Members",
    "beside",
    "match_members",
    "placeholders",
    "read_event_files",
    "read_wave_headers",
]

_WAV, _CSV, _HXD = ".wav", ".csv", ".hxd"
# Enough of an event file to tell its first line, in any encoding.
_HEAD_BYTES = 64
# What a file without events has at most: a line of heading.
_START_BYTES = 1 << 16
_OTHER_FORM = "not in the vendor's format"


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """Files of a record by their datatype.

    Attributes
    ----------
    rows : dict of Datatype to str
        Name of the file of each datatype that can be read.
    damaged : dict of Datatype to (str, HexoframeError)
        Files that cannot be read, and what is wrong with them.
    absent : dict of str to Datatype
        Placeholders, which stand for files that are not there.
    copies : set of Datatype
        Datatypes with a file in another form; a warning names it.
    empty : set of Datatype
        Datatypes that the model does not have, with a WAV without samples.
    """

    rows: dict[Datatype, str] = field(default_factory=dict)
    damaged: dict[Datatype, tuple[str, HexoframeError]] = field(default_factory=dict)
    absent: dict[str, Datatype] = field(default_factory=dict)
    copies: set[Datatype] = field(default_factory=set)
    empty: set[Datatype] = field(default_factory=set)


def read_wave_headers(
    container: Container, *, partial: bool
) -> tuple[dict[str, WavHeader], dict[str, FileFormatError]]:
    """Return the header of each WAV and, if `partial`, what is wrong with others."""
    headers, broken = {}, {}
    for name, size in container.sizes().items():
        if not name.lower().endswith(_WAV):
            continue
        try:
            with container.open(name) as stream:
                where = f"{container.label}/{name}"
                headers[name] = read_wav_header(
                    stream, size, where=where, allow_cut=partial
                )
        except FileFormatError as error:
            if not partial:
                raise
            broken[name] = error
    return headers, broken


# -- matching --------------------------------------------------------------------------


def match_members(
    container: Container,
    family: Family,
    waves: Mapping[str, WavHeader],
    broken: Mapping[str, FileFormatError],
) -> Members:
    """Return the file of each datatype; warn of files that fit no channel.

    An event file that is none by its first line is damaged, unless the datatype has
    another file: then a converter wrote it.
    """
    known = _rows_by_name(family)
    members = Members()
    strange: dict[str, list[str]] = {}
    # Asked for once: it takes as long as there are members.
    sizes = container.sizes()
    for name in sorted(sizes, key=_preference):
        plain = placeholder_of(name) or name
        row = known.get(PurePosixPath(plain).stem.lower())
        # A converter's copy beside a WAV; a second WAV is something else.
        if plain.lower() in INFO_FILES or (row in members.rows and name not in waves):
            continue
        if row is not None and row.in_model and row not in members.rows:
            if plain != name:
                members.absent[name] = row
                continue
            error = broken.get(name) or _damage(container, row, name)
            if error is not None:
                members.damaged.setdefault(row, (name, error))
                continue
            if name in waves or _is_event_file(row, name):
                members.rows[row] = name
                continue
        if not _holds_nothing(container, name, sizes[name], waves.get(name)):
            reason = _why_left_out(row, members, family)
            strange.setdefault(reason, []).append(name)
        elif row is not None and not row.in_model:
            members.empty.add(row)
    for row in members.damaged.keys() & members.rows:
        strange.setdefault(_OTHER_FORM, []).append(members.damaged.pop(row)[0])
    _warn_left_out(container.label, strange)
    return members


def _warn_left_out(label: str, strange: Mapping[str, list[str]]) -> None:
    said = [
        f"{', '.join(sorted(names))} left out: {reason}"
        for reason, names in strange.items()
    ]
    if said:
        warn(f"{label}: {'; '.join(said)}", SkippedChannelWarning)


def _why_left_out(row: Datatype | None, members: Members, family: Family) -> str:
    """Say why a file is of no use, by the datatype of its name; note copies."""
    if row is None:
        return f"not named as a channel of {family}"
    if not row.in_model:
        return f"no channel of {family}"
    if row in members.rows:
        return "a second file of its channel"
    members.copies.add(row)
    return _OTHER_FORM


def _rows_by_name(family: Family) -> dict[str, Datatype]:
    rows: dict[str, Datatype] = {}
    for row in datatypes_of(family):
        rows.setdefault(row.api_name.lower(), row)
    for row in datatypes_of(family):
        for alias in row.aliases:
            rows.setdefault(alias, row)
    return rows


def _preference(name: str) -> tuple[int, str]:
    """WAV before CSV before .hxd, if a channel has several files."""
    order = {_WAV: 0, _CSV: 1, _HXD: 2}
    return order.get(PurePosixPath(name).suffix.lower(), 3), name


def _is_event_file(row: Datatype, name: str) -> bool:
    return row.ticks is None and name.lower().endswith((_CSV, _HXD))


def _damage(container: Container, row: Datatype, name: str) -> HexoframeError | None:
    """Say why a CSV with the name of an event file is none; None for any other file."""
    if not _is_event_file(row, name) or name.lower().endswith(_HXD):
        return None
    where = f"{container.label}/{name}"
    try:
        with container.open(name) as stream:
            head = stream.read(_HEAD_BYTES)
        line = as_utf8(head).partition(b"\n")[0]
        if head and not line.startswith(EVENT_HEADER):
            parse_event_header(line, where=where)
    except FileFormatError as error:
        return error
    if head:
        return None
    return IncompleteDataError(f"{where}: empty (0 bytes); fetch the export again")


def _holds_nothing(
    container: Container, name: str, size: int, wave: WavHeader | None
) -> bool:
    """Whether a file without a channel has no samples to lose."""
    if wave is not None:
        return wave.samples == 0
    if name.lower().endswith(_CSV):
        with container.open(name) as stream:
            data = stream.read(_START_BYTES)
        head, _, body = data.partition(b"\n")
        headed = not head.strip() or as_utf8(head).startswith(EVENT_HEADER)
        return headed and not body.strip()
    return size == 0


# -- files that stand for others, or lie elsewhere -------------------------------------


def placeholders(container: Container) -> Iterator[tuple[str, str]]:
    """Yield the placeholders in a container and the files that they stand for."""
    names = container.sizes()
    for name in names:
        stem = placeholder_of(name)
        if stem is not None and stem not in names:
            yield name, stem


def beside(container: Container, family: Family) -> list[str]:
    """Return the files beside the folder of a record that look like its channels.

    None if the folder above is a record itself: then they are its own.
    """
    plain = {name: name.lower().removesuffix(".gz") for name in container.beside()}
    samples = [name for name in plain.values() if name.endswith((_WAV, _HXD))]
    if samples and not INFO_FILES.isdisjoint(plain.values()):
        return []
    known = _rows_by_name(family)
    return [
        name
        for name, each in plain.items()
        if each.endswith((_WAV, _CSV, _HXD)) and PurePosixPath(each).stem in known
    ]


# -- event files -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFile:
    """An event file in memory; its end was checked.

    Attributes
    ----------
    count : int
        Events in it.
    damage : str
        Why only its beginning could be read; empty if it is whole.
    """

    row: Datatype
    where: str
    data: bytes
    count: int
    damage: str = ""

    def parse(self) -> Events:
        """Return the events."""
        return Events(*parse_event_file(self.data, self.row, where=self.where))

    def parse_if_sound(self, *, ends: bool = False) -> Events | None:
        """Return the events, or the first and last few alone.

        None if that fails, which reading the channel reports.
        """
        data = end_events(self.data, where=self.where) if ends else self.data
        try:
            return Events(*parse_event_file(data, self.row, where=self.where))
        except FileFormatError:
            return None


def read_event_files(
    container: Container,
    members: Members,
    waves: Collection[str],
    wanted: Collection[str],
    *,
    partial: bool,
) -> tuple[dict[Datatype, EventFile], dict[Datatype, HexoframeError]]:
    """Read the event files into memory; a day takes a few megabytes.

    That verifies their checksums and their ends. Damaged files of wanted channels are
    returned as errors; if `partial`, they are kept up to their first broken line.
    """
    found: dict[Datatype, EventFile] = {}
    damaged: dict[Datatype, HexoframeError] = {}
    for row, name in members.rows.items():
        if name in waves:
            continue
        try:
            found[row] = _read_events(container, row, name, partial=partial)
        except FileFormatError as error:
            if row.channel in wanted:
                damaged[row] = error
    return found, damaged


def _read_events(
    container: Container, row: Datatype, name: str, *, partial: bool
) -> EventFile:
    where = f"{container.label}/{name}"
    data = as_utf8(container.read(name))
    try:
        count = count_events(data, where=where)
        file = EventFile(row=row, where=where, data=data, count=count)
        if partial:
            file.parse()
    except FileFormatError as error:
        left = whole_events(data, row, where=where) if partial else b""
        if not left:
            raise
        count = count_events(left, where=where)
        damage = str(error).removeprefix(where).lstrip(",: ")
        file = EventFile(row=row, where=where, data=left, count=count, damage=damage)
    return file
