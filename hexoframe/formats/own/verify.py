"""Verify files against the manifest, open its record, and compare two records.

How a file is checked and read is up to its format. Missing and damaged files are
refused or, if the caller allows it, stand as lost in the ledger. No file is written
here.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import numpy as np
import pandas as pd

from hexoframe.channels import CLOCK_OF_FAMILY, channels_of, family_of
from hexoframe.channels.calibration import values_from_counts
from hexoframe.errors import (
    ConfigurationError,
    FileFormatError,
    IncompleteDataError,
    MissingSamplesWarning,
    SkippedChannelWarning,
    warn,
)
from hexoframe.formats.checksums import sha256_of
from hexoframe.formats.memory import check_memory
from hexoframe.formats.own.manifest import read_manifest, tables_to_json
from hexoframe.formats.sourcefiles import SourceFiles
from hexoframe.paths import is_file
from hexoframe.recording import metadata
from hexoframe.recording.data import LazyChannel, RecordData
from hexoframe.recording.frames import make_frame, to_raw

if TYPE_CHECKING:
    from hexoframe.channels import Channel
    from hexoframe.channels.calibration import Scale
    from hexoframe.formats.options import ReadOptions
    from hexoframe.formats.own.manifest import ChannelEntry, Layout, Manifest
    from hexoframe.recording.belts import Belts
    from hexoframe.recording.gaps import Receipt

__all__ = [
    "Check",
    "Fault",
    "check_bytes",
    "find_faults",
    "open_manifest",
    "other_bytes",
    "raise_faults",
    "rescaled",
    "same_record",
]

_MOST_FAULTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with a file.

    Attributes
    ----------
    text : str
        In words, with the name of the file.
    incomplete : bool
        Whether the only fault is that data are missing.
    held : int
        Rows at the beginning that can be read all the same.
    lost_from : int or None, in ticks
        Stamp of the first row that is lost; None if all rows are.
    """

    text: str
    incomplete: bool = False
    held: int = 0
    lost_from: int | None = None


# How a format checks a file that is there.
Check = Callable[["ChannelEntry", "Channel"], Fault | None]


def open_manifest(
    path: Path,
    manifest: Manifest,
    options: ReadOptions,
    *,
    check: Check,
    lazy: Callable[[ChannelEntry, Channel, Fault | None], LazyChannel],
) -> RecordData:
    """Open the record of a manifest; `path` is for messages.

    `lazy` says how the format reads a file, also one with a fault. Errors and warnings
    are those that the `read` of the formats tells.
    """
    _check_model(path, manifest, options)
    wanted = _wanted(path, manifest, options)
    _check_sizes(path, manifest, wanted)
    paths = {name: manifest.channels[name].path for name in wanted}
    sources = SourceFiles(paths.values())
    faults = find_faults(manifest, wanted, check)
    if faults and not options.allow_partial:
        advice = "Write or copy the record again, or go on with allow_partial=True"
        raise_faults(path, manifest, faults, advice)
    if faults:
        text = f"{path}: opened in part: {_summary(faults)}"
        warn(text, MissingSamplesWarning)
    channels: dict[str, pd.DataFrame | LazyChannel] = {}
    for name, channel in wanted.items():
        entry, fault = manifest.channels[name], faults.get(name)
        receipt = _receipt(entry, fault, channel)
        survey = entry.survey if fault is None else None
        held = replace(lazy(entry, channel, fault), receipt=receipt, survey=survey)
        if entry.sha256 is None:
            channels[name] = sources.guard_channel(held, paths.values())
        else:
            # Its checksum knows it, also after the same was written again.
            channels[name] = sources.guard_channel(held, [entry.path], vouched=True)
    return RecordData(
        manifest.family,
        manifest.span,
        channels,
        facts=manifest.facts,
        scale=options.scale,
        tz=manifest.tz,
        belts=_kept_belts(manifest, faults),
    )


def _check_sizes(path: Path, manifest: Manifest, wanted: Mapping[str, Channel]) -> None:
    """Refuse files that unpack to far more than a recording of their size."""
    entries = [manifest.channels[name] for name in wanted]
    packed = sum(entry.path.stat().st_size for entry in entries if is_file(entry.path))
    columns = [
        (entry.rows, np.dtype(channel.dtype).itemsize)
        for entry, channel in zip(entries, wanted.values(), strict=True)
        for _ in channel.columns
    ]
    check_memory(str(path), packed, columns)


def _kept_belts(manifest: Manifest, faults: Mapping[str, Fault]) -> Belts | None:
    """Return what the belts say, also if their channel is not wanted."""
    for name, entry in manifest.channels.items():
        if entry.survey is not None and entry.survey.belts is not None:
            return None if name in faults else entry.survey.belts
    return None


def find_faults(
    manifest: Manifest, wanted: Mapping[str, Channel], check: Check
) -> dict[str, Fault]:
    """Compare the files of channels with the manifest; return the faults by channel."""
    faults = {}
    for name, channel in wanted.items():
        entry = manifest.channels[name]
        fault = _absent(entry.path)
        if fault is None:
            fault = check(entry, channel)
        if fault is not None:
            faults[name] = fault
    return faults


