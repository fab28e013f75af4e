"""BIDS: a record, or a study, as physiological recordings of a dataset to share.

One ``_recording-<rate>_physio.tsv.gz`` without a header line and one JSON file for each
rate, with ``n/a`` for what is missing; events, states and slower channels in
``_events.tsv``. Written, and not read. Source: the Brain Imaging Data Structure,
https://bids-specification.readthedocs.io, version 1.10.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from hexoframe.errors import ConfigurationError, MissingFactsWarning, warn
from hexoframe.formats.atomic import new_file, new_folder
from hexoframe.formats.decimals import decimal_seconds, lines_of
from hexoframe.formats.options import channels_to_write
from hexoframe.formats.steps import EvenGroup, even_groups, whole_channel
from hexoframe.paths import expanded, writing_to
from hexoframe.recording.frames import ticks_of
from hexoframe.timestamps.ticks import NS_PER_TICK
from hexoframe.version import __version__

if TYPE_CHECKING:
    from hexoframe.channels import Channel
    from hexoframe.recording.data import RecordData

__all__ = ["write", "write_study"]

_VERSION = "1.10.0"
_LABEL = re.compile(r"[A-Za-z0-9]+")
_MISSING = "n/a"
_TABS = re.compile(r"[\x00-\x1f\x7f]+")
# Recordings of the body without images lie with the behavioural ones.
_KIND = "beh"
_PHYSIO = re.compile(
    r"_recording-[A-Za-z0-9]+_physio\.(tsv\.gz|json)|_events\.(tsv|json)"
)
_README = """\
Recordings of a Hexoskin or Astroskin smart shirt, written by hexoframe.

