"""Writes the manifest of a record, and counts what it promises.

The files of the channels are written by their formats.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hexoframe.channels import channels_of
from hexoframe.errors import ConfigurationError
from hexoframe.formats.atomic import new_file
from hexoframe.formats.own.manifest.layout import VERSION
from hexoframe.formats.own.manifest.reader import read_manifest
from hexoframe.formats.own.manifest.surveys import survey_to_json
from hexoframe.formats.own.manifest.tables import facts_to_json
from hexoframe.recording.frames import check_frame, ticks_of
from hexoframe.recording.survey import SampleCounter
from hexoframe.version import __version__

if TYPE_CHECKING:
    import pandas as pd

    from hexoframe.formats.own.manifest.layout import Layout
    from hexoframe.recording.data import RecordData
    from hexoframe.recording.facts import Facts

__all__ = [
    "Tally",
    "about_record",
    "as_json",
    "rewrite_facts",
    "target_of",
    "write_manifest",
]

_FACTS = "info of the record, or one of its tables,"


def target_of(record: RecordData, root: Path) -> Path:
    """Return the folder of a record: named by its id, or by its start without one."""
    start = record.start.tz_convert("UTC").strftime("%Y%m%dT%H%M%SZ")
    return Path(root) / f"record_{start if record.id is None else record.id}"


class Tally:
    """Checks and counts the rows of one channel on their way into a file.

    Parameters
    ----------
    record : RecordData
        Where they come from.
    name : str
        Name of the channel.
    """

    def __init__(self, record: RecordData, name: str) -> None:
        self._record = record
        self._channel = channels_of(record.family)[name]
        self._watch = SampleCounter(self._channel, scale=record.scale)
        self._rows = 0
        self._first: int | None = None
        self._last: int | None = None

    def watch(self, pieces: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        """Pass frames on.

        Raises
        ------
        ConfigurationError
            If a frame is not what the channel table says.
        TimestampError
            If a stamp lies between two ticks.
        """
        for piece in pieces:
            check_frame(piece, self._channel)
            ticks = ticks_of(piece, self._channel)
            if len(ticks):
                self._rows += len(ticks)
                self._first = int(ticks[0]) if self._first is None else self._first
                self._last = int(ticks[-1])
            self._watch.add(piece)
            yield piece

    def promise(self) -> dict[str, Any]:
        """Return what `parse_stored` reads, once all rows went by."""
        # A source may know more of a channel when all of it was read.
        receipt = self._record.receipt(self._channel.name)
        span = (self._record.start_tick, self._record.end_tick)
        return {
            "rows": self._rows,
            "first": self._first,
            "last": self._last,
            "step": self._watch.even_step(),
            "receipt": receipt._asdict(),
            "survey": survey_to_json(self._watch.survey(span, receipt)),
        }


def about_record(record: RecordData) -> dict[str, Any]:
    """Return what `parse_about` reads."""
    return {
        "hexoframe": __version__,
        "family": record.family,
        "clock": record.clock,
        "scale": record.scale,
        "span": [record.start_tick, record.end_tick],
        "tz": record.tz,
    }


def write_manifest(
    layout: Layout, record: RecordData, promises: Mapping[str, Any], folder: Path
) -> None:
    """Write the manifest beside the files of the channels.

    Parameters
    ----------
    layout : Layout
        The format.
    record : RecordData
        What was written.
    promises : mapping of str to dict
        By channel what `Tally.promise` returns, and what else is to be said of its
        file.
    folder : Path
        Where the files are.

    Raises
    ------
    ConfigurationError
        If the facts hold something that JSON has not.
    """
    contents = {
        "format": layout.name,
        "version": VERSION,
        **about_record(record),
        "start_time": record.start.tz_convert("UTC").isoformat(),
        "end_time": record.end.tz_convert("UTC").isoformat(),
        "info": record.facts.info,
        "facts": facts_to_json(record.facts),
        "channels": {
            name: {**_about_file(folder / layout.file_of(name), record, name), **more}
            for name, more in promises.items()
        },
    }
    text = as_json(contents, _FACTS, indent=1)
    (folder / layout.manifest).write_text(text + "\n", encoding="utf-8")


def rewrite_facts(layout: Layout, facts: Facts, folder: Path) -> None:
    """Replace what a manifest says beside the samples.

    Parameters
    ----------
    layout : Layout
        The format.
    facts : Facts
        What is to be said from now on.
    folder : Path
        Where the manifest is. It is replaced as a whole, or left as it is.

    Raises
    ------
    FileFormatError
        If the manifest cannot be read.
    ConfigurationError
        If the facts hold something that JSON has not.
    """
    path = folder / layout.manifest
    read_manifest(path, layout)
    told = json.loads(path.read_bytes())
    told |= {"info": facts.info, "facts": facts_to_json(facts)}
    text = as_json(told, _FACTS, indent=1)
    with new_file(path, overwrite=True) as fresh:
        fresh.write_text(text + "\n", encoding="utf-8")


def _about_file(path: Path, record: RecordData, name: str) -> dict[str, Any]:
    channel = channels_of(record.family)[name]
    raw = record.scale == "raw"
    return {
        "file": path.name,
        "bytes": path.stat().st_size,
        "kind": channel.kind,
        "rate_hz": channel.rate_hz,
        "columns": {
            column: {"unit": "count" if raw else unit, "dtype": channel.dtype}
            for column, unit in channel.units.items()
        },
    }


def as_json(value: Any, what: str, *, indent: int | None = None) -> str:
    """Return the JSON text of a value.

    Raises
    ------
    ConfigurationError
        If the value holds something that JSON has not, such as a time or NaN.
    """
    try:
        return json.dumps(value, indent=indent, allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(
            f"{what} cannot be written as JSON ({error}): keep to text, finite "
            "numbers, true, false, null, lists and dictionaries"
        ) from error
