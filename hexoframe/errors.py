"""Every error and warning of hexoframe, and the function that warns.

Standard library only: every other module may import this one. A message gives the
value, the limit and the way out; it never contains a password, a token or a URL with
its query.

The tree::

    HexoframeError
    ├── RequestError               a request to the service failed
    │   ├── AuthenticationError    401, 403
    │   ├── NotFoundError          404
    │   ├── RateLimitedError       429, retryable
    │   ├── ServerError            5xx, retryable
    │   └── UnreachableError       no answer, retryable
    ├── ResponseError              the answer makes no sense
    ├── IncompleteDataError        the source holds more than arrived
    ├── UnknownChannelError        also LookupError
    ├── TimestampError             also ValueError
    ├── FileFormatError            also ValueError
    ├── ConfigurationError         also ValueError
    ├── SourceChangedError         also OSError
    ├── OutputError                also OSError
    │   └── OutputExistsError      also FileExistsError
    ├── CacheError                 also OSError
    ├── UnfinishedRecordError      retryable
    └── StorageError               also OSError, retryable
    HexoframeWarning
    ├── MissingSamplesWarning
    ├── SkippedChannelWarning
    ├── MissingFactsWarning
    ├── UnfinishedRecordWarning
    └── UnverifiedCalibrationWarning
"""

from __future__ import annotations

import inspect
import sys
import threading
import unicodedata
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import FrameType

__all__ = [
    "AuthenticationError",
    "CacheError",
    "ConfigurationError",
    "FileFormatError",
    "HexoframeError",
    "HexoframeWarning",
    "IncompleteDataError",
    "MissingFactsWarning",
    "MissingSamplesWarning",
    "NotFoundError",
    "OutputError",
    "OutputExistsError",
    "RateLimitedError",
    "RequestError",
    "ResponseError",
    "ServerError",
    "SkippedChannelWarning",
    "SourceChangedError",
    "StorageError",
    "TimestampError",
    "UnfinishedRecordError",
    "UnfinishedRecordWarning",
    "UnknownChannelError",
    "UnreachableError",
    "UnverifiedCalibrationWarning",
]

# Not code of the user: `record.items()` reads channels within collections.abc, methods
# are decorated by contextlib, and writers use threads.
_NOT_THE_USERS = frozenset(
    {"hexoframe", "collections", "concurrent", "contextlib", "threading"}
)