Each file *_recording-<rate>_physio.tsv.gz has the channels of one rate, in the units
that the JSON file beside it says; n/a is a sample that is missing. *_events.tsv has the
beats, breaths and steps that the device found, its states, activities and notes. Times
are in seconds from the start of the recording, which *_scans.tsv says in UTC.
"""


@dataclass(frozen=True, slots=True)
class _Entities:
    """The parts of a file name."""

    subject: str
    session: str | None
    task: str
    run: int | None

    def __post_init__(self) -> None:
        """Refuse labels that are not of letters and digits alone."""
        for name in ("subject", "session", "task"):
            label = getattr(self, name)
            if label is not None and not _LABEL.fullmatch(str(label)):
                raise ConfigurationError(
                    f"{name}={label!r}: BIDS takes letters and digits alone, such as "
                    "'01' or 'rest'"
                )
        if self.run is not None and not (isinstance(self.run, int) and self.run > 0):
            raise ConfigurationError(f"run={self.run!r}: give a number from 1 on")

    @property
    def owner(self) -> str:
        """Beginning of the names of subject and session."""
        session = "" if self.session is None else f"_ses-{self.session}"
        return f"sub-{self.subject}{session}"

    @property
    def stem(self) -> str:
        """Beginning of all file names."""
        run = "" if self.run is None else f"_run-{self.run}"
        return f"{self.owner}_task-{self.task}{run}"

    def folder(self, root: Path) -> Path:
        """Folder of the subject, or of the session."""
        folder = root / f"sub-{self.subject}"
        return folder if self.session is None else folder / f"ses-{self.session}"


def write(  # noqa: PLR0913  # the entities of a name, each a word of its own
    record: RecordData,
    root: Path,
    *,
    channels: Sequence[str | int] | None = None,
    overwrite: bool = False,
    subject: str | None = None,
    session: str | None = None,
    task: str = "recording",
    run: int | None = None,
) -> Path:
    """Write a record into a dataset, as `Record.to_bids` tells."""
    if subject is None:
        start = record.start.tz_convert("UTC").strftime("%Y%m%dT%H%M%SZ")
        # A pseudonym may have other signs than a label.
        subject = re.sub(r"[^A-Za-z0-9]", "", record.name or start)
    names = _Entities(str(subject), session, task, run)
    wanted = [
        whole_channel(record, name) for name in channels_to_write(record, channels)
    ]
    _warn_of_left_out(record)
    folder = names.folder(root) / _KIND

    def owned(name: str) -> bool:
        end = name.removeprefix(names.stem)
        return end != name and _PHYSIO.fullmatch(end) is not None

    groups, others = even_groups(record, wanted)
    with new_folder(folder, overwrite=overwrite, owned=owned) as target:
        written = [*_write_physio(groups, names, target)]
        written += _write_events(record, others, names, target)
    _note_dataset(record, root, names, written)
    return folder


def write_study(
    recordings: Iterable[tuple[str, RecordData]],
    root: str | Path,
    *,
    participants: pd.DataFrame | None = None,
    task: str = "recording",
    overwrite: bool = False,
) -> Path:
    """Write the recordings of a study as one dataset.

    Parameters
    ----------
    recordings : iterable of (str, RecordData)
        Label of the subject, of letters and digits, and a recording. Recordings of one
        subject are numbered as runs, in the order in which they come.
    root : str or Path
        Folder of the dataset.
    participants : DataFrame, optional
        What ``participants.tsv`` says of the subjects, indexed by their labels, such as
        columns ``age`` and ``sex``. Only subjects with a recording are written.
    task : str, default "recording"
        What the subjects did, of letters and digits.
    overwrite : bool, default False
        Whether files from before may be replaced.

    Returns
    -------
    Path
        The folder of the dataset.

    Raises
    ------
    ConfigurationError
        If a label has other signs than letters and digits.
    OutputExistsError
        If there are such files with other content and `overwrite` was not given.

    Notes
    -----
    Source: https://bids-specification.readthedocs.io, version 1.10.
    """
    path = expanded(root)
    runs: dict[str, int] = {}
    with writing_to(path):
        for subject, record in recordings:
            runs[subject] = runs.get(subject, 0) + 1
            write(
                record, path, subject=subject, run=runs[subject], task=task,
                overwrite=overwrite,
            )  # fmt: skip
        if participants is not None and runs:
            _note_participants(path, participants.loc[[*runs]])
    return path


def _warn_of_left_out(record: RecordData) -> None:
    held = [
        name
        for name in ("track", "metrics", "statistics")
        if (table := getattr(record.facts, name)) is not None and len(table)
    ]
    if held:
        warn(
            f"left out, without a place in BIDS: {', '.join(held)}. Parquet and CSV "
            "keep all that is known",
            MissingFactsWarning,
        )


# -- samples ---------------------------------------------------------------------------


def _write_physio(
    groups: Iterable[EvenGroup], names: _Entities, folder: Path
) -> Iterator[str]:
    """Write a table and a JSON file a rate; yield the names of the tables."""
    for group in groups:
        record = group.record
        stem = f"{names.stem}_recording-{group.rate}hz_physio"
        _write_table(group, folder / f"{stem}.tsv.gz")
        told = {
            "SamplingFrequency": group.rate,
            # Exact, as ticks of both clocks are in eight decimals.
            "StartTime": float(Fraction(group.first - record.start_tick, record.clock)),
            "Columns": [row.column for row, _ in group.rows],
            **_columns(group),
            **_maker(record, names.task),
            "HexoframeFirstTick": group.first,
            "HexoframeTicksPerSecond": record.clock,
        }
        _write_json(folder / f"{stem}.json", told)
        yield f"{stem}.tsv.gz"


def _columns(group: EvenGroup) -> dict[str, Any]:
    record = group.record
    return {
        row.column: {
            "Description": f"{row.api_name} of the {record.family}",
            "Units": row.unit if record.scale == "physical" else "count",
        }
        for row, _ in group.rows
    }


def _maker(record: RecordData, task: str) -> dict[str, Any]:
    return {
        "TaskName": task,
        "Manufacturer": "Carre Technologies",
        "ManufacturersModelName": record.family.partition("_")[0].capitalize(),
        "SoftwareVersions": f"hexoframe {__version__}",
    }


def _write_table(group: EvenGroup, path: Path) -> None:
    """Write samples side by side, without a header line, in blocks."""
    with path.open("wb") as file, _packed(file) as packed:
        for block in group.blocks():
            packed.write(lines_of(map(_texts, block)))


def _packed(file: Any) -> gzip.GzipFile:
    # No name and no time: the same samples give the same bytes.
    return gzip.GzipFile("", "wb", 6, file, mtime=0)


def _texts(values: Any) -> pa.Array:
    """Return numbers in the shortest form that reads back to the same one."""
    return pa.array(values, from_pandas=True).cast(pa.string()).fill_null(_MISSING)


# -- events ----------------------------------------------------------------------------


def _write_events(
    record: RecordData, channels: Iterable[Channel], names: _Entities, folder: Path
) -> Iterator[str]:
    """Write what happens at times of its own; yield the name of the table."""
    start = record.start_tick * NS_PER_TICK[record.clock]
    rows = [*_rows_of_channels(record, channels), *_rows_of_facts(record)]
    if not rows:
        return
    times = np.concatenate([times for times, _ in rows]) - start
    told = pd.concat([table for _, table in rows], ignore_index=True)
    order = np.argsort(times, kind="stable")
    onsets = decimal_seconds(times[order])
    columns = [pa.array(told[name].iloc[order], pa.string()) for name in told]
    head = "\t".join(["onset", *told]).encode() + b"\n"
    name = f"{names.stem}_events"
    (folder / f"{name}.tsv").write_bytes(head + lines_of([onsets, *columns]))
    meaning = {
        "onset": {"Description": "time from the start of the recording", "Units": "s"},
        "duration": {"Description": "length; 0 for an instant", "Units": "s"},
        "trial_type": {"Description": "what the device found, an activity, or a note"},
        "value": {"Description": "value, in the unit that trial_type says, or a text"},
        "TaskName": names.task,
    }
    _write_json(folder / f"{name}.json", meaning)
    yield f"{name}.tsv"


def _rows_of_channels(
    record: RecordData, channels: Iterable[Channel]
) -> Iterator[tuple[Any, pd.DataFrame]]:
    for channel in channels:
        frame, row = record[channel.name], channel.datatypes[0]
        unit = row.unit if record.scale == "physical" else "count"
        if len(frame):
            values = _texts(frame[row.column].to_numpy()).to_pylist()
            table = pd.DataFrame(
                {
                    "duration": "0",
                    "trial_type": f"{row.api_name} [{unit}]",
                    "value": values,
                }
            )
            yield ticks_of(frame, channel) * NS_PER_TICK[record.clock], table


def _rows_of_facts(record: RecordData) -> Iterator[tuple[Any, pd.DataFrame]]:
    ranges, marks = record.facts.ranges, record.facts.annotations
    if ranges is not None and ranges["start"].notna().any():
        held = ranges[ranges["start"].notna()]
        starts = pd.DatetimeIndex(held["start"]).as_unit("ns").asi8
        ends = pd.DatetimeIndex(held["end"].fillna(held["start"])).as_unit("ns").asi8
        lengths = decimal_seconds(np.maximum(ends - starts, 0)).to_pylist()
        names = [_clean(name) for name in held["name"]]
        yield (
            starts,
            pd.DataFrame(
                {"duration": lengths, "trial_type": "activity", "value": names}
            ),
        )
    if marks is not None and len(marks):
        texts = [_clean(comment) for comment in marks["comment"]]
        yield (
            pd.DatetimeIndex(marks.index).as_unit("ns").asi8,
            pd.DataFrame({"duration": "0", "trial_type": "note", "value": texts}),
        )


def _clean(text: Any) -> str:
    """Return a text for a cell: tabs and ends of lines would break the table."""
    return _TABS.sub(" ", "" if pd.isna(text) else str(text)).strip() or _MISSING


# -- the dataset -----------------------------------------------------------------------


def _note_dataset(
    record: RecordData, root: Path, names: _Entities, written: Sequence[str]
) -> None:
    """Write what the dataset lacks, and add the subject and the files to its tables."""
    described = {
        "Name": "Recordings of a smart shirt",
        "BIDSVersion": _VERSION,
        "DatasetType": "raw",
        "GeneratedBy": [{"Name": "hexoframe", "Version": __version__}],
    }
    if not (root / "dataset_description.json").exists():
        with new_file(root / "dataset_description.json", overwrite=False) as path:
            _write_json(path, described)
    if not (root / "README").exists():
        with new_file(root / "README", overwrite=False) as path:
            path.write_bytes(_README.encode())
    subject = pd.DataFrame(index=[names.subject])
    _note_participants(root, subject)
    start = record.start.tz_convert("UTC").round("us")
    rows = pd.DataFrame(
        {"acq_time": f"{start.strftime('%Y-%m-%dT%H:%M:%S.%f')}Z"},
        index=[f"{_KIND}/{name}" for name in written if name.endswith(".tsv.gz")],
    )
    _update_table(names.folder(root) / f"{names.owner}_scans.tsv", "filename", rows)


def _note_participants(root: Path, subjects: pd.DataFrame) -> None:
    labelled = subjects.set_axis([f"sub-{label}" for label in subjects.index])
    _update_table(root / "participants.tsv", "participant_id", labelled)


def _update_table(path: Path, key: str, rows: pd.DataFrame) -> None:
    """Add rows to a table, or new values to its rows; what others wrote in it stays."""
    if path.exists():
        held = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False).set_index(
            key
        )
    else:
        held = pd.DataFrame(index=pd.Index([], name=key, dtype=object))
    texts = rows.map(_clean)
    index = [*held.index, *(name for name in texts.index if name not in held.index)]
    columns = [*held.columns, *(name for name in texts.columns if name not in held)]
    table = held.reindex(index=index, columns=columns).astype(object)
    table.update(texts)
    table = table.fillna(_MISSING).rename_axis(key)
    made = table.to_csv(sep="\t", lineterminator="\n").encode()
    if not path.exists() or path.read_bytes() != made:
        with new_file(path, overwrite=True) as fresh:
            fresh.write_bytes(made)


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n", "utf-8")
