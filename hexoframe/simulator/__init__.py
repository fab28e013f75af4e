"""A Hexoskin in a box: a synthetic shirt, its exports and a local server for them.

* `shirt`: makes a recording (`recording`) from its settings (`settings`)
* `plan`, `body`, `heart`, `breathing`, `gait`: the day and the organs of the wearer
* `device`, `ecg`, `vitals`, `marks`: what the device records of them
* `arithmetic`: whole numbers and random numbers
* `export`, `statistics`: files as the vendor writes them
* `server`: answers like the vendor's service; it alone needs the extra ``demo``
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hexoframe.simulator.server import serve

__all__ = ["serve"]


def __getattr__(name: str) -> Any:
    """Import the server at its first use: the shirt alone needs no web framework."""
    if name != "serve":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from hexoframe.simulator.server import serve  # noqa: PLC0415

    return serve
