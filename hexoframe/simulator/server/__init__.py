"""A local server that answers like the vendor's service.

`serve` runs it in a thread, `simulate` until it is interrupted; it listens on the
loopback only. Flask comes with the extra ``demo`` and is imported when a server starts.
Modules, from below:

* `settings`, `faults`, `journal`: switches, faults on demand, log of requests
* `messages`, `catalog`: requests and answers, the fixed facts of the API
* `signals`, `exports`, `growth`, `world`: records, their samples, how they grow; users,
  ranges
* `objects`, `metrics`, `lists`, `reports`, `writes`: resources other than data
* `tcx`: activities as files, and uploaded ones
* `dataquery`, `data`, `edf`: the data resource
* `oauth1`, `auth`: authentication
* `service`: joins all of these, without HTTP
* `sending`, `app`, `listener`: HTTP
* `running`: the server
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from hexoframe.errors import ConfigurationError
from hexoframe.simulator.server.faults import ServerFault
from hexoframe.simulator.server.growth import Growth
from hexoframe.simulator.server.journal import LoggedRequest
from hexoframe.simulator.server.settings import Switches
from hexoframe.simulator.server.world import World, default_shirts
from hexoframe.simulator.shirt import Recording, Shirt

if TYPE_CHECKING:
    from hexoframe.channels import Family
    from hexoframe.simulator.server.running import Server

__all__ = [
    "Growth",
    "LoggedRequest",
    "ServerFault",
    "Switches",
    "default_shirts",
    "serve",
    "simulate",
]

_USUAL = Switches()
_NAP_S = 0.5
_LIVE_RECORD = 300_099


@contextmanager
def serve(  # noqa: PLR0913  # what there is, and how it answers
    *,
    recordings: Iterable[Shirt | Recording] | None = None,
    exports: Iterable[str | os.PathLike[str]] = (),
    growing: Iterable[Growth] = (),
    port: int = 0,
    switches: Switches = _USUAL,
    clock: Callable[[], float] = time.time,
) -> Iterator[Server]:
    """Run the simulated service while a block runs.

    Parameters
    ----------
    recordings : iterable of Shirt or Recording, optional
        Synthetic records, owned by the user `user_id`; 20001 is the main user. None is
        `default_shirts`, with the clock of the exports, or of 256 ticks a second.
    exports : iterable of path
        Vendor exports to serve too, as ZIP or unpacked folder.
    growing : iterable of Growth
        Those of the records that are still being recorded.
    port : int, default 0
        Port on 127.0.0.1; 0 takes a free one.
    switches : Switches
        Choices where the real service is not known, latency, bandwidth, limits.
    clock : callable, default time.time
        Seconds since 1970, for signatures, tokens and uploaded files.

    Yields
    ------
    Server
        The running server; it stops with the block.

    Raises
    ------
    ConfigurationError
        If Flask is not installed, the port is not available, or the records have
        different clocks or the same id.
    FileFormatError
        If the ``info.json`` of an export has no start, user or record.

    Examples
    --------
    >>> import urllib.request
    >>> with serve() as server:
    ...     with urllib.request.urlopen(server.base_url + "/api/") as answer:
    ...         answer.status
    200
    """
    server = _server(
        recordings, exports, growing, port=port, switches=switches, clock=clock
    )
    server.start()
    # A session may end within the block (a notebook). Its end of the block comes after
    # the threads were frozen, and waiting for them would take for ever.
    atexit.register(server.stop)
    try:
        yield server
    finally:
        atexit.unregister(server.stop)
        server.stop()


def _server(  # noqa: PLR0913  # those of serve
    recordings: Iterable[Shirt | Recording] | None,
    exports: Iterable[str | os.PathLike[str]],
    growing: Iterable[Growth],
    *,
    port: int,
    switches: Switches,
    clock: Callable[[], float],
) -> Server:
    try:
        from hexoframe.simulator.server.running import Server  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] not in {"flask", "werkzeug"}:
            raise
        raise ConfigurationError(
            "the simulated service needs Flask: pip install 'hexoframe[demo]'"
        ) from error
    paths = tuple(exports)
    if recordings is None:
        recordings = default_shirts(_family_of(paths))
    world = World(recordings, paths, growing)
    return Server(world, switches, port=port, clock=clock)


def simulate(
    port: int = 0,
    exports: Iterable[str | os.PathLike[str]] = (),
    *,
    certificate: str | os.PathLike[str] | None = None,
    live: bool = False,
) -> None:
    """Print address and credentials, then serve until interrupted.

    They are printed as ``NAME=VALUE`` lines, the environment that the client reads. It
    returns after Ctrl-C or SIGTERM.

    Parameters
    ----------
    port : int, default 0
        Port on 127.0.0.1; 0 takes a free one.
    exports : iterable of path
        Vendor exports to serve besides the synthetic records.
    certificate : path, optional
        PEM file with a private key and a certificate, for HTTPS.
    live : bool, default False
        Whether there is also a record of an hour that begins now, and grows.

    Raises
    ------
    ConfigurationError
        If Flask is not installed, the port is not available, or a path is no export.
    """
    pem = None if certificate is None else os.fspath(certificate)
    switches, paths = Switches(certificate=pem), tuple(exports)
    with (
        _termination() as ended,
        serve(
            port=port, exports=paths, switches=switches, **_live(live, paths)
        ) as server,
    ):
        for name, value in server.environment().items():
            sys.stdout.write(f"{name}={value}\n")
        sys.stdout.flush()
        with suppress(KeyboardInterrupt):
            # On Windows a wait without an end could not be interrupted.
            while not ended.wait(_NAP_S):
                pass


def _live(wanted: bool, exports: tuple[Any, ...]) -> dict[str, Any]:  # noqa: FBT001  # a switch
    """Return the records with one that begins now and grows, if it is wanted."""
    if not wanted:
        return {}
    family = _family_of(exports)
    clock = 1000 if family == "astroskin_1000" else 256
    shirt = Shirt(
        record_id=_LIVE_RECORD,
        family=family,
        seed=_LIVE_RECORD,
        duration_s=3600,
        start=int(time.time()) * clock,
    )
    return {
        "recordings": (*default_shirts(family), shirt),
        "growing": [Growth(record=_LIVE_RECORD)],
    }


def _family_of(exports: tuple[Any, ...]) -> Family:
    """Return the family of the synthetic records beside some exports."""
    fast = bool(exports) and World((), exports).clock == 1000
    return "astroskin_1000" if fast else "hexoskin"


@contextmanager
def _termination() -> Iterator[threading.Event]:
    """Give an event that SIGTERM sets, where signals can be caught."""
    ended = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield ended
        return
    before = signal.signal(signal.SIGTERM, lambda *_: ended.set())
    try:
        yield ended
    finally:
        signal.signal(signal.SIGTERM, before)
