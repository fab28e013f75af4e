"""Study: many recordings in one place, as a user asks for them.

Each method calls a module beside this one. What a study is made of is in `layout`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from hexoframe.errors import ConfigurationError, HexoframeWarning, warn
from hexoframe.record import Record
from hexoframe.recording.scales import without_warning
from hexoframe.service import current_client
from hexoframe.study.compaction import channel_paths, compact
from hexoframe.study.duplicates import duplicates_frame, kept_duplicates
from hexoframe.study.layout import SYNC, check_name, check_root, make_root
from hexoframe.study.mapping import check_function, name_of, run_map
from hexoframe.study.outcomes import failures_frame, kept_failures
from hexoframe.study.planning import plan_of
from hexoframe.study.receipts import load_index, read_receipt, save_index
from hexoframe.study.records import open_stored
from hexoframe.study.reporting import heart_rate_line, rows_of_page
from hexoframe.study.results import Results
from hexoframe.study.storage import storage_at
from hexoframe.study.subjects import keep_subjects, subjects_of
from hexoframe.study.sync import (
    Wanted,
    list_service,
    rows_of,
    sync_files,
    sync_service,
)
from hexoframe.study.tasks import Job
from hexoframe.study.verification import find_faults_of_study

if TYPE_CHECKING:
    from hexoframe.client import Client
    from hexoframe.study.outcomes import SyncOutcome
    from hexoframe.study.planning import StudyPlan
    from hexoframe.study.receipts import Index
    from hexoframe.study.storage import Storage
    from hexoframe.study.workers import Workers

__all__ = ["Study", "open_study"]

_TABLE = {
    "start": "datetime64[ns, UTC]",
    "end": "datetime64[ns, UTC]",
    "duration": "timedelta64[ns]",
    "user": "Int64",
    "email": "string",
    "device": "string",
    "model": "string",
    "channels": "int64",
    "megabytes": "float64",
    "warnings": "int64",
    "source": "string",
}


def open_study(
    root: str | os.PathLike[str], *, storage_options: Mapping[str, Any] | None = None
) -> Study:
    """Open a study, or begin one in a new or empty place.

    Parameters
    ----------
    root : str or Path
        A folder, or a URL that fsspec knows, such as ``s3://lab/fatigue`` (needs
        ``hexoframe[s3]``). Nothing is written until something comes in.
    storage_options : dict, optional
        For fsspec, with a URL: an endpoint, a profile. Keys are better kept in the
        environment, where the workers of a cluster find their own.

    Returns
    -------
    Study
        The study.

    Raises
    ------
    ConfigurationError
        If the place holds something else, or cannot be opened.
    FileFormatError
        If a newer hexoframe made it.
    StorageError
        If the place cannot be reached.

    Examples
    --------
    >>> import hexoframe
    >>> study = hexoframe.open_study("fatigue")  # doctest: +SKIP
    >>> study.sync("exports/")  # doctest: +SKIP
    >>> study.map("summary", by="ranges").frame  # doctest: +SKIP
    """
    storage = storage_at(root, storage_options)
    check_root(storage)
    return Study(storage)


class Study(Mapping[int, Record]):
    """Many recordings in one place; made by `open_study`.

    A mapping from the number of a record to its `Record`, opened when it is looked up.
    The number is the id at the service; of a file without an id it is the start of the
    record as YYYYMMDDHHMMSS.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._known: Index | None = None

    # -- records -----------------------------------------------------------------------

    @property
    def root(self) -> str:
        """Path or URL of the study."""
        return self._storage.root

    def __repr__(self) -> str:
        """Say where it is and how many records it has."""
        if not check_root(self._storage):
            return f"<Study {self.root}: new, sync() brings records>"
        return f"<Study {self.root}: {len(self)} records>"

    def __getitem__(self, number: int | str) -> Record:
        """Open a record; its channels are read when they are touched."""
        try:
            return open_stored(self._storage, int(number))
        except FileNotFoundError:
            raise KeyError(number) from None

    def __contains__(self, number: object) -> bool:
        """Whether the study has a record."""
        return number in self._index().rows

    def __iter__(self) -> Iterator[int]:
        """Numbers of the records, ascending."""
        return iter(sorted(self._index().rows))

    def __len__(self) -> int:
        """Count the records."""
        return len(self._index().rows)

    def __eq__(self, other: object) -> bool:
        """Compare the places."""
        return isinstance(other, Study) and self.root == other.root

    def __hash__(self) -> int:
        """Hash the place."""
        return hash(self.root)

    def open(
        self, number: int | str, *, channels: Sequence[str | int] | None = None
    ) -> Record:
        """Open a record with some of its channels; ``study[number]`` opens all.

        Parameters
        ----------
        number : int or str
            Number of the record.
        channels : sequence of str or int, optional
            Channels by name or id; all by default.

        Returns
        -------
        Record
            The recording.

        Raises
        ------
        ConfigurationError
            If the study has no such record.
        """
        try:
            return open_stored(self._storage, int(number), channels=channels)
        except FileNotFoundError as error:
            raise ConfigurationError(
                f"{self.root} has no record {number}: table() shows those that there "
                "are"
            ) from error

    def _index(self) -> Index:
        self._known = load_index(self._storage, self._known)
        return self._known

    def _begun(self) -> Storage:
        """Return the storage; refuse a place where no study was begun."""
        if not check_root(self._storage):
            raise ConfigurationError(
                f"there is no study at {self.root}: is the path right? sync() begins "
                "one there"
            )
        return self._storage

    # -- what comes in -----------------------------------------------------------------

    def plan(
        self,
        ids: int | str | Sequence[int | str] | pd.DataFrame | None = None,
        *,
        channels: Sequence[str | int] | None = None,
        waveforms: bool = True,
        model: str | None = None,
        client: Client | None = None,
        **query: Any,
    ) -> StudyPlan:
        """Return what a sync from the service would cost; only the list is asked for.

        Parameters
        ----------
        ids, channels, waveforms, model, client, **query
            As for `sync`.

        Returns
        -------
        StudyPlan
            records, requests, megabytes, hours, and a table with a row a record.
        """
        wanted = _wanted(channels, waveforms=waveforms, model=model)
        numbers = None if ids is None else _numbers(ids)
        with _client(client) as asked:
            listed = list_service(asked, numbers, query)
        rows = rows_of(listed)
        index = self._index()
        there = {
            int(row["id"])
            for row in rows
            if (held := index.rows.get(int(row["id"]))) is not None
            and not pd.isna(row["last_modified"])
            and held["state"] == row["last_modified"].isoformat()
        }
        return plan_of(rows, there, wanted)

    def sync(  # noqa: PLR0913  # what, of which kind, and how
        self,
        what: Any = None,
        *,
        channels: Sequence[str | int] | None = None,
        waveforms: bool = True,
        model: str | None = None,
        allow_partial: bool = False,
        every: bool = False,
        client: Client | None = None,
        progress: bool | None = None,
        **query: Any,
    ) -> SyncOutcome:
        """Bring records into the study; what it has already is left as it is.

        The same call goes on where an earlier one ended, whatever ended it.

        Parameters
        ----------
        what : ids, DataFrame, path, or None
            Records of the service, by id (one, several, or a table with a column
            ``id`` as of `list_records`); or a file, folder or pattern of recordings, or
            several, as for `open_records`. None for the records that `query` names.
        channels : sequence of str or int, optional
            Channels to take; all by default. A record that the study has with others
            keeps those.
        waveforms : bool, default True
            Whether ECG, respiration, acceleration and PPG are taken if `channels` does
            not name them.
        model : str, optional
            As for `open_record` and `load_record`, where the source does not tell.
        allow_partial : bool, default False
            Take records that lost samples on their way; the warnings of each say so.
        every : bool, default False
            Ask the service for all records of `query`, not only for those that changed
            since the last sync of the same query.
        client : Client, optional
            Who asks the service; by default the user of `login` or the environment.
        progress : bool, optional
            Whether a bar is drawn on stderr; by default in a terminal or a notebook.
        **query
            For the service, filters of `list_records`: ``user=``, ``start=``, ``end=``
            and so on. For files, ``tz=`` and ``timestamp_format=``.

        Returns
        -------
        SyncOutcome
            added, updated, unchanged, failures, duplicates.

        Raises
        ------
        AuthenticationError, UnreachableError
            If the service refuses this user, or gives no answer.
        StorageError
            If the study cannot be written; what was finished stays.
        FileNotFoundError
            If there is no such file or folder.

        Notes
        -----
        Downloads run one after the other at the pace that all processes of a machine
        share (5 requests a second). A record that was downloaded into the study is not
        kept in the cache as well.
        """
        wanted = _wanted(
            channels, waveforms=waveforms, model=model, allow_partial=allow_partial
        )
        places = _places(what)
        if places is not None:
            _check_reading(query)
            return sync_files(
                self._storage,
                places,
                Wanted(**{**_fields(wanted), "reading": query}),
                progress=progress,
            )
        ids = None if what is None else _numbers(what)
        if ids is not None and query:
            raise ConfigurationError(
                f"sync() got ids and {', '.join(query)}=: filters are for records that "
                "are not named; give one or the other"
            )
        with _client(client) as asked:
            return sync_service(
                self._storage,
                asked,
                wanted,
                ids=ids,
                query=query,
                every=every,
                progress=progress,
            )

    @property
    def failures(self) -> pd.DataFrame:
        """Records and files that the last sync of each could not take, with reasons."""
        return failures_frame(kept_failures(self._begun(), SYNC))

    @property
    def duplicates(self) -> pd.DataFrame:
        """Recordings met twice: the `record` that is kept, and the other `source`.

        `how` it is known: ``id`` (with equal samples), or ``samples``: the spans are
        equal to within a second, and all samples at 1 Hz that both have.
        """
        return duplicates_frame(kept_duplicates(self._begun()))

    # -- what is there -----------------------------------------------------------------

    def table(self) -> pd.DataFrame:
        """Return a row a record, from the receipts; no sample is read.

        Returns
        -------
        DataFrame, indexed by ``record``
            The columns of `subjects`; start, end, duration, user, email, device, model,
            number of channels, megabytes, number of warnings, source. Then

            * ``worn``: share of the known time with the shirt on
            * ``good_heart_rate``, ``good_breathing_rate``: share of the record whose
              samples are usable
            * ``coverage_<channel>``: received / expected samples, of each channel

            NaN where it is not known.

        Warns
        -----
        HexoframeWarning
            If a receipt is damaged, and its record therefore left out.
        """
        index = load_index(self._begun())
        _warn_of_damage(index)
        rows = sorted(index.rows.items())
        facts = pd.DataFrame(
            [_facts(row) for _, row in rows], columns=list(_TABLE)
        ).astype(_TABLE)
        measures = pd.DataFrame([json.loads(row["measures"]) for _, row in rows])
        measures = measures.astype("float64")
        names = sorted(map(str, measures.columns), reverse=True)
        first = [name for name in names if not name.startswith("coverage_")]
        others = sorted({*names} - {*first})
        whole = pd.concat([facts, measures[[*first, *others]]], axis=1)
        numbers = pd.Index([number for number, _ in rows], dtype="int64", name="record")
        whole = whole.set_axis(numbers)
        subjects = subjects_of(self._storage, index)
        twice = {name: f"subjects_{name}" for name in subjects if name in whole}
        return pd.concat([subjects.rename(columns=twice), whole], axis=1)

    @property
    def subjects(self) -> pd.DataFrame:
        """Who wore the shirt, by record; without columns where nobody said so.

        Set it to a table or the path of a CSV with one row a subject, and a column
        ``record``, ``user`` (id at the service) or ``email`` that says of which records
        it is. Other columns (``subject``, ``group``, ``visit`` ...) are as you like;
        they come with every result. Records that come later get their subject too.
        """
        return subjects_of(self._storage, self._index())

    @subjects.setter
    def subjects(self, given: pd.DataFrame | str | os.PathLike[str]) -> None:
        make_root(self._storage)
        keep_subjects(self._storage, given, self._index())

    def report(
        self,
        path: str | os.PathLike[str],
        *,
        identify: bool = False,
        overwrite: bool = False,
    ) -> Path:
        """Write a page with a row a record; needs ``hexoframe[report]``.

        One file that opens without Python, asks for no address and runs nothing: the
        facts of `table` and `subjects`, and usable heart rates as a small line. A
        record whose own page is there, as ``record_<number>.html`` beside it, has a
        link to it.

        Parameters
        ----------
        path : str or Path
            File to write, ending in .html.
        identify : bool, default False
            Whether to show users, e-mail addresses, devices and sources. Columns of
            your own in `subjects` are shown in any case.
        overwrite : bool, default False
            Whether a file from before may be replaced.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        ConfigurationError
            If jinja2 is not installed, or the path does not end in .html.
        OutputExistsError
            If the file has other content and `overwrite` was not given.

        Examples
        --------
        >>> for number in study:  # doctest: +SKIP
        ...     study[number].report(f"pages/record_{number}.html")
        >>> study.report("pages/study.html")  # doctest: +SKIP
        """
        from hexoframe.report.html import check_target, environment  # noqa: PLC0415
        from hexoframe.report.study_page import write_study_page  # noqa: PLC0415

        target = check_target(os.fspath(path))
        environment()  # what is missing is told before anything is read
        rows = rows_of_page(self.table(), identify=identify)
        pages = {number: f"record_{number}.html" for number in rows.index}
        with without_warning():
            lines = {number: heart_rate_line(self[number]) for number in rows.index}
        return write_study_page(
            rows,
            target,
            title=Path(self.root).name or "Study",
            links={
                number: name
                for number, name in pages.items()
                if (target.parent / name).is_file()
            },
            lines={number: line for number, line in lines.items() if line is not None},
            overwrite=overwrite,
        )

    def warnings(self, number: int | str) -> list[str]:
        """Return what was warned of when a record came in.

        Parameters
        ----------
        number : int or str
            Number of the record.

        Returns
        -------
        list of str
            The warnings, each with its kind.
        """
        return read_receipt(self._begun(), int(number)).warnings

    def verify(self, *, progress: bool | None = None) -> pd.DataFrame:
        """Compare every byte of the study with its receipts.

        Parameters
        ----------
        progress : bool, optional
            As for `sync`.

        Returns
        -------
        DataFrame
            record, file, fault: a row for each file that is missing, changed or without
            a receipt; no row if all is well.
        """
        return find_faults_of_study(self._begun(), progress=progress)

    # -- for other programs ------------------------------------------------------------

    def paths(self, key: str | int) -> list[str]:
        """Return the Parquet files that together hold a channel of every record.

        Parameters
        ----------
        key : str or int
            Name or id of the channel.

        Returns
        -------
        list of str
            Paths or URLs for DuckDB, polars, Dask, pyarrow: columns ``time`` (UTC, ns),
            those of the channel, and ``record``. After `compact`, many records a file.

        Raises
        ------
        UnknownChannelError
            If no model has such a channel.
        """
        return channel_paths(self._begun(), self._index(), key)

    def compact(self) -> pd.Series:
        """Copy the slow channels into files of up to 64 records, for quick scans.

        `paths` names them from then on. Waveforms stay as they are. Records that came
        since are in files of their own until the next call.

        Returns
        -------
        Series
            Number of records by channel.
        """
        index = load_index(self._begun())
        if index.changed:
            save_index(self._storage, index)
        done = compact(self._storage, index)
        return pd.Series(done, dtype="int64", name="records").rename_axis("channel")

    # -- results -----------------------------------------------------------------------

    def map(  # noqa: PLR0913  # what, of which, and by whom
        self,
        function: Callable[..., Any] | str,
        /,
        *,
        name: str | None = None,
        channels: Sequence[str | int] | None = None,
        records: Sequence[int | str] | None = None,
        workers: Workers = None,
        overwrite: bool = False,
        retry: bool = True,
        send_credentials: bool = False,
        progress: bool | None = None,
        **arguments: Any,
    ) -> Results:
        """Compute something of every record, and keep it in the study.

        What is there under the same name is not computed again, so a run that ended
        early is gone on with by the same call.

        Parameters
        ----------
        function : callable or str
            A function that takes a `Record` and returns a dict or a Series (one row) or
            a DataFrame (several); or a verb of `Record`, such as ``"summary"``,
            ``"hrv"``, ``"sleep"``.
        name : str, optional
            What the results are kept under; by default the function and its arguments.
            Give a new one when the function changes: results of two functions are
            never mixed.
        channels : sequence of str or int, optional
            Channels that are opened; all by default.
        records : sequence of int, optional
            Numbers of the records; all by default.
        workers : int, executor or None
            Processes on this machine (None: one a core; 1: this process itself), a
            ``distributed.Client``, or any executor with ``submit``. On macOS and
            Windows, processes import the function, so it must be in a file that can be
            imported, and a script that calls this needs ``if __name__ == "__main__"``.
        overwrite : bool, default False
            Compute all anew.
        retry : bool, default True
            Whether records that failed before are tried again.
        send_credentials : bool, default False
            Send keys in `storage_options` to the workers of an executor, which have
            those of their environment otherwise.
        progress : bool, optional
            As for `sync`.
        **arguments
            Further arguments of the function, such as ``by="ranges"``.

        Returns
        -------
        Results
            ``.frame`` (all rows, with record and subject), ``.failures``,
            ``.warnings``.

        Raises
        ------
        ConfigurationError
            If the first three records that can be loaded all fail alike in the
            function, with its traceback; if the workers have no hexoframe, or another
            one; if `name` is that of another function.
        StorageError
            If the study cannot be written.
        """
        storage = self._begun()
        check_function(function, arguments)
        job = Job(
            storage=_for_workers(storage, workers, send_credentials=send_credentials),
            name=name_of(function, arguments, name),
            function=function,
            arguments=arguments,
            channels=None if channels is None else tuple(channels),
        )
        numbers = self._chosen(records)
        run_map(
            job,
            numbers,
            storage=storage,
            workers=workers,
            overwrite=overwrite,
            retry=retry,
            progress=progress,
        )
        return self.results(job.name)

    def _chosen(self, records: Sequence[int | str] | None) -> list[int]:
        there = sorted(self._index().rows)
        if records is None:
            return there
        wanted = [int(number) for number in records]
        absent = sorted({*wanted} - {*there})
        if absent:
            raise ConfigurationError(
                f"{self.root} has no record {', '.join(map(str, absent[:5]))}: table() "
                "shows those that there are"
            )
        return sorted({*wanted})

    def results(self, name: str) -> Results:
        """Return results that were computed before.

        Parameters
        ----------
        name : str
            What they are kept under; `result_names` lists the names.

        Returns
        -------
        Results
            As `map` returns them.

        Raises
        ------
        ConfigurationError
            If there are none of that name.
        """
        check_name(name)
        names = self.result_names()
        if name not in names:
            raise ConfigurationError(
                f"{self.root} has no results {name!r}; it has "
                f"{', '.join(names) or 'none'}: map() makes them"
            )
        return Results(self._storage, name, lambda: self.subjects)

    def result_names(self) -> list[str]:
        """Return the names of the results in the study.

        Returns
        -------
        list of str
            In the order of the alphabet.
        """
        return self._begun().folders("results")


