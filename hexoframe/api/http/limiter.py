"""Rate limit: at most five requests a second to a host, in all processes of a user.

Each request waits for the next free slot, 0.21 s after the one before: a little more
than a fifth of a second, as requests arrive less evenly than they are sent. A host that
answers with 429 gets fewer, until it has taken enough of them.

The processes of a user share the last slot in a small file, in a folder of the user
that does not depend on where records are kept; if that cannot be written, each process
counts alone. No request is sent here.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import math
import os
import platform
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from hexoframe.errors import HexoframeWarning, warn
from hexoframe.forks import PerProcess
from hexoframe.paths import expanded

__all__ = ["REQUESTS_HZ", "SPACING_S", "Limiter", "limiter_for", "state_folder"]

_LOG = logging.getLogger(__name__)
REQUESTS_HZ = 5
"""Requests per second that the service allows to a host."""
SPACING_S = 1.05 / REQUESTS_HZ
"""From one start to the next, in s. Without the twentieth a start that is a moment late
would let a sixth one into the same second."""
_LATE_S = 0.012
# The longest wait that a host is granted; a stored slot farther ahead is damaged.
_FAR_S = 600.0
# A host that asks for fewer requests gets half as many each time, down to one in ten
# seconds; every request that follows brings the spacing back by a fiftieth.
_SLOWER, _SLOWEST_S, _QUICKER = 2.0, 10.0, 49 / 50
# Requests that were on their way together are refused together, which counts once.
_TOGETHER_S = 2.0
_SILENT_S = 3.0
_LOCK_S = 5.0
# Two clocks that nobody touched differ by less.
_DRIFT_S = 1.0
# Each slot is written with the same length, so that it overwrites the one before.
_WIDTH = 128


def state_folder() -> Path:
    """Return the folder of the file that the processes of a user share.

    It is that of the user's state, or the one that ``HEXOFRAME_STATE_DIR`` names.
    """
    named = os.environ.get("HEXOFRAME_STATE_DIR")
    if named:
        return expanded(named, what="HEXOFRAME_STATE_DIR")
    from platformdirs import user_state_path  # noqa: PLC0415  # only to load

    return user_state_path("hexoframe", appauthor=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pace:
    """The last slot that was taken, and the spacing to the next one, in s.

    Times are those of the steady clock of this machine, which nobody sets.

    Attributes
    ----------
    last : float
        When the last request may start.
    spacing : float
        From that to the next one.
    slowed : float
        When the host last asked for fewer requests.
    """

    last: float = -math.inf
    spacing: float = 0.0
    slowed: float = -math.inf


class Limiter:
    """The slots of one host, shared with other processes through a file in `folder`.

    `spacing_s` of 0 never waits. `now` is a steady clock in s, the same in all
    processes of a machine, `wall` the time in s since 1970; a stored slot is ahead only
    if it is by both, as the first begins anew with the machine, and the second may be
    set. A folder that cannot be used is warned of once.
    """

    def __init__(  # noqa: PLR0913  # clocks and sleep are for tests
        self,
        host: str,
        folder: Path | None = None,
        *,
        spacing_s: float = SPACING_S,
        now: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.host = host
        self.spacing_s = spacing_s
        self._now = now
        self._wall = wall
        self._sleep = sleep
        self._guard = PerProcess(threading.Lock)
        self._pace = _Pace()
        self._told = -math.inf
        # Steady clocks of several machines with one home tell nothing to each other.
        text = f"{host}\n{platform.node()}"
        name = hashlib.sha256(text.encode()).hexdigest()[:16]
        self._file = None if folder is None else folder / f"pace-{name}.txt"

    def __repr__(self) -> str:
        """Return host and spacing."""
        return f"<Limiter {self.host}: a request each {self.spacing_s:g} s>"

    def wait(self) -> None:
        """Wait until a request may start."""
        if self.spacing_s <= 0:
            return
        slot = self._take(self._next)
        while True:
            early = slot - self._now()
            if early > 0:
                self._tell(early)
                self._sleep(early)
            late = self._now() - slot
            if late < _LATE_S:
                return
            # A late start comes too close to the next one: it moves its slot if that
            # is the last one, and takes another if not.
            mine = slot
            slot = self._take(
                lambda pace, mine=mine: pace if pace.last == mine else self._next(pace)  # type: ignore[misc]
            )

    def _next(self, pace: _Pace) -> _Pace:
        quicker = max(self.spacing_s, pace.spacing * _QUICKER)
        return replace(pace, last=pace.last + pace.spacing, spacing=quicker)

    def _tell(self, early: float) -> None:
        """Say that there is a long wait, once for all threads."""
        now = self._now()
        if early > _SILENT_S and now >= self._told:
            self._told = now + early
            _LOG.warning(
                "requests to %s wait %.0f s: other processes are before this one, or "
                "the host asked for it",
                self.host,
                early,
            )

    def postpone(self, seconds: float) -> None:
        """Start no request for some seconds, as the host asked."""
        if self.spacing_s > 0 and seconds > 0:
            ahead = self._now() + min(seconds, _FAR_S)
            self._take(
                lambda pace: replace(pace, last=max(pace.last, ahead - pace.spacing))
            )

    def slow_down(self) -> None:
        """Start fewer requests, as the host asked."""
        if self.spacing_s > 0:
            self._take(self._slower)

    def _slower(self, pace: _Pace) -> _Pace:
        now = self._now()
        if now - pace.slowed < _TOGETHER_S:
            return pace
        spacing = min(pace.spacing * _SLOWER, max(_SLOWEST_S, self.spacing_s))
        _LOG.info("%s asks for fewer requests: one each %.1f s", self.host, spacing)
        return replace(pace, spacing=spacing, slowed=now)

    def _take(self, next_after: Callable[[_Pace], _Pace]) -> float:
        """Take the first free slot, and return its time."""
        with self._guard.value:
            if self._file is not None:
                try:
                    return self._take_shared(self._file, next_after)
                except (OSError, TimeoutError) as error:
                    self._give_up_sharing(error)
            return self._taken_after(self._pace, next_after)

    def _taken_after(self, pace: _Pace, next_after: Callable[[_Pace], _Pace]) -> float:
        now = self._now()
        spacing = min(
            max(pace.spacing, self.spacing_s), max(_SLOWEST_S, self.spacing_s)
        )
        taken = next_after(replace(pace, spacing=spacing))
        self._pace = replace(taken, last=max(taken.last, now))
        return self._pace.last

    def _take_shared(self, file: Path, next_after: Callable[[_Pace], _Pace]) -> float:
        from filelock import FileLock  # noqa: PLC0415  # only to share

        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # A new one each time, since a forked child cannot use that of its parent.
        lock = FileLock(
            file.with_suffix(".lock"), timeout=_LOCK_S, poll_interval=0.003, mode=0o600
        )
        with lock:
            pace = self._read(file)
            # Slots that were taken before sharing began count too.
            last = max(pace.last, self._pace.last)
            slot = self._taken_after(replace(pace, last=last), next_after)
            self._write(file)
        return slot

    def _read(self, file: Path) -> _Pace:
        """Return the pace in a file; a new one if it is missing, damaged or past."""
        now, wall = self._now(), self._wall()
        if file.exists() and not file.is_file():
            # A pipe would be waited for.
            raise OSError(errno.EINVAL, "not a file")
        try:
            last, at, spacing, slowed = map(float, file.read_bytes().split())
        except FileNotFoundError:
            return _Pace()
        except ValueError:
            last = at = spacing = slowed = math.nan
        if not all(map(math.isfinite, (last, at, spacing))) or last > now + _FAR_S:
            _LOG.debug(
                "%s is damaged or of an earlier start, the slots start anew", file
            )
            return _Pace()
        if at - wall < last - now - _DRIFT_S:
            # The machine was started again, or slept, or its clock was set forward.
            last = now + at - wall
        return _Pace(
            last=last, spacing=spacing, slowed=slowed if slowed <= now else -math.inf
        )

    def _write(self, file: Path) -> None:
        """Overwrite the pace in place: a killed process leaves the old or the new."""
        pace = self._pace
        at = self._wall() + pace.last - self._now()
        text = f"{pace.last!r} {at!r} {pace.spacing!r} {pace.slowed!r}"
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, f"{text:<{_WIDTH}}".encode())
        finally:
            os.close(descriptor)

    def _give_up_sharing(self, error: BaseException) -> None:
        folder = self._file.parent if self._file is not None else None
        self._file = None
        why = getattr(error, "strerror", None) or type(error).__name__
        warn(
            f"the folder {folder} cannot be used ({why}), so the limit of "
            f"{REQUESTS_HZ} requests a second holds for this process alone. Run one "
            "process at a time, or set HEXOFRAME_STATE_DIR to a folder that can be "
            "written, the same for all processes",
            HexoframeWarning,
        )


_SHARED: dict[tuple[str, Path], Limiter] = {}
_SHARING = PerProcess(threading.Lock)


def limiter_for(host: str) -> Limiter:
    """Return the one limiter of this process for a host (scheme, name, port)."""
    key = (host, state_folder())
    with _SHARING.value:
        if key not in _SHARED:
            _SHARED[key] = Limiter(*key)
        return _SHARED[key]
