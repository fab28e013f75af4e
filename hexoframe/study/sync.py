"""Brings records into a study: from the service, or from files; what is there stays.

The downloads of a machine share one pace, so they run one after the other, here and in
no worker. A record counts when its receipt is written; a run that ends early, however,
is gone on with by the same call.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from hexoframe.api.load.plan import wanted_datatypes
from hexoframe.api.load.progress import counting_bytes
from hexoframe.channels import channels_of
from hexoframe.errors import (
    ConfigurationError,
    FileFormatError,
    NotFoundError,
    StorageError,
    UnfinishedRecordError,
    collecting_warnings,
    would_meet_all,
)
from hexoframe.formats.kinds import is_study
from hexoframe.opening import open_records
from hexoframe.paths import expanded
from hexoframe.study.duplicates import (
    Duplicate,
    duplicates_frame,
    find_twin,
    keep_duplicate,
    kept_duplicates,
)
from hexoframe.study.layout import key_of_source, make_root, read_json, write_json
from hexoframe.study.outcomes import (
    Failure,
    SyncOutcome,
    failure_of,
    failures_frame,
    forget_failure,
    keep_failure,
    kept_failures,
)
from hexoframe.study.planning import size_of_record
from hexoframe.study.progress import StudyBar
from hexoframe.study.receipts import StudySource, load_index, save_index
from hexoframe.study.records import drop_record, store_record

if TYPE_CHECKING:
    from hexoframe.channels import Family
    from hexoframe.client import Client
    from hexoframe.opening import Records
    from hexoframe.record import Record
    from hexoframe.study.outcomes import Stage
    from hexoframe.study.receipts import Index
    from hexoframe.study.storage import Storage

__all__ = ["Wanted", "list_service", "rows_of", "sync_files", "sync_service"]

# Ids in one request of a list.
_AT_ONCE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is taken of each record; `reading` are more arguments of `open_records`."""

    channels: tuple[str | int, ...] | None = None
    waveforms: bool = True
    allow_partial: bool = False
    model: str | None = None
    reading: Mapping[str, Any] = field(default_factory=dict)

    def names(self, family: Family) -> list[str] | None:
        """Return the channels that are asked for; None for all."""
        if self.channels is None and self.waveforms:
            return None
        rows = wanted_datatypes(family, self.channels, waveforms=self.waveforms)
        return list(dict.fromkeys(row.channel for row in rows))

    def with_held(self, row: Mapping[str, Any] | None) -> Wanted:
        """Return the same with the channels that a study has of a record already."""
        if row is None or (self.channels is None and self.waveforms):
            return self
        if row["asked"] is None:
            return replace(self, channels=None, waveforms=True)
        names = self.names(row["family"]) or []
        both = dict.fromkeys([*names, *row["asked"].split(",")])
        return replace(self, channels=tuple(both))


class _Run:
    """What one sync did so far."""

    def __init__(self, storage: Storage, wanted: Wanted) -> None:
        make_root(storage)
        storage.sweep()
        self.storage = storage
        self.wanted = wanted
        self.index: Index = load_index(storage)
        self.known = kept_duplicates(storage)
        self.failed: set[int | str] = {
            one.source if one.record is None else one.record
            for one in kept_failures(storage, "sync")
        }
        self.added: list[int] = []
        self.updated: list[int] = []
        self.unchanged: list[int] = []
        self.failures: list[Failure] = []
        self.duplicates: list[Duplicate] = []

    def has(self, number: int, source: StudySource) -> bool:
        """Whether the study has this state of a record, with all that is asked for."""
        row = self.index.rows.get(number)
        if row is None or (row["place"], row["part"]) != (source.place, source.part):
            return False
        if row["state"] != source.state:
            return False
        asked = self.wanted.names(row["family"])
        if row["asked"] is None:
            return True
        return asked is not None and {*asked} <= {*row["asked"].split(",")}

    def keep(
        self,
        number: int,
        record: Record,
        source: StudySource,
        warned: Sequence[str] = (),
    ) -> None:
        """Write a record into the study."""
        there = self.index.rows.get(number)
        row = store_record(
            self.storage,
            record,
            number,
            source=source,
            asked=self.wanted.with_held(there).names(record.family),
            warnings=warned,
        )
        self.index.add(number, row)
        (self.added if there is None else self.updated).append(number)
        self.recovered(number, source.place)

    def recovered(self, number: int, source: str) -> None:
        """Forget the failure of a record that is there now."""
        recovered: set[int | str] = {number, source}
        for what in recovered & self.failed:
            forget_failure(self.storage, "sync", what)
            self.failed.discard(what)

    def fail(
        self,
        error: BaseException,
        stage: Stage,
        *,
        record: int | None,
        source: str,
    ) -> None:
        """Note what went wrong with a record or a file."""
        failure = failure_of(error, stage, record=record, source=source)
        self.failures.append(keep_failure(self.storage, "sync", failure))

    def met_again(self, found: Duplicate) -> None:
        """Note a duplicate."""
        self.duplicates.append(found)
        if self.known.get((found.source, found.part)) != found:
            keep_duplicate(self.storage, found)
            self.known[found.source, found.part] = found

    def outcome(self, **more: Any) -> SyncOutcome:
        """Write the manifest of the study, and return what was done."""
        stale = self.added or self.updated or self.index.changed
        if stale:
            self.index = load_index(self.storage)
            save_index(self.storage, self.index)
        return SyncOutcome(
            added=sorted(self.added),
            updated=sorted(self.updated),
            unchanged=sorted(self.unchanged),
            failures=failures_frame(self.failures),
            duplicates=duplicates_frame(self.duplicates),
            **more,
        )


