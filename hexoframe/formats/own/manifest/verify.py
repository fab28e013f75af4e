"""Whether the files of a record folder keep what its manifest promises, and opening it.

What a file should be stands in the manifest; how a format looks at one and reads it,
the format says. Here both are put together: missing and damaged files are refused, or
stand in the ledger as lost where the caller allows it. No file is written here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

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
from hexoframe.recording import metadata
from hexoframe.recording.data import LazyChannel, RecordData
from hexoframe.recording.frames import make_frame, to_raw

if TYPE_CHECKING:
    from hexoframe.channels import Channel
    from hexoframe.channels.calibration import Scale
    from hexoframe.formats.options import ReadOptions
    from hexoframe.formats.own.manifest.layout import Contents, Stored
    from hexoframe.recording.gaps import Receipt

__all__ = ["Fault", "Look", "find_faults", "open_contents", "refuse", "rescaled"]

_MOST_FAULTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with a file.

    Attributes
    ----------
    text : str
        In words, with the name of the file.
    incomplete : bool
        Whether all that is wrong is that something is missing.
    held : int
        Rows at its beginning that can be read all the same.
    lost_from : int or None
        Stamp of the first row that is lost; None if all are.
    """

    text: str
    incomplete: bool = False
    held: int = 0
    lost_from: int | None = None


# How a format looks at a file that is there.
Look = Callable[["Stored", "Channel"], Fault | None]


def open_contents(
    path: Path,
    contents: Contents,
    options: ReadOptions,
    *,
    look: Look,
    source: Callable[[Stored, Channel, Fault | None], LazyChannel],
) -> RecordData:
    """Open a record whose manifest was read.

    Parameters
    ----------
    path : Path
        Folder, manifest or file, for messages.
    contents : Contents
        What is promised.
    options : ReadOptions
        What the caller asks.
    look : callable
        How the format looks at a file that is there.
    source : callable
        How the format reads a file, also one with a fault.

    Returns
    -------
    RecordData
        The record; samples are read when they are first touched.

    Raises
    ------
    IncompleteDataError
        If files, bytes or rows are missing and that was not allowed.
    FileFormatError
        If a file is not what was written and that was not allowed.
    ConfigurationError
        If `options.model` is another than that of the record.

    Warns
    -----
    MissingSamplesWarning
        If `allow_partial` let the record open without some of its samples.
    SkippedChannelWarning
        If the channel table of this version lacks a channel.
    """
    _check_model(path, contents, options)
    wanted = _wanted(path, contents, options)
    faults = find_faults(contents, wanted, look)
    if faults and not options.allow_partial:
        advice = "Write or copy the record again, or go on with allow_partial=True"
        refuse(path, contents, faults, advice)
    if faults:
        text = f"{path}: opened in part: {_summary(faults)}"
        warn(text, MissingSamplesWarning)
    channels: dict[str, pd.DataFrame | LazyChannel] = {}
    for name, channel in wanted.items():
        stored, fault = contents.channels[name], faults.get(name)
        receipt = _receipt(stored, fault, channel)
        survey = stored.survey if fault is None else None
        held = source(stored, channel, fault)
        channels[name] = replace(held, receipt=receipt, survey=survey)
    return RecordData(
        contents.family,
        contents.span,
        channels,
        facts=contents.facts,
        scale=options.scale,
        tz=contents.tz,
    )


def find_faults(
    contents: Contents, wanted: Mapping[str, Channel], look: Look
) -> dict[str, Fault]:
    """Compare the files of channels with what is promised of them.

    Parameters
    ----------
    contents : Contents
        What is promised.
    wanted : mapping of str to Channel
        Channels to look at.
    look : callable
        How the format looks at a file that is there.

    Returns
    -------
    dict of str to Fault
        What is wrong, by channel; empty if all is well.
    """
    faults = {}
    for name, channel in wanted.items():
        stored = contents.channels[name]
        try:
            fault = look(stored, channel)
        except FileNotFoundError:
            fault = Fault(text=f"{stored.path.name} is missing", incomplete=True)
        if fault is not None:
            faults[name] = fault
    return faults


def refuse(
    path: Path, contents: Contents, faults: Mapping[str, Fault], advice: str
) -> NoReturn:
    """Raise for faults: `IncompleteDataError` if all that is wrong is missing data."""
    message = f"{path}: {_summary(faults)}. {advice}"
    if not all(fault.incomplete for fault in faults.values()):
        raise FileFormatError(message)
    known = channels_of(contents.family)
    ledger = {
        name: _receipt(stored, faults.get(name), known.get(name))
        for name, stored in contents.channels.items()
    }
    raise IncompleteDataError(message, ledger=ledger)


def rescaled(
    frame: pd.DataFrame, channel: Channel, *, held: Scale, wanted: Scale
) -> pd.DataFrame:
    """Return a frame that was written at one scale at the one that is asked for."""
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


def _check_model(path: Path, contents: Contents, options: ReadOptions) -> None:
    if options.model is None:
        return
    clock = CLOCK_OF_FAMILY[contents.family]
    if family_of(options.model, clock=clock) != contents.family:
        raise ConfigurationError(
            f"{path} is a record of {contents.family}, not of {options.model!r}: leave "
            "model= out"
        )


def _wanted(path: Path, contents: Contents, options: ReadOptions) -> dict[str, Channel]:
    """Return the channels to load; warn of those that the table does not have."""
    known = channels_of(contents.family)
    strangers = [name for name in contents.channels if name not in known]
    if strangers and options.channels is None:
        warn(
            f"{path}: {', '.join(strangers)} left out: no channel of "
            f"{contents.family}; a newer hexoframe may know more",
            SkippedChannelWarning,
        )
    wanted = options.wanted(contents.family)
    return {name: wanted[name] for name in wanted if name in contents.channels}


def _summary(faults: Mapping[str, Fault]) -> str:
    """Return the first faults in words, and how many more there are."""
    texts = [fault.text for fault in faults.values()]
    left = len(texts) - _MOST_FAULTS
    return "; ".join(texts[:_MOST_FAULTS]) + (f"; and {left} more" if left > 0 else "")


def _receipt(stored: Stored, fault: Fault | None, channel: Channel | None) -> Receipt:
    """Return what is known of a channel, after what was lost."""
    known = stored.receipt
    if fault is None or channel is None:
        return known
    lost = known.lost
    if stored.rows:
        first = stored.first if fault.lost_from is None else fault.lost_from
        step = 1 if channel.ticks is None else round(channel.ticks)
        begins = (min(first, stored.last) - channel.lag, stored.last - channel.lag)
        lost = (*lost, (begins[0], begins[1] + step))
    return known._replace(
        samples=fault.held,
        expected=stored.rows if known.expected is None else known.expected,
        lost=tuple(sorted(lost)),
    )
