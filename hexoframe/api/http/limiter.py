"""Rate limit: at most five requests a second to a host, in all processes of a user.

Each request waits for the next free slot, 0.21 s after the one before: a little more
than a fifth of a second, as requests arrive less evenly than they are sent. The
processes of a user share the last slot in a small file in the cache folder; if that
cannot be written, each process counts alone. No request is sent here.
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

__all__ = ["REQUESTS_HZ", "SPACING_S", "Limiter", "limiter_for"]

_LOG = logging.getLogger(__name__)
REQUESTS_HZ = 5
"""Requests per second that the service allows to a host."""
SPACING_S = 1.05 / REQUESTS_HZ
"""From one start to the next, in s. Without the twentieth a start that is a moment late
would let a sixth one into the same second."""
_LATE_S = 0.012
# A stored slot farther ahead than this was written before the clock was set back.
_FAR_S = 600.0
_LOCK_S = 5.0
# Each slot is written with the same length, so that it overwrites the one before.
_WIDTH = 32


def _warn(text: str) -> None:
    warn(text, HexoframeWarning)


class Limiter:
    """The slots of one host, shared with other processes through a file in `folder`.

    `spacing_s` of 0 never waits. `now` is in s since 1970, the same in all processes
    (and machines with one cache folder). `on_unusable` is told once that the folder
    cannot be used.
    """

    def __init__(  # noqa: PLR0913  # time and warning are for tests and the cache
        self,
        host: str,
        folder: Path | None = None,
        *,
        spacing_s: float = SPACING_S,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], object] = time.sleep,
        on_unusable: Callable[[str], object] = _warn,
    ) -> None:
        self.host = host
        self.spacing_s = spacing_s
        self._now = now
        self._sleep = sleep
        self._on_unusable = on_unusable
        self._guard = threading.Lock()
        self._taken = 0.0
        name = hashlib.sha256(host.encode()).hexdigest()[:16]
        self._file = None if folder is None else folder / f"pace-{name}.txt"
        self._lock: Any = None

    def __repr__(self) -> str:
        """Return host and spacing."""
        return f"<Limiter {self.host}: a request each {self.spacing_s:g} s>"

    def wait(self) -> None:
        """Wait until a request may start."""
        if self.spacing_s <= 0:
            return
        slot = self._take(lambda last: last + self.spacing_s)
        while True:
            early = slot - self._now()
            if early > 0:
                self._sleep(early)
            late = self._now() - slot
            if late < _LATE_S:
                return
            # A late start comes too close to the next one: it moves its slot if that
            # is the last one, and takes another if not.
            mine = slot
            slot = self._take(
                lambda last, mine=mine: (  # type: ignore[misc]
                    last if last == mine else last + self.spacing_s
                )
            )

    def postpone(self, seconds: float) -> None:
        """Start no request for some seconds, as the host asked."""
        if self.spacing_s > 0 and seconds > 0:
            ahead = self._now() + seconds - self.spacing_s
            self._take(lambda last: max(last, ahead))

    def _take(self, next_after: Callable[[float], float]) -> float:
        """Take the first free slot, and return its time."""
        with self._guard:
            if self._file is None:
                return self._taken_after(self._taken, next_after)
            try:
                return self._take_shared(self._file, next_after)
            except (OSError, TimeoutError) as error:
                self._give_up_sharing(error)
                return self._taken_after(self._taken, next_after)

    def _taken_after(self, last: float, next_after: Callable[[float], float]) -> float:
        now = self._now()
        if last > now + _FAR_S:
            last = 0.0
        self._taken = max(next_after(last), now)
        return self._taken

    def _take_shared(self, file: Path, next_after: Callable[[float], float]) -> float:
        if self._lock is None:
            from filelock import FileLock  # noqa: PLC0415  # only to share

            file.parent.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(
                file.with_suffix(".lock"), timeout=_LOCK_S, poll_interval=0.003
            )
        with self._lock:
            # Slots that were taken before sharing began count too.
            slot = self._taken_after(max(_number(file), self._taken), next_after)
            _write_number(file, slot)
        return slot

    def _give_up_sharing(self, error: BaseException) -> None:
        folder = self._file.parent if self._file is not None else None
        self._file = None
        why = getattr(error, "strerror", None) or type(error).__name__
        self._on_unusable(
            f"the cache folder {folder} cannot be used ({why}): no record is kept "
            f"there, and the limit of {REQUESTS_HZ} requests a second holds for this "
            "process alone. Run one process at a time, or set HEXOFRAME_CACHE_DIR to a "
            "folder that can be written and has room"
        )


def _number(file: Path) -> float:
    """Return the slot in a file; 0 for a missing or damaged one."""
    try:
        slot = float(file.read_bytes())
    except FileNotFoundError:
        return 0.0
    except ValueError:
        slot = math.nan
    if math.isfinite(slot):
        return slot
    _LOG.debug("%s is damaged, the slots start anew", file)
    return 0.0


def _write_number(file: Path, slot: float) -> None:
    """Overwrite the slot in place: a killed process leaves the old or the new one."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT, 0o666)
    try:
        os.write(descriptor, f"{slot!r:<{_WIDTH}}".encode())
    finally:
        os.close(descriptor)


_SHARED: dict[tuple[str, Path | None], Limiter] = {}
_SHARING = threading.Lock()


def limiter_for(
    host: str,
    folder: Path | None = None,
    *,
    on_unusable: Callable[[str], object] = _warn,
) -> Limiter:
    """Return the one limiter of this process for a host (scheme, name, port)."""
    with _SHARING:
        key = (host, folder)
        if key not in _SHARED:
            _SHARED[key] = Limiter(host, folder, on_unusable=on_unusable)
        return _SHARED[key]
