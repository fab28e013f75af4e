"""Token stores: the system keyring, and a file that only the user can read.

`credentials` decides what may be kept; a store keeps what it is given.
"""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from hexoframe.api.links import Origin
from hexoframe.errors import CacheError, HexoframeError, HexoframeWarning, warn
from hexoframe.forks import PerProcess
from hexoframe.jsontext import JsonSource
from hexoframe.paths import expanded

__all__ = ["KeyringStore", "TokenFile", "TokenStore", "config_folder", "usual_stores"]

_LOG = logging.getLogger(__name__)
_SERVICE = "hexoframe"
_LOCK_S = 30.0
_KEPT = JsonSource("a store of tokens", CacheError)


def config_folder() -> Path:
    """Return HEXOFRAME_CONFIG_DIR, or the user's config folder of this package."""
    named = os.environ.get("HEXOFRAME_CONFIG_DIR")
    if named:
        return expanded(named, what="HEXOFRAME_CONFIG_DIR")
    import platformdirs  # noqa: PLC0415  # only where the folder is needed

    return platformdirs.user_config_path("hexoframe", appauthor=False)


class TokenStore(Protocol):
    """Keeps the values of each host from one process to the next."""

    @property
    def name(self) -> str:
        """What messages call it."""

    def read(self, origin: Origin) -> dict[str, Any]:
        """Return what is kept for a host; {} for nothing."""

    def write(self, origin: Origin, values: dict[str, Any]) -> bool:
        """Keep values for a host, {} to forget it; return whether that worked."""

    def lock(self) -> contextlib.AbstractContextManager[Any]:
        """Return a lock against other writers."""


class KeyringStore:
    """The system keyring, if the package `keyring` is installed.

    One entry per host: service ``hexoframe``, user the base URL, password a JSON object
    with the names of `Given`. A keyring that fails counts as empty.
    """

    name = "the system keyring"
    _lock = PerProcess(threading.Lock)

    def read(self, origin: Origin) -> dict[str, Any]:
        """Return what is kept for a host; {} for nothing."""
        text = self._call("get_password", str(origin))
        values = _object_of(text) if text else {}
        if values is None or not _is_kept(values):
            _LOG.warning("the keyring entry for %s is damaged; it is ignored", origin)
            return {}
        return values

    def write(self, origin: Origin, values: dict[str, Any]) -> bool:
        """Keep values for a host, {} to forget it; return whether that worked."""
        if not values:
            self._call("delete_password", str(origin))
        else:
            self._call("set_password", str(origin), json.dumps(values))
        return self.read(origin) == values

    def lock(self) -> contextlib.AbstractContextManager[Any]:
        """Return a lock of this process; keyrings have none between processes."""
        return self._lock.value

    def _call(self, verb: str, *words: str) -> Any:
        try:
            import keyring  # noqa: PLC0415  # an optional extra
        except ImportError:
            return None
        try:
            return getattr(keyring, verb)(_SERVICE, *words)
        except Exception as error:  # noqa: BLE001  # each backend raises errors of its own
            # Only its type: the text may repeat the secret.
            _LOG.debug("the system keyring failed (%s)", type(error).__name__)
            return None


class TokenFile:
    """A JSON file in `config_folder` that only the user can read."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    @property
    def path(self) -> Path:
        """The file, whether it exists or not."""
        return (self._folder or config_folder()) / "tokens.json"

    @property
    def name(self) -> str:
        """What messages call it."""
        return str(self.path)

    def read(self, origin: Origin) -> dict[str, Any]:
        """Return what is kept for a host; {} for nothing.

        Warns if the file is damaged, or was open to others, which ends here.
        """
        values = self._all().get(str(origin), {})
        if _is_kept(values):
            return dict(values)
        self._warn_of_damage()
        return {}

    def write(self, origin: Origin, values: dict[str, Any]) -> bool:
        """Keep values for a host, {} to forget it; return whether that worked."""
        hosts = self._all()
        hosts.pop(str(origin), None)
        if values:
            hosts[str(origin)] = values
        try:
            self._replace(json.dumps(hosts, indent=1).encode())
        except OSError as error:
            _LOG.warning("%s cannot be written (%s)", self.path, error.strerror)
            return False
        return True

    def lock(self) -> contextlib.AbstractContextManager[Any]:
        """Return a lock between processes; no lock if the folder cannot be written."""
        return self._locked()

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        from filelock import FileLock, Timeout  # noqa: PLC0415

        lock = FileLock(self.path.with_suffix(".lock"), timeout=_LOCK_S)
        with contextlib.ExitStack() as stack:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                stack.enter_context(lock)
            except (OSError, Timeout) as error:
                _LOG.debug("%s: no lock (%s)", self.path, type(error).__name__)
            yield

    def _all(self) -> dict[str, Any]:
        try:
            text = self._text()
        except FileNotFoundError:
            return {}
        except (OSError, UnicodeDecodeError) as error:
            warn(
                f"{self.path} cannot be read ({type(error).__name__}): log in again "
                "with hexoframe.login()",
                HexoframeWarning,
            )
            return {}
        self._tighten()
        hosts = _object_of(text)
        if hosts is None:
            self._warn_of_damage()
            return {}
        return hosts

    def _text(self) -> str:
        """Read the file; one that is no plain file would be waited for."""
        if self.path.exists() and not self.path.is_file():
            raise OSError(errno.EINVAL, "not a file")
        return self.path.read_text("utf-8")

    def _warn_of_damage(self) -> None:
        warn(
            f"{self.path} is damaged and ignored: log in again with hexoframe.login()",
            HexoframeWarning,
        )

    def _tighten(self) -> None:
        """Remove the access of others; Windows has no such bits."""
        if os.name != "posix" or not self.path.stat().st_mode & 0o077:
            return
        warn(
            f"{self.path} could be read by others; it is closed to them now. If others "
            "use this machine, revoke the token and log in again",
            HexoframeWarning,
        )
        with contextlib.suppress(OSError):
            self.path.chmod(0o600)

    def _replace(self, content: bytes) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # mkstemp makes files that only the user can read.
        number, made = tempfile.mkstemp(prefix=".tokens-", dir=self.path.parent)
        try:
            with os.fdopen(number, "wb") as file:
                file.write(content)
            Path(made).replace(self.path)
        except BaseException:
            Path(made).unlink(missing_ok=True)
            raise


def _object_of(text: str) -> dict[str, Any] | None:
    """Return the object in a JSON text; None if it holds anything else."""
    # What is wrong with it is not said: it may hold a token.
    try:
        return _KEPT.typed(_KEPT.read(text), dict[str, Any])
    except HexoframeError:
        return None


def _is_kept(values: Any) -> bool:
    """Whether values are what `write` takes: texts, and the time of `expires`."""
    return isinstance(values, dict) and all(
        value is None or type(value) in ({int, float} if name == "expires" else {str})
        for name, value in values.items()
    )


def usual_stores() -> tuple[TokenStore, ...]:
    """Return the keyring and the token file, in the order of the search."""
    return KeyringStore(), TokenFile()