# -- from files ------------------------------------------------------------------------


def sync_files(
    storage: Storage,
    places: Iterable[str | Path],
    wanted: Wanted,
    *,
    progress: bool | None = None,
) -> SyncOutcome:
    """Bring the recordings in files, folders and patterns into a study."""
    run, ignored = _Run(storage, wanted), 0
    for place in places:
        if is_study(expanded(place)):
            raise ConfigurationError(
                f"{place} is a study itself: copy its folder to have it elsewhere, or "
                "sync from the files or the service that it came from"
            )
        with collecting_warnings():
            # What it warns of is in the tables. Channels are left out one by one.
            records = open_records(
                place,
                model=wanted.model,
                allow_partial=wanted.allow_partial,
                **wanted.reading,
            )
        ignored += _note_left_out(run, records)
        # Those with an id first: a CSV is the copy, and the export the original.
        keys = sorted(records, key=lambda key: records.place(key).id is None)
        with StudyBar("study", [1.0] * len(keys), show=progress) as bar:
            for key in keys:
                _take_file(run, records, key)
                bar.finished(1.0)
    return run.outcome(ignored=ignored)


def _note_left_out(run: _Run, records: Records) -> int:
    """Note files that cannot be opened, and those of a record that is there twice."""
    twice = records.duplicates[records.duplicates["left_out"]]
    for path, part, kept in twice[["path", "part", "kept"]].to_numpy():
        found = Duplicate(
            record=records.place(kept).id or 0,
            source=path,
            part=part,
            state=_state_of(Path(path)),
            how="id",
        )
        run.met_again(found)
    for path, reason in records.damaged()[["path", "reason"]].to_numpy():
        run.fail(FileFormatError(reason), "load", record=None, source=path)
    return int(records.skipped["foreign"].sum())


def _state_of(path: Path) -> str:
    """Return what changes with the content of a file or a folder."""
    if not path.is_dir():
        state = path.stat()
        return f"{state.st_size}-{state.st_mtime_ns}"
    size = newest = 0
    for folder, _, names in os.walk(path):
        for name in names:
            state = Path(folder, name).stat()
            size, newest = size + state.st_size, max(newest, state.st_mtime_ns)
    return f"{size}-{newest}"


def _take_file(run: _Run, records: Records, key: str) -> None:
    place = records.place(key)
    number, path = place.id, place.path
    try:
        source = StudySource("file", str(path), place.part or "", _state_of(path))
        if number is None:
            number = _number_there(run, source)
        if _is_known(run, source, number):
            return
        with collecting_warnings() as warned:
            record = _narrowed(run, records[key], number)
            _keep_file(run, record, source, number, warned)
    except StorageError:
        raise
    except Exception as error:  # noqa: BLE001  # a row, so that the others go on
        run.fail(error, "load", record=number, source=str(path))


def _is_known(run: _Run, source: StudySource, number: int | None) -> bool:
    """Whether this state of a source was taken before, as a record or as a copy."""
    known = run.known.get((source.place, source.part))
    there = known is not None and known.record in run.index.rows
    if known is not None and there and known.state == source.state:
        run.duplicates.append(known)
        return True
    if number is not None and run.has(number, source):
        run.unchanged.append(number)
        return True
    return False


def _narrowed(run: _Run, record: Record, number: int | None) -> Record:
    """Return a record of a file with the channels that are asked for."""
    there = None if number is None else run.index.rows.get(number)
    names = run.wanted.with_held(there).names(record.family)
    if names is None:
        return record
    return record.of(record, left_out=channels_of(record.family).keys() - {*names})


