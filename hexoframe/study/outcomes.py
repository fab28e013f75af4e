"""Failures as rows, and what a sync brought.

A failure is a value: it travels between processes, stands in a file of the study, and
becomes a row of a table. Nothing is raised or retried here.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import pandas as pd

from hexoframe.errors import HexoframeError, harmless
from hexoframe.study.layout import failure_key, key_of_source, read_json, write_json

if TYPE_CHECKING:
    from hexoframe.study.storage import Storage

__all__ = [
    "Failure",
    "Stage",
    "SyncOutcome",
    "failure_of",
    "failures_frame",
    "forget_failure",
    "keep_failure",
    "kept_failures",
]

Stage = Literal["list", "load", "store", "function", "result", "worker"]
_FAILURES = {
    "record": "Int64",
    "source": "string",
    "stage": "string",
    "type": "string",
    "message": "string",
    "retryable": "bool",
    "attempts": "int64",
    "when": "datetime64[ns, UTC]",
}
_LONGEST = 2_000
_FRAMES = 12
_TASKS = "hexoframe.study.tasks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What went wrong with one record or source.

    Attributes
    ----------
    record : int or None
        Number of the record, where it is known.
    source : str
        Path, or id and host.
    stage : str
        ``list`` (there is no such record), ``load`` (it cannot be read or fetched),
        ``store``, ``function`` (the code of a map), ``result`` (what that returned), or
        ``worker`` (its process died).
    type, message : str
        Of the error; the message has its notes.
    retryable : bool
        Whether the same may succeed later without any change.
    attempts : int
        How often it was tried, in all runs.
    when : str
        Time of the last one.
    trace : str
        End of the traceback, of a user's function or of what nobody expected.
    """

    record: int | None
    source: str
    stage: Stage
    type: str
    message: str
    retryable: bool = False
    attempts: int = 1
    when: str = ""
    trace: str = ""


def failure_of(
    error: BaseException, stage: Stage, *, record: int | None, source: str
) -> Failure:
    """Return an error as a failure."""
    text = " ".join([str(error), *getattr(error, "__notes__", ())]).strip()
    trace = ""
    if stage == "function" or not isinstance(error, HexoframeError | OSError):
        trace = _end_of_trace(error)
    return Failure(
        record=record,
        source=source,
        stage=stage,
        type=type(error).__name__,
        message=harmless(text, lines=True)[:_LONGEST],
        retryable=bool(getattr(error, "retryable", False)),
        when=datetime.now(UTC).isoformat(timespec="seconds"),
        trace=trace,
    )


def _end_of_trace(error: BaseException) -> str:
    """Return the end of a traceback, from the code of the function on."""
    step = error.__traceback__
    while step is not None and step.tb_frame.f_globals.get("__name__") == _TASKS:
        step = step.tb_next
    lines = traceback.format_exception(
        type(error), error, step, limit=-_FRAMES, chain=False
    )
    return harmless("".join(lines), lines=True)[-2 * _LONGEST :]


def failures_frame(failures: Iterable[Failure]) -> pd.DataFrame:
    """Return failures as a table, in the order of their records."""
    listed = sorted(failures, key=lambda one: (one.record is None, one.record or 0))
    rows = [{name: getattr(one, name) for name in _FAILURES} for one in listed]
    table = pd.DataFrame(rows, columns=list(_FAILURES))
    table["when"] = pd.to_datetime(table["when"], utc=True, format="ISO8601")
    return table.astype(_FAILURES)


# -- kept in the study -----------------------------------------------------------------


def _key_of(name: str, failure: Failure) -> str:
    if failure.record is not None:
        return failure_key(name, failure.record)
    return failure_key(name, key_of_source(failure.source))


def keep_failure(storage: Storage, name: str, failure: Failure) -> Failure:
    """Write a failure; the attempts of earlier runs are added."""
    key = _key_of(name, failure)
    before = _read(storage, key)
    held = asdict(failure)
    if before is not None:
        held["attempts"] += before.attempts
    write_json(storage, key, held)
    return Failure(**held)


def forget_failure(storage: Storage, name: str, what: int | str) -> None:
    """Remove the failure of a record, or of a source without a number."""
    key = what if isinstance(what, int) else key_of_source(what)
    storage.remove(failure_key(name, key))


def kept_failures(storage: Storage, name: str) -> list[Failure]:
    """Return the failures of a name that are kept in the study."""
    folder = f"failures/{name}"
    read = (_read(storage, f"{folder}/{file}") for file in storage.listing(folder))
    return [one for one in read if one is not None]


def _read(storage: Storage, key: str) -> Failure | None:
    try:
        held, source = read_json(storage, key)
    except FileNotFoundError:
        return None
    return source.typed(held, Failure)


# -- what a sync brought ---------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncOutcome:
    """What a sync brought into a study.

    Attributes
    ----------
    added, updated, unchanged : list of int
        Records that are new, that changed at their source, and that were there.
    failures : DataFrame
        A row for each record or file that could not be taken: record, source, stage,
        type, message, retryable, attempts (in all runs), when.
    duplicates : DataFrame
        Recordings met twice in this sync, as `Study.duplicates`.
    ignored : int
        Files that are no recordings.
    megabytes : float
        Fetched from the service.
    """

    added: list[int] = field(default_factory=list)
    updated: list[int] = field(default_factory=list)
    unchanged: list[int] = field(default_factory=list)
    failures: pd.DataFrame
    duplicates: pd.DataFrame
    ignored: int = 0
    megabytes: float = 0.0

    def __repr__(self) -> str:
        """Say how many of each there are."""
        parts = [
            f"{len(self.added)} added",
            f"{len(self.updated)} updated",
            f"{len(self.unchanged)} unchanged",
            f"{len(self.failures)} failed (see .failures)",
        ]
        if len(self.duplicates):
            parts.append(f"{len(self.duplicates)} met twice (see .duplicates)")
        if self.ignored:
            parts.append(f"{self.ignored} files that are no recordings")
        if self.megabytes:
            parts.append(f"{self.megabytes:.1f} MB fetched")
        return f"<Sync: {', '.join(parts)}>"
