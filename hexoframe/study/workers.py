"""Who does the tasks of a map: this process, processes, or any executor with `submit`.

No engine of its own: processes are those of `concurrent.futures`, a cluster is a
``distributed.Client``. A bounded number of tasks is in flight. A worker that dies costs
its task two more tries, each alone in a new process, and then it is a failure.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import pickle
import pkgutil
import queue
import sys
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError as CancelledTaskError
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from hexoframe.errors import ConfigurationError
from hexoframe.study.outcomes import Failure, failure_of
from hexoframe.study.tasks import Job, TaskOutcome, run_task
from hexoframe.version import __version__

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext

__all__ = ["Executor", "Workers", "outcomes_of"]

# A try that killed a worker is repeated so often.
_TRIES = 3
# Tasks in flight for each worker: one at work, one waiting.
_EACH = 2
# Where an executor does not say how many workers it has.
_UNKNOWN = 16
# Poll interval, so that Ctrl-C interrupts the wait.
_POLL_S = 0.5


class Executor(Protocol):
    """What tasks are given to: ``submit`` returns a future."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Run a function somewhere else."""


Workers = int | Executor | None
Outcomes = Generator[TaskOutcome, None, None]


def outcomes_of(job: Job, numbers: Sequence[int], workers: Workers) -> Outcomes:
    """Yield what becomes of each record, as it is done.

    `workers` is a number of processes (None: one a core; 1: this process), or an
    executor. Closing the iterator drops what is not done.
    """
    if workers is None:
        workers = _cores()
    if isinstance(workers, bool) or (isinstance(workers, int) and workers < 1):
        raise ConfigurationError(
            f"workers={workers!r}: give a number from 1, a distributed.Client, or any "
            "executor with submit()"
        )
    if isinstance(workers, int):
        count = min(workers, len(numbers))
        if count <= 1:
            return _in_this_process(job, numbers)
        return _in_processes(job, numbers, count)
    if not callable(getattr(workers, "submit", None)):
        raise ConfigurationError(
            f"workers={workers!r} has no submit(): give a number of processes, a "
            "distributed.Client, or an executor of concurrent.futures"
        )
    return _in_executor(job, numbers, workers)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _in_this_process(job: Job, numbers: Sequence[int]) -> Outcomes:
    for number in numbers:
        yield run_task(job, number)


# -- processes -------------------------------------------------------------------------

_job: Job | None = None


def _start(job: Job) -> None:
    """Prepare a worker process: one thread, and the job, which came with its start."""
    global _job  # noqa: PLW0603  # of this process
    _job = job
    import pyarrow as pa  # noqa: PLC0415  # loaded by now

    pa.set_cpu_count(1)
    # What came with a fork is shared until it is touched, also by the collector.
    gc.freeze()


def _run_started(number: int) -> TaskOutcome:
    if _job is None:
        raise RuntimeError("the worker was not prepared")
    return run_task(_job, number)


def _context() -> BaseContext:
    """Return how processes are started.

    A fork knows the functions of a notebook and of a script that guards nothing. macOS
    has libraries that do not survive one, and Windows has none.
    """
    forks = sys.platform == "linux"
    return multiprocessing.get_context("fork" if forks else "spawn")


def _check_picklable(job: Job) -> None:
    try:
        pickle.dumps(job.function)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise ConfigurationError(
            f"{job.title} cannot go to another process ({error}): put it into a module "
            "of its own, a file that is imported, or use workers=1"
        ) from error