class _Escapes(dict[int, str]):
    """How `harmless` writes characters: those that a terminal obeys as escapes."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        # Spaces of other languages are no harm, but unprintable as Python has it.
        kept = char.isprintable() or unicodedata.category(char) == "Zs"
        self[code] = char if kept else repr(char)[1:-1]
        return self[code]


_ESCAPES, _LINES = _Escapes(), _Escapes({10: "\n", 9: "\t"})


def harmless(text: str, *, lines: bool = False) -> str:
    r"""Return a text whose control characters are shown, not obeyed.

    Names, notes and messages of the service may hold sequences that clear a terminal
    or change the direction of writing. `lines` keeps line feeds and tabs.

    Examples
    --------
    >>> print(harmless("a\x1b[2Jb\n"), harmless("Zo\u00eb"))
    a\x1b[2Jb\n Zo\xeb
    """
    return text if text.isprintable() else text.translate(_LINES if lines else _ESCAPES)


class HexoframeError(Exception):
    """Base of every error of this package.

    Attributes
    ----------
    retryable : bool
        Whether the same call may succeed later without any change.
    """

    retryable = False

    def __str__(self) -> str:
        """Return the message, without control characters."""
        return harmless(super().__str__(), lines=True)


class RequestError(HexoframeError):
    """A request to the service failed.

    Attributes
    ----------
    status : int or None
        HTTP status of the answer.
    retry_after : float or None, in s
        How long the service asks callers to wait.
    """

    def __init__(
        self,
        message: str = "",
        *,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class AuthenticationError(RequestError):
    """The credentials are missing, wrong or not sufficient (401, 403)."""


class NotFoundError(RequestError):
    """The object does not exist, or this user may not see it (404)."""


class RateLimitedError(RequestError):
    """The service asks for fewer requests (429)."""

    retryable = True


class ServerError(RequestError):
    """The service failed (5xx)."""

    retryable = True


class UnreachableError(RequestError):
    """No answer came: no network, a wrong host name or a cut connection."""

    retryable = True


class ResponseError(HexoframeError):
    """The answer of the service makes no sense."""


class IncompleteDataError(HexoframeError):
    """The source holds more samples than arrived.

    Attributes
    ----------
    ledger : object or None
        Expected and received samples per channel.
    resume : object or None
        State with which a later call continues.
    """

    def __init__(
        self, message: str = "", *, ledger: Any = None, resume: Any = None
    ) -> None:
        super().__init__(message)
        self.ledger = ledger
        self.resume = resume


class UnknownChannelError(HexoframeError, LookupError):
    """The model has no channel of that name or id."""


class TimestampError(HexoframeError, ValueError):
    """A time stamp is naive, missing, off the tick grid or out of range."""


class FileFormatError(HexoframeError, ValueError):
    """A file is damaged or of another format; the message names file and place."""


class ConfigurationError(HexoframeError, ValueError):
    """An argument or a setting has a value that is not allowed."""


class SourceChangedError(HexoframeError, OSError):
    """A file is another one than when the record was opened from it, or is gone."""


class OutputError(HexoframeError, OSError):
    """The target cannot be written; the message names it and says why."""


class OutputExistsError(OutputError, FileExistsError):
    """The target holds something else and ``overwrite=True`` was not given."""


class CacheError(HexoframeError, OSError):
    """The cache folder cannot be used."""


class StorageError(HexoframeError, OSError):
    """The place of a study cannot be read or written: disk, network or permission."""

    retryable = True


class UnfinishedRecordError(HexoframeError):
    """The service does not have the whole record, or not yet."""

    retryable = True


def would_meet_all(error: BaseException) -> bool:
    """Whether an error would meet every record alike: bad login, or no service."""
    # 403 is about one record, of somebody else.
    refused = isinstance(error, AuthenticationError) and error.status != 403
    return refused or isinstance(error, UnreachableError)


class HexoframeWarning(UserWarning):
    """Base of every warning of this package."""


class MissingSamplesWarning(HexoframeWarning):
    """Samples that the source held are missing; the ledger says which."""


class SkippedChannelWarning(HexoframeWarning):
    """A file or datatype was skipped: the model has no channel for it."""


class MissingFactsWarning(HexoframeWarning):
    """Facts are missing: the source did not have them, or they cannot be read."""


class UnfinishedRecordWarning(HexoframeWarning):
    """The service does not have the whole record, or not yet."""


class UnverifiedCalibrationWarning(HexoframeWarning):
    """The scale of a channel that is used was never confirmed on real data."""


_collected: ContextVar[list[str] | None] = ContextVar("collected", default=None)


@contextmanager
def collecting_warnings() -> Iterator[list[str]]:
    """Collect the warnings of this package in a block, as texts, and show none.

    Of many records they belong beside each record. Those of other threads stay theirs.
    """
    texts: list[str] = []
    token = _collected.set(texts)
    try:
        yield texts
    finally:
        _collected.reset(token)


def warn(message: str, category: type[HexoframeWarning]) -> None:
    """Warn at the line of the user's code, however deep the call is.

    Channels are read when they are touched, so a fixed ``stacklevel`` cannot work.
    """
    message = harmless(message, lines=True)
    collected = _collected.get()
    if collected is not None:
        text = f"{category.__name__}: {message}"
        if text not in collected:
            collected.append(text)
        return
    frame = _users(inspect.currentframe())
    if frame is None:
        # In a thread of hexoframe; the code of the user waits in the main one.
        main = threading.main_thread().ident or 0
        frame = _users(sys._current_frames().get(main))  # noqa: SLF001  # documented
    if frame is None:
        warnings.warn(message, category, stacklevel=2)
        return
    warnings.warn_explicit(
        message,
        category,
        frame.f_code.co_filename,
        frame.f_lineno,
        module=frame.f_globals.get("__name__"),
        registry=frame.f_globals.setdefault("__warningregistry__", {}),
    )


def _users(frame: FrameType | None) -> FrameType | None:
    """Return the innermost frame of the user's code, if there is one."""
    while frame is not None:
        package = frame.f_globals.get("__name__", "").partition(".")[0]
        if package not in _NOT_THE_USERS:
            return frame
        frame = frame.f_back
    return None