# -- arguments -------------------------------------------------------------------------


def _wanted(channels: Any, **more: Any) -> Wanted:
    if isinstance(channels, str):
        raise ConfigurationError(
            f"channels={channels!r} is one name: give a list, [{channels!r}]"
        )
    return Wanted(channels=None if channels is None else tuple(channels), **more)


def _fields(wanted: Wanted) -> dict[str, Any]:
    return {name: getattr(wanted, name) for name in wanted.__dataclass_fields__}


def _client(client: Client | None) -> AbstractContextManager[Client]:
    return current_client() if client is None else nullcontext(client)


def _is_id(value: Any) -> bool:
    if isinstance(value, str):
        return value.isdecimal() and not Path(value).exists()
    return hasattr(value, "__index__") and not isinstance(value, bool)


def _places(what: Any) -> list[str | Path] | None:
    """Return the paths that are meant; None for ids, and for all of the service."""
    if isinstance(what, str | os.PathLike):
        return None if _is_id(what) else [os.fspath(what)]
    if what is None or _is_id(what) or isinstance(what, pd.DataFrame | pd.Series):
        return None
    if isinstance(what, Iterable) and not isinstance(what, Mapping):
        listed = list(what)
        kinds = {_is_id(each) for each in listed}
        if kinds == {False}:
            return [os.fspath(each) for each in listed]
        if kinds <= {True}:
            return None
    raise ConfigurationError(
        f"sync({what!r}): give ids, or paths, but not both; filters of the service are "
        "arguments, as in sync(user='a@b.org', start='2024-01-01T00:00Z')"
    )


