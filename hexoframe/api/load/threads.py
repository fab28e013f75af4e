"""A few threads that share out jobs, and end with the process. They know no request.

The threads of the standard pool are waited for when Python ends, so that who
interrupts a download would wait for every answer that is on its way.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial

__all__ = ["Crew"]

# Where a wait without an end hears no Ctrl-C, it is heard so often.
_LISTEN_S = 0.2


class Crew:
    """Threads that share out jobs until all are done, or one fails.

    Attributes
    ----------
    stopped : Event
        Set when a job failed or the wait for them was interrupted; a job that takes
        long looks at it and ends itself.
    """

    def __init__(self) -> None:
        self.stopped = threading.Event()
        self._failures: list[BaseException] = []
        self._changed = threading.Condition()
        self._awaited = self._members = 0

    def run(
        self,
        jobs: Iterable[Callable[[], object]],
        threads: int,
        *,
        then: Iterable[Callable[[], object]] = (),
    ) -> None:
        """Run jobs in their order, some at a time, and wait for them.

        Parameters
        ----------
        jobs : iterable of callable
            What to do.
        threads : int
            How many at a time.
        then : iterable of callable
            What is begun when all jobs are; it is left to `finish` to wait for it.

        Raises
        ------
        BaseException
            What the first job that failed raised, after the others came to their end;
            or what interrupts the wait, at once.
        """
        awaited = [partial(self._one_of, job) for job in jobs]
        left: deque[Callable[[], object]] = deque([*awaited, *then])
        self._awaited = len(awaited)
        self._members = min(threads, len(left))
        for number in range(self._members):
            threading.Thread(
                target=self._work, args=(left,), name=f"hexoframe {number}", daemon=True
            ).start()
        self._wait(lambda: not self._awaited)

    def finish(self) -> None:
        """Wait for what was begun after the jobs.

        Raises
        ------
        BaseException
            As `run`.
        """
        self._wait(lambda: False)

    def _wait(self, enough: Callable[[], bool]) -> None:
        try:
            with self._changed:
                while self._members and (self._failures or not enough()):
                    self._changed.wait(_LISTEN_S)
        except BaseException:
            self.stopped.set()
            raise
        if self._failures:
            raise self._failures[0]

    def _one_of(self, job: Callable[[], object]) -> None:
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
            self._members -= 1
            self._changed.notify_all()
