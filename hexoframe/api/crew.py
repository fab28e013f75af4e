"""A few threads that share out jobs, and end with the process. They know no request.

The threads of the standard pool are waited for when Python ends, so that who
interrupts a download would wait for every answer that is on its way.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable

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

    def run(self, jobs: Iterable[Callable[[], object]], threads: int) -> None:
        """Run jobs in their order, some at a time, and wait for them.

        Parameters
        ----------
        jobs : iterable of callable
            What to do.
        threads : int
            How many at a time.

        Raises
        ------
        BaseException
            What the first job that failed raised, after the others came to their end;
            or what interrupts the wait, at once.
        """
        left = deque(jobs)
        crew = [
            threading.Thread(
                target=self._work, args=(left,), name=f"hexoframe {number}", daemon=True
            )
            for number in range(min(threads, len(left)))
        ]
        try:
            for member in crew:
                member.start()
            for member in crew:
                while member.is_alive():
                    member.join(_LISTEN_S)
        except BaseException:
            self.stopped.set()
            raise
        if self._failures:
            raise self._failures[0]

    def _work(self, left: deque[Callable[[], object]]) -> None:
        while not self.stopped.is_set():
            try:
                job = left.popleft()
            except IndexError:
                return
            try:
                job()
            except BaseException as error:  # noqa: BLE001  # raised where it is waited for
                self._failures.append(error)
                self.stopped.set()