def _numbers(what: Any) -> list[int]:
    if isinstance(what, pd.DataFrame):
        if "id" not in what:
            raise ConfigurationError(
                "the table has no column 'id': give one of list_records()"
            )
        what = what["id"]
    listed = [what] if _is_id(what) else list(what)
    if not all(map(_is_id, listed)):
        raise ConfigurationError(f"ids are whole numbers, and not {listed!r}")
    return list(dict.fromkeys(int(each) for each in listed))


def _check_reading(query: Mapping[str, Any]) -> None:
    strange = query.keys() - {"tz", "timestamp_format"}
    if strange:
        raise ConfigurationError(
            f"{', '.join(sorted(strange))}= is a filter of the service, and files were "
            "given: leave it out, or give no path"
        )


def _for_workers(
    storage: Storage, workers: Workers, *, send_credentials: bool
) -> Storage:
    """Return the storage as workers open it; keys stay here unless told otherwise."""
    own = workers is None or isinstance(workers, int)
    if own or send_credentials or not storage.secrets:
        return storage
    raise ConfigurationError(
        f"storage_options= holds {', '.join(storage.secrets)}, which would travel to "
        "the workers: give them keys of their own in the environment (for S3, "
        "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a role) and open the study "
        "without, or say send_credentials=True"
    )


# -- tables ----------------------------------------------------------------------------


def _facts(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{name: row[name] for name in ("user", "email", "device", "warnings")},
        "start": row["start"],
        "end": row["end"],
        "duration": row["end"] - row["start"],
        "model": row["family"],
        "channels": len(row["channels"]),
        "megabytes": row["bytes"] / 1e6,
        "source": row["place"],
    }


def _warn_of_damage(index: Index) -> None:
    if index.damaged:
        number, why = next(iter(index.damaged.items()))
        more = f" (and {len(index.damaged) - 1} more)" if len(index.damaged) > 1 else ""
        warn(f"record {number} is left out: {why}{more}", HexoframeWarning)