def _number_there(run: _Run, source: StudySource) -> int | None:
    """Return the number that a source without an id has in the study."""
    for number, row in run.index.rows.items():
        if (row["place"], row["part"]) == (source.place, source.part):
            return number
    return None


def _keep_file(
    run: _Run,
    record: Record,
    source: StudySource,
    number: int | None,
    warned: list[str],
) -> None:
    """Write a record of a file, unless the study has it from elsewhere."""
    twin = find_twin(run.storage, run.index, record)
    if twin is not None and twin != number:
        if record.id is None or run.index.rows[twin]["has_id"]:
            run.met_again(_again(twin, source, "samples"))
            return
        # The original comes after its copy, and takes its place.
        before = run.index.rows[twin]
        run.keep(record.id, record, source, warned)
        _replace_copy(run, twin, record.id, before)
        return
    there = None if number is None else run.index.rows.get(number)
    if there is not None and number is not None:
        same_place = (there["place"], there["part"]) == (source.place, source.part)
        if not same_place and not (twin == number and _is_gone(there)):
            if twin == number:
                run.met_again(_again(number, source, "id"))
                return
            raise ConfigurationError(
                f"record {number} of {source.place} is another recording than record "
                f"{number} that the study has from {there['place']}, which has another "
                "span or other samples: keep one of them, or two studies"
            )
    run.keep(number or _number_of(run, record), record, source, warned)


def _is_gone(row: Mapping[str, Any]) -> bool:
    """Whether the file of a record is not there any more, as after a move."""
    return row["kind"] == "file" and not os.path.lexists(row["place"])


def _again(number: int, source: StudySource, how: Any) -> Duplicate:
    return Duplicate(
        record=number,
        source=source.place,
        part=source.part,
        state=source.state,
        how=how,
    )


def _replace_copy(
    run: _Run, copy: int, original: int, before: Mapping[str, Any]
) -> None:
    drop_record(run.storage, copy)
    run.index.drop(copy)
    old = StudySource("file", before["place"], before["part"], before["state"])
    run.met_again(_again(original, old, "samples"))


def _number_of(run: _Run, record: Record) -> int:
    """Return a number for a record without an id: its start, as YYYYMMDDHHMMSS.

    Of several that begin in one second, the later ones get two digits more.
    """
    if record.id is not None:
        return record.id
    number = int(record.start.tz_convert("UTC").strftime("%Y%m%d%H%M%S"))
    others = (number, *range(100 * number + 1, 100 * number + 100))
    free: int = next(other for other in others if other not in run.index.rows)
    return free


# -- from the service ------------------------------------------------------------------


def list_service(
    client: Client, ids: Sequence[int] | None, query: Mapping[str, Any]
) -> pd.DataFrame:
    """Return the records of a query, or those of some ids, oldest first."""
    if ids is None:
        found = client.list_records(**query)
    else:
        parts = [
            client.list_records(id__in=list(ids[at : at + _AT_ONCE]))
            for at in range(0, len(ids), _AT_ONCE)
        ]
        found = pd.concat(parts) if parts else client.list_records(limit=0)
    return found.sort_index(kind="stable")


def sync_service(  # noqa: PLR0913  # what is asked, and how
    storage: Storage,
    client: Client,
    wanted: Wanted,
    *,
    ids: Sequence[int] | None = None,
    query: Mapping[str, Any] | None = None,
    every: bool = False,
    progress: bool | None = None,
) -> SyncOutcome:
    """Bring records of the service into a study, one after the other.

    Of a query, the service is asked for what changed since the last run that reached
    its end; with `every` for all.
    """
    run = _Run(storage, wanted)
    mark = _Mark.of(storage, client, wanted, query)
    asked = dict(query or {})
    if ids is None and mark.since and not every:
        asked["changed_since"] = mark.since
    listed = list_service(client, ids, asked)
    if ids is None and mark.since and not every:
        listed = _with_failed(run, client, listed)
    if ids is not None:
        _note_absent(run, client, ids, listed)
    todo = [_Item.of(client, row) for row in rows_of(listed)]
    left = [item for item in todo if not run.has(item.number, item.source)]
    done = {item.number for item in todo} - {item.number for item in left}
    run.unchanged += sorted(done)
    for number in done:
        run.recovered(number, client.base_url)
    sizes = [size_of_record(item.row, wanted) for item in left]
    fetched = 0
    with StudyBar("study", sizes, show=progress) as bar:
        for item, size in zip(left, sizes, strict=True):
            with counting_bytes() as count:
                _take_record(run, client, item)
            fetched += count.total
            bar.finished(size, count.total)
    if ids is None:
        mark.move(listed)
    return run.outcome(megabytes=fetched / 1e6)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    """A record of a list."""

    number: int
    source: StudySource
    row: dict[str, Any]

    @classmethod
    def of(cls, client: Client, row: dict[str, Any]) -> _Item:
        modified = row["last_modified"]
        state = "" if pd.isna(modified) else modified.isoformat()
        source = StudySource("service", client.base_url, "", state)
        return cls(number=int(row["id"]), source=source, row=row)


