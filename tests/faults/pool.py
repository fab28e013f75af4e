"""Forked workers that try inputs under a limit of time and of memory.

A worker that crashes, hangs or swells is counted and replaced; the others go on. What
an input is and what becomes of it is not known here.
"""

from __future__ import annotations

import contextlib
import faulthandler
import itertools
import multiprocessing
import os
import re
import resource
import shutil
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, NamedTuple

from tests.faults.verdicts import Result

_FORK = multiprocessing.get_context("fork")
_LOOK_S = 0.05
# A backstop for what is asked for in one piece, before anybody looks.
_ADDRESSES = 12 << 30
_LARGEST_FILE = 3 << 30


class Case(NamedTuple):
    """One input: the door, the kind of damage, and the number that chance starts from.

    The kind is "" for one that chance picks, as the first thing.
    """

    door: str
    number: int
    kind: str = ""


class Tried(NamedTuple):
    """An input and what became of it."""

    case: Case
    result: Result
    seconds: float
    peak_mb: float


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one input may take."""

    seconds: float = 20
    megabytes: float = 1000


Work = Callable[[Case, Path], tuple[str, Result]]
"""Tries a case in an empty folder; returns its kind and what became of it."""


class _Worker:
    """A process, the case that it tries, and since when."""

    def __init__(
        self, work: Work, scratch: Path, number: int, limits: Limits, case: Case
    ) -> None:
        self.scratch = scratch / f"worker_{number}"
        self.scratch.mkdir()
        self._limits = limits
        self.pipe, theirs = _FORK.Pipe()
        self.process = _FORK.Process(
            target=_run, args=(work, theirs, self.scratch, limits)
        )
        self.process.start()
        theirs.close()
        self.give(case)

    def give(self, case: Case) -> None:
        self.case: Case | None = case
        self.since = time.monotonic()
        self.pipe.send(case)

    def told(self) -> Tried:
        """Return what became of the case; the worker may have died of it."""
        assert self.case is not None
        try:
            tried: Tried = self.pipe.recv()
        except (EOFError, OSError):
            self.process.join()
            code = self.process.exitcode or 0
            why = f"crash: {signal.Signals(-code).name if code < 0 else code}"
            # The dump of where it hangs may bring it down.
            late = time.monotonic() - self.since > 0.9 * self._limits.seconds
            verdict = "memory" if why.endswith("KILL") else "escape"
            tried = self._ended("hang" if late else verdict, why)
        self.case = None
        return tried

    def overdue(self) -> Tried | None:
        """Kill a worker that takes too long or too much; return the case's end."""
        if self.case is None:
            return None
        if time.monotonic() - self.since > self._limits.seconds:
            self.end()
            return self._ended("hang", _where(self.scratch))
        if resident_mb(self.process.pid) > 1.5 * self._limits.megabytes:
            self.end()
            return self._ended("memory", "killed while it grew")
        return None

    def _ended(self, verdict: str, what: str) -> Tried:
        assert self.case is not None
        with contextlib.suppress(OSError):
            kind = (self.scratch / "kind").read_text()
            self.case = self.case._replace(kind=self.case.kind or kind)
        taken = time.monotonic() - self.since
        return Tried(self.case, Result(verdict, what), taken, 0)

    def end(self) -> None:
        """End the process and those that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.join()
        self.pipe.close()

    def close(self) -> None:
        self.end()
        shutil.rmtree(self.scratch, ignore_errors=True)


def try_all(
    cases: Iterable[Case],
    work: Work,
    scratch: Path,
    *,
    workers: int = 2,
    limits: Limits | None = None,
) -> Iterator[Tried]:
    """Try all cases, and yield what became of each as soon as it is known."""
    limits = limits or Limits()
    left = iter(cases)
    pool = [
        _Worker(work, scratch, number, limits, case)
        for number, case in enumerate(itertools.islice(left, workers))
    ]
    numbers = itertools.count(len(pool))

    def anew(case: Case) -> _Worker:
        return _Worker(work, scratch, next(numbers), limits, case)

    try:
        yield from _all_tried(pool, left, anew)
    finally:
        for each in pool:
            each.close()


def _all_tried(
    pool: list[_Worker], left: Iterator[Case], anew: Callable[[Case], _Worker]
) -> Iterator[Tried]:
    while pool:
        ready = wait([each.pipe for each in pool], timeout=_LOOK_S)
        for each in list(pool):
            tried = each.told() if each.pipe in ready else each.overdue()
            if tried is None:
                continue
            yield tried
            case = next(left, None)
            if case is not None and each.process.is_alive():
                each.give(case)
                continue
            pool.remove(each)
            each.close()
            if case is not None:
                pool.append(anew(case))


# -- in the worker ---------------------------------------------------------------------


def _run(work: Work, pipe: Connection, scratch: Path, limits: Limits) -> None:
    os.setpgid(0, 0)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    faulthandler.disable()  # a crash is counted, not told
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESSES, _ADDRESSES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_LARGEST_FILE, _LARGEST_FILE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    with (scratch / "stack").open("w") as stack:
        while True:
            try:
                case = pipe.recv()
            except EOFError:
                return
            stack.truncate(0)
            faulthandler.dump_traceback_later(0.9 * limits.seconds, file=stack)
            tried = _tried(work, case, scratch, limits)
            faulthandler.cancel_dump_traceback_later()
            pipe.send(tried)


def _tried(work: Work, case: Case, scratch: Path, limits: Limits) -> Tried:
    place = scratch / "case"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    _forget_peak()
    start = time.monotonic()
    kind, result = work(case, place)
    taken, peak = time.monotonic() - start, _peak_mb()
    if peak > limits.megabytes and result.verdict not in {"escape", "lost"}:
        result = Result("memory", f"{result.verdict} at {peak:.0f} MB")
    return Tried(case._replace(kind=kind), result, taken, peak)


def _where(scratch: Path) -> str:
    """Return where a worker hung: the innermost lines of the package."""
    with contextlib.suppress(OSError):
        stack = (scratch / "stack").read_text()
        found = re.findall(r'File "[^"]*/hexoframe/([^"]*)", line \d+ in (\w+)', stack)
        return " < ".join(f"{file}:{name}" for file, name in found[:2])
    return ""


# -- memory, where /proc tells of it ---------------------------------------------------


def _forget_peak() -> None:
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak_mb() -> float:
    return _status("self", "VmHWM")


def resident_mb(pid: int | None) -> float:
    """Return what a process holds now; 0 where nothing tells."""
    return _status(pid, "VmRSS")


def _status(pid: Any, what: str) -> float:
    with contextlib.suppress(OSError):
        text = Path(f"/proc/{pid}/status").read_text()
        found = re.search(rf"{what}:\s+(\d+) kB", text)
        return int(found[1]) / 1e3 if found else 0
    return 0
