"""Where tokens are kept from one process to the next: the keyring, or a file.

What may be kept is decided in `sources`; a store keeps what it is given.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hexoframe.api.links import Origin
from hexoframe.errors import HexoframeWarning, warn

__all__ = ["KeyringStore", "Store", "TokenFile", "config_folder", "usual_stores"]

_LOG = logging.getLogger(__name__)
_SERVICE = "hexoframe"
_LOCK_S = 30.0


def config_folder() -> Path:
    """Return the folder of the token file: HEXOFRAME_CONFIG_DIR, or the user's own."""
    named = os.environ.get("HEXOFRAME_CONFIG_DIR")
    if named:
        return Path(named).expanduser()
    import platformdirs  # noqa: PLC0415  # a folder is looked for only when needed

    return platformdirs.user_config_path("hexoframe", appauthor=False)


class Store:
    """Where credentials are kept from one process to the next."""

    name: str

    def read(self, origin: Origin) -> dict[str, Any]:
        """Return what is kept for a host; {} for nothing."""
        raise NotImplementedError

    def write(self, origin: Origin, values: dict[str, Any]) -> bool:
        """Keep values for a host, {} to forget it; return whether that worked."""
        raise NotImplementedError

    def lock(self) -> contextlib.AbstractContextManager[Any]:
        """Return what holds other writers off."""
        raise NotImplementedError


class KeyringStore(Store):
    """The keyring of the system, where the package `keyring` is installed.

    One entry a host: service ``hexoframe``, user the base URL, and a JSON object with
    the names of `Given`. A keyring that fails is an empty one.
    """

    name = "the system keyring"
    _lock = threading.Lock()

    def read(self, origin: Origin) -> dict[str, Any]:
        """Return what is kept for a host; {} for nothing."""
        text = self._call("get_password", str(origin))
        try:
            values = json.loads(text) if text else {}
        except ValueError:
            values = None
        if not isinstance(values, dict):
            _LOG.warning(
                "the keyring entry for %s is no JSON object; passed by", origin
            )
            return {}
        return values

    def write(self, origin: Origin, values: dict[str, Any]) -> bool:
        """Keep values for a host; return whether a look finds them there."""
        if not values:
            self._call("delete_password", str(origin))
        else:
            self._call("set_password", str(origin), json.dumps(values))
        return self.read(origin) == values

    def lock(self) -> contextlib.AbstractContextManager[Any]:
        """Return a lock of this process; keyrings have none of their own."""
        return self._lock

    def _call(self, verb: str, *words: str) -> Any:
        try:
            import keyring  # noqa: PLC0415  # an extra, imported when used
        except ImportError:
            return None
        try:
            return getattr(keyring, verb)(_SERVICE, *words)
        except Exception as error:  # noqa: BLE001  # each backend raises errors of its own
            # Only the kind: the text of a foreign error may repeat what it was given.
            _LOG.debug("the system keyring failed (%s)", type(error).__name__)
            return None


class TokenFile(Store):
    """A JSON file that only the user can read.

    Parameters
    ----------
    folder : Path, optional
        Where it lies; `config_folder` unless given.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    @property
    def path(self) -> Path:
        """The file, whether it exists or not."""
        return (self._folder or config_folder()) / "tokens.json"

    @property
    def name(self) -> str:  # type: ignore[override]
        """What messages call it."""
        return str(self.path)

    def read(self, origin: Origin) -> dict[str, Any]:
        """Return what is kept for a host; {} for nothing.

        Warns
        -----
        HexoframeWarning
            If others could read the file (which ends then), or it is damaged.
        """
        values = self._all().get(str(origin), {})
        return values if isinstance(values, dict) else {}

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
        """Return a lock between processes; none where the folder cannot be written."""
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
            text = self.path.read_text("utf-8")
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
        try:
            hosts = json.loads(text)
        except ValueError:
            hosts = None
        if not isinstance(hosts, dict):
            warn(
                f"{self.path} is damaged and passed by: log in again with "
                "hexoframe.login()",
                HexoframeWarning,
            )
            return {}
        return hosts

    def _tighten(self) -> None:
        """Take the rights of others away; Windows has no such bits."""
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


def usual_stores() -> tuple[Store, ...]:
    """Return the keyring and the token file, in the order in which they are asked."""
    return KeyringStore(), TokenFile()