def _absent(path: Path) -> Fault | None:
    if is_file(path):
        return None
    if os.path.lexists(path):
        return Fault(text=f"{path.name} is no file, but a folder, a link or a device")
    return Fault(text=f"{path.name} is missing", incomplete=True)


def other_bytes(entry: ChannelEntry, data: bytes | None = None) -> str:
    """Say that the checksum differs, if it does; `data` are the bytes if read."""
    if entry.sha256 is None:
        return ""
    digest = sha256_of(entry.path) if data is None else hashlib.sha256(data).hexdigest()
    if digest == entry.sha256:
        return ""
    return "is not what was written: its SHA-256 is not that of the manifest"


def check_bytes(entry: ChannelEntry, data: bytes | None = None) -> None:
    """Refuse a file with another checksum; `data` are its bytes if they were read."""
    if text := other_bytes(entry, data):
        raise FileFormatError(f"{entry.path} {text}; write or copy the record again")


def raise_faults(
    path: Path, manifest: Manifest, faults: Mapping[str, Fault], advice: str
) -> NoReturn:
    """Raise `IncompleteDataError` if data are only missing, else `FileFormatError`."""
    message = f"{path}: {_summary(faults)}. {advice}"
    if not all(fault.incomplete for fault in faults.values()):
        raise FileFormatError(message)
    known = channels_of(manifest.family)
    ledger = {
        name: _receipt(entry, faults.get(name), known.get(name))
        for name, entry in manifest.channels.items()
    }
    raise IncompleteDataError(message, ledger=ledger)


def same_record(
    layout: Layout,
    folders: tuple[Path, Path],
    same_file: Callable[[ChannelEntry, ChannelEntry], bool],
) -> bool:
    """Whether two folders of a format hold the same record.

    What only depends on the versions of hexoframe and of Arrow does not count.
    `same_file` compares the files of a channel, and whether the first is undamaged.
    """
    try:
        old, new = (
            read_manifest(layout.manifest_at(folder), layout) for folder in folders
        )
    except FileFormatError:
        return False  # the one that was there is damaged
    return _said(old) == _said(new) and all(
        same_file(old.channels[name], entry) for name, entry in new.channels.items()
    )


def _said(manifest: Manifest) -> tuple[object, ...]:
    """Return what a manifest says of the record, for comparing."""
    entries = {
        name: (entry.rows, entry.first, entry.last, entry.receipt)
        for name, entry in manifest.channels.items()
    }
    facts = manifest.facts
    span = (manifest.family, manifest.scale, manifest.span, manifest.tz)
    return *span, facts.info, tables_to_json(facts), entries


def rescaled(
    frame: pd.DataFrame, channel: Channel, *, held: Scale, wanted: Scale
) -> pd.DataFrame:
    """Return a frame that was written at the scale `held` at the scale `wanted`."""
    if held == wanted:
        return frame
    if wanted == "raw":
        return to_raw(frame, channel)
    values = {
        row.column: values_from_counts(frame[row.column].to_numpy(), row)
        for row in channel.datatypes
    }
    number = metadata.block_of(frame).get("record")
    return make_frame(channel, pd.DatetimeIndex(frame.index), values, record_id=number)


def _check_model(path: Path, manifest: Manifest, options: ReadOptions) -> None:
    if options.model is None:
        return
    clock = CLOCK_OF_FAMILY[manifest.family]
    if family_of(options.model, clock=clock) != manifest.family:
        raise ConfigurationError(
            f"{path} is a record of {manifest.family}, not of {options.model!r}: leave "
            "model= out"
        )


def _wanted(path: Path, manifest: Manifest, options: ReadOptions) -> dict[str, Channel]:
    """Return the channels to load; warn of those that the channel table has not."""
    known = channels_of(manifest.family)
    strangers = [name for name in manifest.channels if name not in known]
    if strangers and options.channels is None:
        warn(
            f"{path}: {', '.join(strangers)} left out: no channel of "
            f"{manifest.family}; a newer hexoframe may know more",
            SkippedChannelWarning,
        )
    wanted = options.wanted(manifest.family)
    return {name: wanted[name] for name in wanted if name in manifest.channels}


def _summary(faults: Mapping[str, Fault]) -> str:
    texts = [fault.text for fault in faults.values()]
    left = len(texts) - _MOST_FAULTS
    return "; ".join(texts[:_MOST_FAULTS]) + (f"; and {left} more" if left > 0 else "")


def _receipt(
    entry: ChannelEntry, fault: Fault | None, channel: Channel | None
) -> Receipt:
    """Return the receipt of a channel, with what a fault lost."""
    known = entry.receipt
    if fault is None or channel is None:
        return known
    lost = known.lost
    if entry.rows:
        first = entry.first if fault.lost_from is None else fault.lost_from
        step = 1 if channel.ticks is None else round(channel.ticks)
        begins = (min(first, entry.last) - channel.lag, entry.last - channel.lag)
        lost = (*lost, (begins[0], begins[1] + step))
    return known._replace(
        samples=fault.held,
        expected=entry.rows if known.expected is None else known.expected,
        lost=tuple(sorted(lost)),
    )
