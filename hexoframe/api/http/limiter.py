"""At most five requests a second to a host, for all threads and processes of a user.

A request takes the next free slot of a row of slots 0.21 s apart, and waits for it.
The processes of a user share the row through a small file in the cache folder; where
that cannot be written each process has a row of its own. Nothing here knows what a
request is.
"""

from __future__ import annotations

import hashlib
import logging
import math
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hexoframe.errors import HexoframeWarning, warn

__all__ = ["SPACING_S", "Limiter", "limiter_for"]

_LOG = logging.getLogger(__name__)
SPACING_S = 0.21
"""From one start to the next, in s: 0.200 s would let a sixth start slip into a second
whenever one start is late by a moment."""
_LATE_S = 0.012
# A stored slot farther ahead than this was written by a clock that was set back since.
_FAR_S = 600.0
_LOCK_S = 5.0
# No slot has more digits, so that each covers the one before it in the file.
_WIDTH = 32


class Limiter:
    """A row of slots for the requests to one host.

    Parameters
    ----------
    host : str
        Names the row.
    folder : Path, optional
        Where the processes of a user share it; None keeps it to this process.
    spacing_s : float, in s, default 0.21
        From one slot to the next; 0 never waits.
    clock : callable, default time.time
        Seconds since 1970, which all processes (and machines with one cache folder)
        count alike.
    sleep : callable, default time.sleep
        Waits so many seconds.
    """

    def __init__(
        self,
        host: str,
        folder: Path | None = None,
        *,
        spacing_s: float = SPACING_S,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.host = host
        self.spacing_s = spacing_s
        self._clock = clock
        self._sleep = sleep
        self._guard = threading.Lock()
        self._taken = 0.0
        name = hashlib.sha256(host.encode()).hexdigest()[:16]
        self._file = None if folder is None else folder / f"pace-{name}.txt"
        self._lock: Any = None
        self._warned = False

    def __repr__(self) -> str:
        """Return host and spacing."""
        return f"<Limiter {self.host}: a request each {self.spacing_s} s>"

    def wait(self) -> None:
        """Wait until a request may start."""
        if self.spacing_s <= 0:
            return
        slot = self._take(lambda last: last + self.spacing_s)
        while True:
            early = slot - self._clock()
            if early > 0:
                self._sleep(early)
            late = self._clock() - slot
            if late < _LATE_S:
                return
            # A late start would crowd the next ones: it moves its slot if it is the
            # last in the row, and takes another if it is not.
            mine = slot
            slot = self._take(
                lambda last, mine=mine: (  # type: ignore[misc]
                    last if last == mine else last + self.spacing_s
                )
            )

    def postpone(self, seconds: float) -> None:
        """Let no request start for so many seconds: the host asked for it."""
        if self.spacing_s > 0 and seconds > 0:
            ahead = self._clock() + seconds - self.spacing_s
            self._take(lambda last: max(last, ahead))

    def _take(self, next_after: Callable[[float], float]) -> float:
        """Take the first slot that is free, and return its time."""
        with self._guard:
            if self._file is None:
                return self._taken_after(self._taken, next_after)
            try:
                return self._take_shared(self._file, next_after)
            except (OSError, TimeoutError) as error:
                self._give_up_sharing(error)
                return self._taken_after(self._taken, next_after)

    def _taken_after(self, last: float, next_after: Callable[[float], float]) -> float:
        now = self._clock()
        if last > now + _FAR_S:
            last = 0.0
        self._taken = max(next_after(last), now)
        return self._taken

    def _take_shared(self, file: Path, next_after: Callable[[float], float]) -> float:
        if self._lock is None:
            from filelock import FileLock  # noqa: PLC0415  # where there is a file

            file.parent.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(
                file.with_suffix(".lock"), timeout=_LOCK_S, poll_interval=0.003
            )
        with self._lock:
            # Rows of before and after sharing began are one row.
            slot = self._taken_after(max(_number(file), self._taken), next_after)
            _write_number(file, slot)
        return slot

    def _give_up_sharing(self, error: BaseException) -> None:
        folder = self._file.parent if self._file is not None else None
        self._file = None
        why = getattr(error, "strerror", None) or type(error).__name__
        self.warn_of_folder(
            f"the cache folder {folder} cannot be used ({why}): no "
            "record is kept there, and the limit of 5 requests a second holds for this "
            "process alone. Run one process at a time, or set HEXOFRAME_CACHE_DIR to a "
            "folder that can be written and has room"
        )

    def warn_of_folder(self, text: str) -> None:
        """Warn that the cache folder cannot be used: once, whoever finds it out.

        Parameters
        ----------
        text : str
            What follows from it, and the way out.
        """
        if self._warned:
            _LOG.info("%s", text)
            return
        self._warned = True
        warn(text, HexoframeWarning)


def _number(file: Path) -> float:
    """Return the slot that a file holds; a damaged file holds none."""
    try:
        slot = float(file.read_bytes())
    except FileNotFoundError:
        return 0.0
    except ValueError:
        slot = math.nan
    if math.isfinite(slot):
        return slot
    _LOG.debug("%s is damaged, the row begins anew", file)
    return 0.0


def _write_number(file: Path, slot: float) -> None:
    """Write a slot over the one before, so that who is killed leaves one of the two."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT, 0o666)
    try:
        os.write(descriptor, f"{slot!r:<{_WIDTH}}".encode())
    finally:
        os.close(descriptor)


_SHARED: dict[tuple[str, Path | None], Limiter] = {}
_SHARING = threading.Lock()


def limiter_for(host: str, folder: Path | None = None) -> Limiter:
    """Return the one limiter of this process for a host.

    Parameters
    ----------
    host : str
        Scheme, host and port.
    folder : Path, optional
        Where the processes of the user share it; None keeps it to this process.
    """
    with _SHARING:
        key = (host, folder)
        if key not in _SHARED:
            _SHARED[key] = Limiter(host, folder)
        return _SHARED[key]
