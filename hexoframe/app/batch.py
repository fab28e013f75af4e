"""Loads, opens, writes and draws many records; one that fails stops no other.

The command line and the menu download and convert with it. Nothing is printed here, and
no user is asked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from hexoframe.app.choices import (
    FAILURES,
    NoRecordingError,
    Output,
    Saved,
    Selection,
)
from hexoframe.errors import ConfigurationError, FileFormatError, would_meet_all
from hexoframe.paths import expanded, is_file

if TYPE_CHECKING:
    from hexoframe.app.pictures import Drawing
    from hexoframe.client import Client
    from hexoframe.opening import Records
    from hexoframe.record import Record

__all__ = [
    "draw_files",
    "draw_records",
    "each_of",
    "each_saved",
    "open_each",
    "save_deidentified",
    "save_files",
    "save_ranges",
    "save_records",
]

_T = TypeVar("_T")


# -- one after the other ---------------------------------------------------------------


def each_of(
    names: Iterable[str], work: Callable[[str], _T]
) -> Iterator[tuple[str, _T | Exception]]:
    """Call `work` with each name once; yield the name and what it returned or raised.

    Raises AuthenticationError or UnreachableError if every name would fail alike: bad
    login, or no answer from the service.
    """
    for name in dict.fromkeys(names):
        try:
            done: Any = work(name)
        except FAILURES as error:
            if would_meet_all(error):
                raise
            done = error
        yield name, done


def save_records(
    client: Client,
    numbers: Iterable[str],
    selection: Selection,
    output: Output,
    **how: Any,
) -> Iterator[Saved]:
    """Load records and write them.

    `how` goes to `Client.load_record`: refresh, offline, allow_partial, progress.
    Raises as `each_of`.
    """
    output = replace(output, written={})

    def save(number: str) -> Saved:
        wanted = {**selection.arguments(), "units": output.units}
        record = client.load_record(number, **wanted, **how)
        return output.save(number, record)

    return each_saved(numbers, save)


def save_ranges(
    client: Client,
    numbers: Iterable[str],
    selection: Selection,
    output: Output,
    **how: Any,
) -> Iterator[Saved]:
    """Load ranges (activities) and write them, each into ``range_<id>/``.

    Ranges of one record would otherwise have the same file names. Else as
    `save_records`.
    """
    output = replace(output, written={})

    def save(number: str) -> Saved:
        wanted = {**selection.whole(), "units": output.units}
        record = client.load_range(number, **wanted, **how)
        return output.save(number, selection.of(record), below=f"range_{number}")

    return each_saved(numbers, save)


def save_files(
    paths: Iterable[str], selection: Selection, output: Output, **how: Any
) -> Iterator[Saved]:
    """Open the recordings in `paths` (see `open_each`) and write them."""
    output = replace(output, written={})
    for name, record in open_each(paths, selection, units=output.units, **how):
        if isinstance(record, Exception):
            yield Saved(name=name, errors=[record])
        else:
            yield output.save(name, record)


def save_deidentified(
    paths: Iterable[str],
    selection: Selection,
    output: Output,
    wish: Mapping[str, Any],
    **how: Any,
) -> Iterator[tuple[Saved, str | None]]:
    """Open the recordings in `paths`, and write them without what names a person.

    `wish` are the arguments of `Record.deidentify`, and `zone`, that of the wearer.
    Yields what became of each recording, with its pseudonym. Beside it lies its
    receipt. Several recordings cannot have one pseudonym: ConfigurationError.
    """
    output = replace(output, written={})
    arguments = dict(wish)
    zone = arguments.pop("zone", None)
    opened: Iterable[tuple[str, Record | Exception]] = open_each(
        paths, selection, units=output.units, **how
    )
    if arguments.get("pseudonym") is not None:
        opened = list(opened)
        count = sum(not isinstance(record, Exception) for _, record in opened)
        if count > 1:
            raise ConfigurationError(
                f"there are {count} recordings, and pseudonym= names one: leave it out "
                "for random ones, or take them one by one"
            )
    for name, record in opened:
        if isinstance(record, Exception):
            yield Saved(name=name, errors=[record]), None
            continue
        try:
            local = record if zone is None else record.tz_convert(zone)
            safe = local.deidentify(**arguments)
        except FAILURES as error:
            yield Saved(name=name, errors=[error]), None
            continue
        saved = output.save(name, safe)
        if saved.paths:
            _save_receipt(saved, safe, output)
        yield saved, safe.pseudonym


def _save_receipt(saved: Saved, record: Record, output: Output) -> None:
    """Write what was removed of a record beside it."""
    from hexoframe.formats.atomic import new_file, noting_unchanged  # noqa: PLC0415
    from hexoframe.recording.facts import RECEIPT  # noqa: PLC0415

    target = output.folder / f"{record.pseudonym}.{RECEIPT}.json"
    text = json.dumps(record.facts.info[RECEIPT], indent=1) + "\n"
    try:
        with (
            noting_unchanged() as unchanged,
            new_file(target, overwrite=output.overwrite) as fresh,
        ):
            fresh.write_text(text, encoding="utf-8")
    except FAILURES as error:
        saved.errors.append(error)
    else:
        saved.paths.append(target)
        saved.unchanged.append(bool(unchanged))


def open_each(
    paths: Iterable[str], selection: Selection, **how: Any
) -> Iterator[tuple[str, Record | Exception]]:
    """Open every recording in files, folders (to any depth) and patterns.

    Yields the id or path with the record or an error: `NoRecordingError` for a file of
    a folder or pattern that is not a recording. `how` goes to `open_records`.
    """
    from hexoframe.opening import open_records  # noqa: PLC0415  # pandas

    model = None if selection.model == "auto" else selection.model
    channels = selection.channels or None
    searched = each_of(
        paths, lambda path: open_records(path, channels=channels, model=model, **how)
    )
    for path, records in searched:
        if isinstance(records, Exception):
            yield path, records
            continue
        yield from each_of(records, lambda key: selection.of(records[key]))  # noqa: B023  # used up here
        yield from _left_out(path, records)


def _left_out(path: str, records: Records) -> Iterator[tuple[str, Exception]]:
    """Yield what `open_records` skipped below a path, and why."""
    named = is_file(expanded(path))
    failed = False
    left = records.skipped
    for where, reason, foreign in zip(
        left["path"], left["reason"], left["foreign"], strict=True
    ):
        if foreign and not named:
            yield where, NoRecordingError(f"{where} skipped: not a recording")
        else:
            failed = True
            yield where, FileFormatError(reason)
    if not records and not failed:
        yield path, FileFormatError(f"{path} holds no recording")


def each_saved(names: Iterable[str], save: Callable[[str], Saved]) -> Iterator[Saved]:
    """Call `save` with each name; a failure becomes a `Saved`. Raises as `each_of`."""
    for name, done in each_of(names, save):
        yield Saved(name=name, errors=[done]) if isinstance(done, Exception) else done


# -- pictures --------------------------------------------------------------------------


def draw_records(
    client: Client, numbers: Iterable[str], drawing: Drawing, **how: Any
) -> Iterator[Saved]:
    """Load the records with these ids and draw them; yield what became of each.

    `how` is as for `Client.load_record`: refresh, offline, allow_partial, progress.
    Errors that would meet every record are raised, as by `each_of`.
    """

    def save(number: str) -> Saved:
        record, picture = drawing.load(client, number, **how)
        return picture.save(number, record)

    return each_saved(numbers, save)


def draw_files(paths: Iterable[str], drawing: Drawing, **how: Any) -> Iterator[Saved]:
    """Open recordings as `open_each` does, and draw them.

    Yields what became of each recording, and of each path without one. Several
    recordings cannot be drawn into one file: ConfigurationError.
    """
    opened: Iterable[tuple[str, Record | Exception]] = open_each(
        paths, drawing.selection(), **how
    )
    if drawing.file is not None:
        opened = list(opened)
        count = sum(not isinstance(record, Exception) for _, record in opened)
        if count > 1:
            raise ConfigurationError(
                f"there are {count} recordings, and {drawing.file} is the file of one "
                "picture: leave file= out, and each gets a file of its own"
            )
    for name, record in opened:
        if isinstance(record, Exception):
            yield Saved(name=name, errors=[record])
        else:
            yield from each_saved([name], lambda name: drawing.save(name, record))  # noqa: B023  # used up here
