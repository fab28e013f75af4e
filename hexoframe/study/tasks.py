"""One task of a map: a record is opened, a function called, its result written.

Runs in a worker, whatever that is. Nothing is raised: what went wrong is a value. Only
references travel: the place of the study, the number of a record, the function.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hexoframe.errors import collecting_warnings, harmless
from hexoframe.record import Record
from hexoframe.study.layout import result_key
from hexoframe.study.outcomes import Failure, failure_of
from hexoframe.study.records import is_of_reading, open_stored
from hexoframe.study.tables import result_bytes, result_frame
from hexoframe.version import __version__

if TYPE_CHECKING:
    from hexoframe.study.outcomes import Stage
    from hexoframe.study.storage import Storage

__all__ = ["Job", "TaskOutcome", "run_task", "verbs"]

_MOST_WARNINGS = 20


def verbs() -> list[str]:
    """Return the verbs of a record that give a table, by which map knows them."""
    return sorted(
        name
        for name, method in vars(Record).items()
        if not name.startswith("_")
        and getattr(method, "__annotations__", {}).get("return") == "pd.DataFrame"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is done with each record.

    Attributes
    ----------
    function : callable or str
        Takes a record, or is the name of one of its verbs.
    arguments : dict
        Its other arguments.
    channels : tuple or None
        Channels that are opened; None for all.
    alone : bool
        Whether the process runs one task at a time and belongs to the map, so that all
        warnings in it are its own.
    """

    storage: Storage
    name: str
    function: Callable[..., Any] | str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    channels: tuple[str | int, ...] | None = None
    alone: bool = False

    @property
    def title(self) -> str:
        """Name of the function, for messages."""
        if isinstance(self.function, str):
            return f"{self.function}()"
        return getattr(self.function, "__name__", None) or repr(self.function)

    def call(self, record: Record) -> Any:
        """Call the function with a record."""
        if isinstance(self.function, str):
            return getattr(record, self.function)(**self.arguments)
        return self.function(record, **self.arguments)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOutcome:
    """What became of a task; small enough to travel.

    Attributes
    ----------
    number : int
        The record.
    failure : Failure or None
        Why there is no result.
    version : str
        Of hexoframe in the worker.
    """

    number: int
    failure: Failure | None = None
    version: str = __version__


class _StageError(Exception):
    """What went wrong, and where."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.stage = stage


def run_task(job: Job, number: int) -> TaskOutcome:
    """Do a task, and return what became of it."""
    source = job.storage.root
    try:
        with _collecting(job) as warned:
            with _at("load"):
                record = open_stored(job.storage, number, channels=job.channels)
            with _at("function"):
                value = job.call(record)
            with _at("result"):
                frame = result_frame(value, number, job.title)
                data = result_bytes(frame, number, warned()[:_MOST_WARNINGS])
            with _at("store"):
                job.storage.write(result_key(job.name, number), data)
    except _StageError as error:
        cause = error.__cause__ or error
        failure = failure_of(cause, error.stage, record=number, source=source)
        return TaskOutcome(number=number, failure=failure)
    return TaskOutcome(number=number)


@contextmanager
def _at(stage: Stage) -> Iterator[None]:
    try:
        yield
    except (Exception, SystemExit) as error:
        raise _StageError("load" if is_of_reading(error) else stage) from error


@contextmanager
def _collecting(job: Job) -> Iterator[Callable[[], list[str]]]:
    """Collect warnings of a task, those of other libraries where they must be its."""
    with collecting_warnings() as own:
        if not job.alone:
            yield lambda: own
            return
        with warnings.catch_warnings(record=True) as others:
            warnings.simplefilter("default")
            yield lambda: [
                *own,
                *(harmless(f"{w.category.__name__}: {w.message}") for w in others),
            ]
