"""The names of channels in both dialects, for keys of data and of tables.

A script says ``data["heartrate"]`` if it was written for the vendor's HxApi2_0, and
``data["heart_rate"]`` if for the port to Python 3; both answer. Which names a model has
is for `files`.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from hexoframe.channels import channels_of

__all__ = ["DialectDict"]


class DialectDict(dict[str, Any]):
    """A dict that knows its keys by their names in the other dialect too.

    Iteration gives the names that the dict was made with.

    Examples
    --------
    >>> data = DialectDict({"heartrate": [70], "vt": [500]})
    >>> data["heart_rate"], "heart_rate" in data, list(data)
    ([70], True, ['heartrate', 'vt'])
    """

    def _own(self, key: Any) -> Any:
        """Return the key that a name means here."""
        if dict.__contains__(self, key):
            return key
        twin = _twins().get(key) if isinstance(key, str) else None
        return twin if twin is not None and dict.__contains__(self, twin) else key

    def __contains__(self, key: object) -> bool:
        """Whether the dict has a key of that name."""
        return dict.__contains__(self, self._own(key))

    def __missing__(self, key: Any) -> Any:
        """Return the value of the name in the other dialect."""
        own = self._own(key)
        if own == key:
            raise KeyError(key)
        return self[own]

    def __setitem__(self, key: str, value: Any) -> None:
        """Set a value; the key keeps its name."""
        dict.__setitem__(self, self._own(key), value)

    def __delitem__(self, key: str) -> None:
        """Remove a key."""
        dict.__delitem__(self, self._own(key))

    def __or__(self, other: Any) -> DialectDict:  # type: ignore[override]  # like keys only
        """Return both together."""
        joined = self.copy()
        joined.update(other)
        return joined

    def get(self, key: Any, default: Any = None) -> Any:
        """Return a value, or the default."""
        return dict.get(self, self._own(key), default)

    def pop(self, key: Any, *default: Any) -> Any:
        """Remove a key and return its value, or the default."""
        return dict.pop(self, self._own(key), *default)

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Return a value; set it first if there is none."""
        return dict.setdefault(self, self._own(key), default)

    def update(self, *others: Any, **more: Any) -> None:
        """Set several values."""
        for key, value in dict(*others, **more).items():
            self[key] = value

    def copy(self) -> DialectDict:
        """Return a copy."""
        return DialectDict(self)


@functools.cache
def _twins() -> Mapping[str, str]:
    """Return the other name of each file that the dialects call differently."""
    rows = [channel.datatypes[0] for channel in channels_of("hexoskin").values()]
    pairs = [(row.txt_classic, row.txt_port) for row in rows]
    both = [(one, other) for one, other in pairs if one != other]
    return MappingProxyType(dict(both) | {other: one for one, other in both})
