"""What a process makes anew when it is the forked child of another.

Locks may be held for ever by threads that the child does not have, and connections
would be shared with the parent. Everything of the kind is kept in a `PerProcess`.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar

__all__ = ["PerProcess"]

_T = TypeVar("_T")
_made: weakref.WeakSet[PerProcess[Any]] = weakref.WeakSet()


class PerProcess(Generic[_T]):
    """A value of this process: a forked child, and a copy, get one of their own.

    `make` returns a new value, and can be pickled where copies go to other processes.
    """

    def __init__(self, make: Callable[[], _T]) -> None:
        self._make = make
        self.value = make()
        _made.add(self)

    def __reduce__(self) -> tuple[type[PerProcess[_T]], tuple[Callable[[], _T]]]:
        """Copy how the value is made, not the value."""
        return type(self), (self._make,)

    def renew(self) -> None:
        """Make the value anew."""
        self.value = self._make()


def _renew_all() -> None:
    for each in tuple(_made):
        each.renew()


if hasattr(os, "register_at_fork"):
    # Before anything else runs in the child, so that its threads agree.
    os.register_at_fork(after_in_child=_renew_all)
