"""Explains why nothing can be written in a place: no permission, a full disk.

What is written, and how it replaces what was there, does not belong here.
"""

from __future__ import annotations

import errno
import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

from hexoframe.errors import HexoframeError, OutputError

__all__ = ["explaining"]

_Writer = TypeVar("_Writer", bound=Callable[..., Any])

# The disk refuses, whichever file it was: these errors need not name one.
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def explaining(make: _Writer) -> _Writer:
    """Turn errors of the disk, while a target is written, into `OutputError`.

    `make` takes the target and yields the path to write. Errors of other files, such
    as those that are read meanwhile, pass.
    """

    @functools.wraps(make)
    @contextmanager
    def written(target: Path, **how: Any) -> Iterator[Path]:
        try:
            with make(target, **how) as path:
                yield path
        except HexoframeError:
            raise
        except OSError as error:
            if not (error.errno in _FULL or _concerns(error.filename, target)):
                raise
            full = error.errno in _FULL
            why = (error.strerror or type(error).__name__).lower()
            told = OutputError(
                f"{target} cannot be written ({why}): "
                f"{'make room' if full else 'allow writing there'}, or choose another "
                "place"
            )
            told.errno = error.errno
            raise told from error

    return cast("_Writer", written)


def _concerns(name: object, target: Path) -> bool:
    """Whether a file is the target, in it, above it, or hidden beside it."""
    if not isinstance(name, str):
        return False
    path = Path(name)
    hidden = any(part.startswith(f".{target.name}.") for part in path.parts)
    return hidden or path == target or target in path.parents or path in target.parents