class _Pool:
    """Processes that are started anew when one of them died."""

    def __init__(self, job: Job, count: int) -> None:
        self._job = job
        self._count = count
        self._pool = self._new()

    def _new(self) -> ProcessPoolExecutor:
        pool = ProcessPoolExecutor(
            self._count,
            mp_context=_context(),
            initializer=_start,
            initargs=(self._job,),
        )
        with warnings.catch_warnings():
            # Newer Pythons warn of forks beside threads: the locks of this package and
            # of Arrow are made anew in the child, and it starts no thread.
            warnings.simplefilter("ignore", DeprecationWarning)
            # The first task starts all processes.
            pool.submit(os.getpid)
        return pool

    def submit(self, number: int) -> Future[TaskOutcome]:
        """Give a task to the processes."""
        return self._pool.submit(_run_started, number)

    def renew(self) -> None:
        """Start new processes in the place of those of a broken pool."""
        self.close()
        self._pool = self._new()

    def close(self, *, wait: bool = False) -> None:
        """End the processes; what has not begun is dropped."""
        self._pool.shutdown(wait=wait, cancel_futures=True)


def _in_processes(job: Job, numbers: Sequence[int], count: int) -> Outcomes:
    job = replace(job, alone=True)
    if _context().get_start_method() != "fork":
        _check_picklable(job)
    pool = _Pool(job, count)
    waiting, died = deque(numbers), list[int]()
    try:
        while waiting:
            yield from _together(pool.submit, waiting, _EACH * count, died)
            if waiting or died:
                pool.renew()
            # Any that was there when a process died may be the reason: each runs alone.
            for number in died:
                yield _alone(pool, job, number)
            died.clear()
    finally:
        # A task at work cannot be stopped; who interrupts does not wait for it.
        pool.close(wait=not waiting)


def _together(
    submit: Callable[[int], Any], waiting: deque[int], limit: int, died: list[int]
) -> Outcomes:
    """Yield outcomes until a process dies; `died` gets the tasks it may have had."""
    for number, future in _flights(submit, waiting, limit):
        try:
            yield future.result()
        except BrokenProcessPool:
            died.append(number)


def _alone(pool: _Pool, job: Job, number: int) -> TaskOutcome:
    """Repeat a task alone, until it has had all its tries."""
    for _ in range(_TRIES - 1):
        try:
            return pool.submit(number).result()
        except BrokenProcessPool:
            pool.renew()
    return _died(job, number, _TRIES)


def _flights(
    submit: Callable[[int], Any], waiting: deque[int], limit: int
) -> Iterator[tuple[int, Any]]:
    """Yield records with their futures as they are done, `limit` of them at a time.

    After one whose process died, no other is begun.
    """
    done: queue.SimpleQueue[Any] = queue.SimpleQueue()
    flying: dict[Any, int] = {}
    try:
        while True:
            if not _fill(flying, (submit, done.put), waiting, limit):
                limit = 0
            if not flying:
                return
            future = _next_done(done)
            if _is_broken(future):
                limit = 0
            yield flying.pop(future), future
    finally:
        for future in flying:
            future.cancel()


def _fill(
    flying: dict[Any, int],
    way: tuple[Callable[[int], Any], Callable[[Any], None]],
    waiting: deque[int],
    limit: int,
) -> bool:
    """Submit tasks up to the limit; return False where the processes are dead."""
    submit, when_done = way
    while waiting and len(flying) < limit:
        try:
            future = submit(waiting[0])
        except BrokenProcessPool:
            return False
        flying[future] = waiting.popleft()
        future.add_done_callback(when_done)
    return True


def _next_done(done: queue.SimpleQueue[Any]) -> Any:
    while True:
        with suppress(queue.Empty):
            return done.get(timeout=_POLL_S)


def _is_broken(future: Any) -> bool:
    if not isinstance(future, Future) or future.cancelled():
        return False
    return isinstance(future.exception(), BrokenProcessPool)


def _died(job: Job, number: int, tries: int) -> TaskOutcome:
    failure = Failure(
        record=number,
        source=job.storage.root,
        stage="worker",
        type="WorkerDied",
        message=(
            f"the process of record {number} died {tries} times, each time without an "
            "error: it may have needed more memory than there is, or crashed in C code"
        ),
        attempts=tries,
    )
    return TaskOutcome(number=number, failure=failure)


