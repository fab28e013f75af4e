"""Opens a folder of converter files, or one of them, as a record.

What the files are and how their samples are read stands in the modules beside.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hexoframe.formats.converter.channels import source_of
from hexoframe.formats.converter.files import inspect
from hexoframe.formats.converter.folder import (
    check_lengths,
    examine,
    find_ends,
    find_files,
    last_end,
    match,
)
from hexoframe.recording.data import LazyChannel, RecordData

if TYPE_CHECKING:
    import pandas as pd

    from hexoframe.formats.options import ReadOptions

__all__ = ["read", "sniff"]

_NAME = "converter CSV"
_SAMPLE_SUFFIXES = (".wav", ".hxd")


def sniff(path: Path) -> bool:
    """Whether a path is a CSV of the converter, or a folder of such without WAVs."""
    if path.is_file():
        return inspect(path) is not None
    items = [item for item in path.iterdir() if item.is_file()]
    if any(item.suffix.lower() in _SAMPLE_SUFFIXES for item in items):
        return False
    return any(inspect(item) for item in items)


def read(path: Path, options: ReadOptions) -> RecordData:
    """Open a folder of converter CSVs, or one of them.

    Parameters
    ----------
    path : Path
        Folder, or one file. What says when the record starts is looked for beside the
        files: `options.start`, ``info.json``, ``statistics.csv``, files with POSIX
        seconds.
    options : ReadOptions
        What to load and how.

    Returns
    -------
    RecordData
        Its channels are read when they are touched. It ends with its longest waveform
        or its last event.

    Raises
    ------
    FileFormatError
        If a line is broken, a time is no tick, or nothing says when the record starts.
    IncompleteDataError
        If a channel ends more than a second before the others and partial records were
        not allowed.
    ConfigurationError
        If nothing tells whether values are counts; raised when the channel is read.

    Notes
    -----
    Source: files of 2017 beside the WAVs that they were made from; the vendor's
    converters of 2014 (MATLAB) and 2015 (C). Epoch files without ``info.json`` are
    taken to be of the 256-tick clock unless the model says otherwise: the C tool
    refuses the other.
    """
    folder = path if path.is_dir() else path.parent
    export = examine(folder, find_files(path), options)
    columns = match(export)
    wanted = options.wanted(export.family)
    ends = find_ends(export, columns)
    end = last_end(export, ends)
    lost = check_lengths(export, ends, end)
    channels: dict[str, pd.DataFrame | LazyChannel] = {}
    for name, channel in wanted.items():
        mine = [columns[row] for row in channel.datatypes if row in columns]
        if mine:
            spans = {lost[each.row] for each in mine if each.row in lost}
            channels[name] = source_of(export, channel, mine, tuple(sorted(spans)))
    return RecordData(
        export.family,
        (export.start, end),
        channels,
        facts=export.said.facts(channels, source=_NAME, clock=export.clock),
        scale=options.scale,
    )
