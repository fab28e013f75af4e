"""Daemon thread pool, and the lane of a slow line.

Unfinished jobs die with the process. The threads of the standard pool are waited for
when Python ends, so Ctrl-C in a download would wait for every answer that is on its
way.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial

__all__ = ["SLOW_S", "Lane", "ThreadPool"]

_POLL_S = 0.2  # so that Ctrl-C interrupts the wait


SLOW_S = 1.0
"""An answer that takes longer, alone on a line, gains nothing from others beside it."""


class Lane:
    """Lets in jobs that share a line, in order: one, or `most` while they are quick.

    On a slow line several answers at once only make each come later, and a process that
    is killed loses them all. The first job tells how quick the line is.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._allowed = 1
        self._inside = 0
        self._waiting: set[int] = set()
        self._changed = threading.Condition()

    def enter(self, number: int, stopped: threading.Event) -> bool:
        """Wait for the turn of a job; return False if all were stopped meanwhile."""
        with self._changed:
            self._waiting.add(number)
            while not stopped.is_set():
                if number == min(self._waiting) and self._inside < self._allowed:
                    break
                self._changed.wait(_POLL_S)
            self._waiting.remove(number)
            self._inside += 1
            self._changed.notify_all()
        return not stopped.is_set()

    def leave(self, took_s: float | None) -> None:
        """End a job, whose answer took that long to arrive; None if none did."""
        with self._changed:
            if took_s is not None:
                # Jobs beside it shared the line.
                quick = took_s <= SLOW_S * self._inside
                self._allowed = self._most if quick else 1
            self._inside -= 1
            self._changed.notify_all()


class ThreadPool:
    """Runs jobs in a few threads until all are done, or one fails.

    `stopped` is set when a job failed or the wait was interrupted; long jobs look at it
    and end themselves.
    """

    def __init__(self) -> None:
        self.stopped = threading.Event()
        self._failures: list[BaseException] = []
        self._changed = threading.Condition()
        self._awaited = self._running = 0

    def run(
        self,
        jobs: Iterable[Callable[[], object]],
        threads: int,
        *,
        then: Iterable[Callable[[], object]] = (),
    ) -> None:
        """Run jobs in order, `threads` at a time, and wait for them.

        Jobs in `then` start after them; `finish` waits for those. Raises what the first
        failed job raised, when the others have ended; an interrupt at once.
        """
        awaited = [partial(self._await, job) for job in jobs]
        left: deque[Callable[[], object]] = deque([*awaited, *then])
        self._awaited = len(awaited)
        self._running = min(threads, len(left))
        for number in range(self._running):
            threading.Thread(
                target=self._work, args=(left,), name=f"hexoframe {number}", daemon=True
            ).start()
        self._wait(lambda: not self._awaited)

    def finish(self) -> None:
        """Wait for the jobs in `then`; raises as `run` does."""
        self._wait(lambda: False)

    def _wait(self, enough: Callable[[], bool]) -> None:
        try:
            with self._changed:
                while self._running and (self._failures or not enough()):
                    self._changed.wait(_POLL_S)
        except BaseException:
            self.stopped.set()
            raise
        if self._failures:
            raise self._failures[0]

    def _await(self, job: Callable[[], object]) -> None:
        """Run a job that `run` waits for."""
        job()
        with self._changed:
            self._awaited -= 1
            self._changed.notify_all()

    def _next(self, left: deque[Callable[[], object]]) -> Callable[[], object] | None:
        with self._changed:
            return left.popleft() if left and not self.stopped.is_set() else None

    def _work(self, left: deque[Callable[[], object]]) -> None:
        while (job := self._next(left)) is not None:
            try:
                job()
            except BaseException as error:  # noqa: BLE001  # raised where it is waited for
                self._failures.append(error)
                self.stopped.set()
        with self._changed:
            self._running -= 1
            self._changed.notify_all()
