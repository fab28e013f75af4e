"""Daemon thread pool: unfinished jobs die with the process.

The threads of the standard pool are waited for when Python ends, so Ctrl-C in a
download would wait for every answer that is on its way.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial

__all__ = ["ThreadPool"]

_POLL_S = 0.2  # so that Ctrl-C interrupts the wait


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