def rows_of(listed: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the records of a list, each with its `start`."""
    rows = listed.reset_index().to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def _with_failed(run: _Run, client: Client, listed: pd.DataFrame) -> pd.DataFrame:
    """Add the records that failed before to those that changed."""
    there = set(listed["id"])
    again = [
        number
        for number in sorted(one for one in run.failed if isinstance(one, int))
        if number not in there
    ]
    if not again:
        return listed
    found = list_service(client, again, {})
    return pd.concat([listed, found]) if len(found) else listed


def _note_absent(
    run: _Run, client: Client, ids: Sequence[int], listed: pd.DataFrame
) -> None:
    there = set(listed["id"])
    for number in dict.fromkeys(ids):
        if number not in there:
            error = NotFoundError(
                f"{client.base_url} has no record {number}, or this user may not see "
                "it: list_records() shows those that there are"
            )
            run.fail(error, "list", record=number, source=client.base_url)


def _take_record(run: _Run, client: Client, item: _Item) -> None:
    number = item.number
    wanted = run.wanted.with_held(run.index.rows.get(number))
    try:
        _check_complete(item)
        before = _entries(client, number)
        with collecting_warnings() as warned:
            record = client.load_record(
                number,
                channels=wanted.channels,
                waveforms=wanted.waveforms,
                allow_partial=wanted.allow_partial,
                model=wanted.model or "auto",
                progress=False,
            )
            _keep_record(run, record, item, warned)
        # The study has it now: twice on this disk is once too often.
        for entry in _entries(client, number):
            if client.cache is not None and entry not in before:
                client.cache.forget(entry)
    except StorageError:
        raise
    except Exception as error:
        if would_meet_all(error):
            raise
        run.fail(error, "load", record=number, source=client.base_url)


def _entries(client: Client, number: int) -> list[Any]:
    return [] if client.cache is None else client.cache.entries(client.base_url, number)


def _check_complete(item: _Item) -> None:
    status = item.row["status"]
    if status != "complete":
        raise UnfinishedRecordError(
            f"record {item.number} is not complete on the service (status {status!r}): "
            "it comes with a later sync"
        )


def _keep_record(run: _Run, record: Record, item: _Item, warned: list[str]) -> None:
    """Write a record of the service, in the place of a copy from a file if any."""
    number = item.number
    there = run.index.rows.get(number)
    twin = find_twin(run.storage, run.index, record)
    if there is not None and there["kind"] == "file" and twin == number:
        # From now on the service says whether it changed.
        old = StudySource("file", there["place"], there["part"], there["state"])
        run.keep(number, record, item.source, warned)
        run.met_again(_again(number, old, "id"))
        return
    copy = run.index.rows.get(twin) if twin not in (None, number) else None
    run.keep(number, record, item.source, warned)
    if copy is not None and twin is not None:
        _replace_copy(run, twin, number, copy)


# -- what was asked for ----------------------------------------------------------------


class _Mark:
    """How far the service was asked for a query: the newest change that it listed.

    It moves at the end of a run, when each record of the list is there or failed.
    """

    def __init__(self, storage: Storage, key: str, since: str | None) -> None:
        self._storage, self._key = storage, key
        self.since = None if since is None else pd.Timestamp(since)

    @classmethod
    def of(
        cls,
        storage: Storage,
        client: Client,
        wanted: Wanted,
        query: Mapping[str, Any] | None,
    ) -> _Mark:
        asked = None if wanted.channels is None else sorted(map(str, wanted.channels))
        what = (client.base_url, dict(query or {}), asked, wanted.waveforms)
        key = f"syncs/{key_of_source(*what)}.json"
        try:
            held, source = read_json(storage, key)
        except FileNotFoundError:
            return cls(storage, key, None)
        return cls(storage, key, source.typed(held.get("since"), str, field="since"))

    def move(self, listed: pd.DataFrame) -> None:
        """Remember the newest change of a list that was gone through."""
        newest = listed["last_modified"].max() if len(listed) else None
        if newest is None or pd.isna(newest):
            return
        if self.since is None or newest > self.since:
            write_json(self._storage, self._key, {"since": newest.isoformat()})
