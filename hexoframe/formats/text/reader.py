"""Reads a folder of classic .txt files, or one of them, as a record.

A line holds a time stamp (ticks, or text that has a tab itself) and the values of the
JSON API, which are not those of the frames: counts of ECG and respiration, g of
acceleration, s of intervals. How lines are parsed does not belong here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from hexoframe.errors import (
    FileFormatError,
    IncompleteDataError,
    MissingSamplesWarning,
    SkippedChannelWarning,
    warn,
)
from hexoframe.formats.checksums import OTHER_BYTES, SUMS, read_sums
from hexoframe.formats.sourcefiles import SourceFiles
from hexoframe.formats.text import facts as fact_files
from hexoframe.formats.text.channel import (
    ChannelFile,
    Reading,
    TextChannel,
    is_thinned,
)
from hexoframe.formats.text.folder import Files, decide, span_of
from hexoframe.formats.text.lines import LineFile, Stamps, examine, probe
from hexoframe.formats.text.names import (
    FACT_NAMES,
    SUFFIX,
    FileMeaning,
    all_names,
    names_of,
    only_hexoskin,
)
from hexoframe.jsontext import JsonSource
from hexoframe.paths import is_file, is_folder
from hexoframe.recording.data import RecordData
from hexoframe.recording.facts import Facts, check_info

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hexoframe.channels import Channel, Family
    from hexoframe.formats.options import ReadOptions

__all__ = ["read", "sniff"]

_NAME = "text"
_NO_SUMS: Mapping[str, str] = MappingProxyType({})
# Significant digits that the vendor's script gave a value.
_DIGITS = 12
# Old scripts may have saved only the first column of these.
_FIRST_COLUMN_ALONE = frozenset({"ecg", "respiration"})


# -- finding ---------------------------------------------------------------------------


def sniff(path: Path) -> bool:
    """Whether a path is a classic .txt or a folder of them, judged by content.

    At least one file must hold lines of a time stamp and values, or info.txt the start
    and end of a record whose channels are empty.
    """
    try:
        if is_folder(path):
            return _is_folder(_found(path))
        return is_file(path) and _is_lines(path)
    except (OSError, FileFormatError):
        return False


def _is_folder(found: dict[str, Path]) -> bool:
    known = found.keys() & all_names()
    if any(_is_lines(found[name]) for name in sorted(known)):
        return True
    info = _facts_text(found, "info") if known else ""
    return {"start", "end"} <= fact_files.parse_info(info or "").keys()


def _is_lines(path: Path) -> bool:
    file = examine(path)
    if file is None:
        return False
    # Ticks are plain enough; text before numbers is not.
    known = path.stem.lower() in all_names()
    return file.form == "epoch" or (known and file.form == "string")


def _found(path: Path) -> dict[str, Path]:
    """Return the .txt files of a folder, or the one file, by name in lower case."""
    paths = sorted(path.iterdir()) if is_folder(path) else [path]
    return {
        item.stem.lower(): item
        for item in paths
        if is_file(item) and (item == path or item.suffix.lower() == SUFFIX)
    }


# -- reading ---------------------------------------------------------------------------


def read(path: Path, options: ReadOptions) -> RecordData:
    """Read a folder of classic .txt files, or one of them.

    The beginning and the end of each file are looked at now, its lines when the channel
    is touched.
    """
    try:
        found = _found(path)
    except OSError as error:
        raise FileFormatError(f"{path}: cannot be read: {error.strerror}") from error
    sources = SourceFiles(found.values())
    files = {name: examine(found[name]) for name in found if name in all_names()}
    if not files:
        raise FileFormatError(
            f"{path}: not a classic .txt: expected files such as ecg.txt or "
            f"heart_rate.txt, found {', '.join(found) or 'none'}"
        )
    sums = _sums(path, found)
    _check_names(path, found, sums, options)
    info = fact_files.parse_info(_facts_text(found, "info", sums) or "")
    check_info(info, JsonSource(f"{path}, info.txt", advice="mend or remove that line"))
    family, stamps = decide(files, info, options)
    chosen, skipped = _choose(family, files)
    skipped += [found[name].name for name in found.keys() - files.keys() - FACT_NAMES]
    if skipped:
        warn(
            f"{path}: no channel of {family}, or one that another file holds: "
            f"{', '.join(sorted(skipped))}",
            SkippedChannelWarning,
        )
    reading = Reading(
        stamps=stamps,
        rounded=_is_rounded(files),
        scale=options.scale,
        record_id=info["id"] if isinstance(info.get("id"), int) else None,
        allow_partial=options.allow_partial,
        sums=sums,
        edited=_edited(info),
    )
    held = {
        name: TextChannel(
            channel, tuple(_file(item, stamps) for item in chosen[name]), reading
        )
        for name, channel in options.wanted(family).items()
        if name in chosen
    }
    seen = _check(path, held)
    facts = _facts(found, info, stamps, tuple(held), sums)
    used = [file.lines.path for item in held.values() for file in item.files]
    return RecordData(
        family,
        span_of(path, seen, facts, stamps),
        sources.guard({name: item.lazy() for name, item in held.items()}, used),
        facts=facts,
        scale=options.scale,
    )


def _sums(path: Path, found: dict[str, Path]) -> Mapping[str, str]:
    """Return the checksums of the files, where hexoframe wrote them; check empty files.

    An empty file is looked at no more, so its checksum is compared now.
    """
    sums = read_sums(path if path.is_dir() else path.parent) or {}
    for item in found.values():
        if item.name in sums and not item.stat().st_size:
            _check_sum(item, b"", sums)
    return sums


def _check_sum(path: Path, data: bytes, sums: Mapping[str, str]) -> None:
    known = sums.get(path.name)
    if known is not None and hashlib.sha256(data).hexdigest() != known:
        raise FileFormatError(f"{path} {OTHER_BYTES}")


def _check_names(
    path: Path, found: dict[str, Path], sums: Mapping[str, str], options: ReadOptions
) -> None:
    """Refuse a folder with files of samples beside its list, or without some of it."""
    if not sums or not path.is_dir():
        return
    there = {item.name for name, item in found.items() if name in all_names()}
    if others := sorted(there - sums.keys()):
        raise FileFormatError(
            f"{path}: {', '.join(others)} not in {SUMS}, so these are files of two "
            f"recordings: take them out of the folder, or remove {SUMS} if they belong "
            "together"
        )
    if lacking := sorted(name for name in sums if not is_file(path / name)):
        message = f"{path}: {', '.join(lacking)} missing, which {SUMS} lists"
        if not options.allow_partial:
            raise IncompleteDataError(
                f"{message}: write or copy the record again, or say allow_partial=True "
                "to take what is there"
            )
        warn(message, MissingSamplesWarning)


def _is_rounded(files: Files) -> bool:
    """Whether values have 12 digits, as in the vendor's HxApi2_0, and not all.

    Names that only the port used tell it, and else the digits.
    """
    if files.keys() & only_hexoskin():
        return False
    held = (file for file in files.values() if file is not None)
    return all(file.digits <= _DIGITS for file in held)


_Chosen = tuple[FileMeaning, LineFile]


def _choose(family: Family, files: Files) -> tuple[dict[str, list[_Chosen]], list[str]]:
    """Return the files of each channel, and the files that are left.

    A file of the whole channel comes before files of single columns, a file with
    samples before an empty one, today's names before older ones.
    """
    names = names_of(family)
    skipped = [_shown(name, file) for name, file in files.items() if name not in names]
    meant = [(names[name], name, file) for name, file in files.items() if name in names]
    meant.sort(key=lambda item: (item[2] is None, item[0].rank, item[1]))
    chosen: dict[str, list[_Chosen]] = {}
    for meaning, name, file in meant:
        held = chosen.setdefault(meaning.channel.name, [])
        taken = {row.column for other, _ in held for row in other.rows}
        if taken & {row.column for row in meaning.rows}:
            skipped.append(_shown(name, file))
        elif file is not None:
            held.append((meaning, file))
    return chosen, skipped


def _shown(name: str, file: LineFile | None) -> str:
    return f"{name}{SUFFIX}" if file is None else file.path.name


def _file(item: _Chosen, stamps: Stamps) -> ChannelFile:
    meaning, file = item
    width, most = len(file.fields) - stamps.fields, len(meaning.rows)
    alone = width == 1 and meaning.channel.name in _FIRST_COLUMN_ALONE
    if width != most and not alone:
        raise FileFormatError(
            f"{file.path}: line 1: found {len(file.fields)} fields "
            f"({file.head[0][:80].decode(errors='replace')!r}), expected "
            f"{stamps.fields} of the time stamp and {most} of {meaning.channel.name} "
            f"on a {meaning.channel.datatypes[0].family}, split by tabs; is model= "
            "or timestamp_format= another one?"
        )
    rows = meaning.rows[:width]
    return ChannelFile(lines=file, rows=rows, physical=meaning.physical)


def _check(path: Path, held: dict[str, TextChannel]) -> tuple[int, int] | None:
    """Look at the first and last stamps; return the time that they span, if any."""
    bounds, faults = [], []
    for item in held.values():
        for file in item.files:
            ticks = probe(file.lines, item.reading.stamps)
            faults += _faults(item, file.lines, ticks)
            if len(ticks):
                bounds.append(_bounds(item.channel, ticks))
    if faults:
        _report(path, faults, held)
    if not bounds:
        return None
    return min(start for start, _ in bounds), max(end for _, end in bounds)


def _bounds(channel: Channel, ticks: NDArray[np.int64]) -> tuple[int, int]:
    """Return the start and end of the time that the samples of a channel cover."""
    first, last = int(ticks[0]), int(ticks[-1])
    if channel.ticks is None:
        return first, last
    step = round(channel.ticks)
    return (first - step, last) if channel.first_sample else (first, last + step)


def _faults(item: TextChannel, file: LineFile, ticks: NDArray[np.int64]) -> list[str]:
    """Describe what a file is missing that the service had."""
    channel, faults = item.channel, []
    if file.rest:
        faults.append(f"{file.path.name} ends in the middle of a line")
    if item.is_edited or channel.ticks is None:
        return faults
    if is_thinned(channel, ticks[:-1]):
        step = int(np.median(np.diff(ticks[:-1])))
        item.expected = int((int(ticks[-1]) - int(ticks[0])) / channel.ticks) + 1
        faults.append(
            f"{file.path.name} has a sample every {step} ticks instead of every "
            f"{channel.ticks}, so about {item.expected} samples were thinned by the "
            "service"
        )
    return faults


def _report(path: Path, faults: list[str], held: dict[str, TextChannel]) -> None:
    """Raise for missing samples, or warn if the caller allows partial records."""
    message = f"{path}: {'; '.join(faults)}"
    if any(item.reading.allow_partial for item in held.values()):
        warn(message, MissingSamplesWarning)
        return
    raise IncompleteDataError(
        f"{message}: load the record again, or say allow_partial=True to take what is "
        "there",
        ledger={name: item.receipt() for name, item in held.items()},
    )


def _facts_text(
    found: dict[str, Path], name: str, sums: Mapping[str, str] = _NO_SUMS
) -> str | None:
    """Return the text of info, annotations or track; None if there is no file."""
    if name not in found:
        return None
    try:
        data = found[name].read_bytes()
    except OSError as error:
        raise FileFormatError(
            f"{found[name]}: cannot be read: {error.strerror}"
        ) from error
    _check_sum(found[name], data, sums)
    try:
        return data.decode()
    except UnicodeDecodeError:
        # The old script wrote in the code page of the machine.
        return data.decode("cp1252", errors="replace")


def _edited(info: dict[str, Any]) -> frozenset[str]:
    """Return the channels that were cleaned before they were written."""
    named = info.get("edited")
    return frozenset(map(str, named)) if isinstance(named, list) else frozenset()


def _facts(
    found: dict[str, Path],
    info: dict[str, Any],
    stamps: Stamps,
    held: tuple[str, ...],
    sums: Mapping[str, str],
) -> Facts:
    # One old version left an empty file where it had not asked for ranges.
    ranges = _facts_text(found, "annotations", sums) or None
    track = _facts_text(found, "track", sums)
    edited = _edited(info)
    ways = {name: f"{_NAME}, edited" if name in edited else _NAME for name in held}
    return Facts(
        info={**info, "provenance": ways},
        ranges=None
        if ranges is None
        else fact_files.parse_ranges(ranges, stamps, where=str(found["annotations"])),
        track=None
        if track is None
        else fact_files.parse_track(track, where=str(found["track"])),
    )