# -- any executor ----------------------------------------------------------------------


def _in_executor(job: Job, numbers: Sequence[int], executor: Executor) -> Outcomes:
    """Give the tasks to an executor of the caller, which stays open."""
    # Equal arguments would give the result of an earlier run.
    more = {"pure": False} if _is_distributed(executor) else {}

    def submit(number: int) -> Any:
        return executor.submit(run_task, job, number, **more)

    _check_workers(executor, more)
    limit = _EACH * _size_of(executor)
    waiting = deque(numbers)
    for number, future in _flights(submit, waiting, limit):
        try:
            outcome = future.result()
        except Exception as error:  # noqa: BLE001  # of any library
            yield _lost(job, number, error)
        else:
            _check_version(outcome.version)
            yield outcome
    if waiting:
        raise ConfigurationError(
            f"the processes of {executor!r} died, and it takes no more tasks: results "
            "that were finished are kept. Give a new executor, or workers=N, which "
            "starts its processes anew"
        )


def _check_workers(executor: Any, more: Mapping[str, Any]) -> None:
    """Ask the workers for their hexoframe, with words that need none to be understood.

    A worker of Dask that cannot unpack a task is lost without a word, for ever.
    """
    question = (pkgutil.resolve_name, "hexoframe.version:__version__")
    try:
        versions = {executor.submit(*question, **more).result()}
        if _is_distributed(executor):
            versions |= set(executor.run(*question).values())
    except ModuleNotFoundError as error:
        raise _without_hexoframe() from error
    for version in versions:
        _check_version(version)


def _without_hexoframe() -> ConfigurationError:
    return ConfigurationError(
        f"the workers have no hexoframe: install version {__version__} where they run "
        f"(pip install hexoframe=={__version__}), with the Python of this process, and "
        "start them anew"
    )


def _is_distributed(executor: Executor) -> bool:
    return type(executor).__module__.partition(".")[0] == "distributed"


def _size_of(executor: Any) -> int:
    """Return how many workers an executor has, as far as it says so."""
    threads = getattr(executor, "nthreads", None)
    if callable(threads):
        return max(1, int(sum(threads().values())))
    size = getattr(executor, "_max_workers", None)
    return size if isinstance(size, int) and size > 0 else _UNKNOWN


def _lost(job: Job, number: int, error: Exception) -> TaskOutcome:
    """Return what became of a task that did not come back, or raise what meets all."""
    absent = _absent_module(error)
    if absent == "hexoframe":
        raise _without_hexoframe() from error
    if absent is not None:
        raise ConfigurationError(
            f"the workers cannot import {absent!r}, which {job.title} needs: install "
            "it there, or send your module (client.upload_file('module.py'))"
        ) from error
    if isinstance(error, CancelledTaskError) or "Cancelled" in type(error).__name__:
        raise ConfigurationError(
            "the cluster was closed, or cancelled the tasks: results that were "
            "finished are kept. Start it anew, and call map() again"
        ) from error
    failure = failure_of(error, "worker", record=number, source=job.storage.root)
    tries = getattr(error, "allowed_failures", None)
    if isinstance(tries, int):
        failure = replace(failure, type="WorkerDied", attempts=tries + 1)
    return TaskOutcome(number=number, failure=failure)


def _absent_module(error: BaseException | None) -> str | None:
    """Return the module that could not be imported on the way to the task, if so."""
    while error is not None:
        if isinstance(error, ModuleNotFoundError):
            return (error.name or "").partition(".")[0] or None
        error = error.__cause__ or error.__context__
    return None


def _check_version(version: str) -> None:
    if version != __version__:
        raise ConfigurationError(
            f"the workers have hexoframe {version}, and this process "
            f"{__version__}: install the same version everywhere (pip install "
            f"hexoframe=={__version__}), so that all results are computed alike"
        )
