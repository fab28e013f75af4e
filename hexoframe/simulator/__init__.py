"""A Hexoskin in a box: a synthetic shirt, its exports and a local server for them.

* `shirt`: makes a recording (`recording`) from its settings (`settings`)
* `plan`, `body`, `heart`, `breathing`, `gait`: the day and the organs of the wearer
* `device`, `ecg`, `vitals`, `marks`: what the device records of them
* `arithmetic`: whole numbers and random numbers
* `export`, `statistics`: files as the vendor writes them
* `server`: answers like the vendor's service; it alone needs the extra ``demo``
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hexoframe.simulator.server import Growth, serve
    from hexoframe.simulator.shirt import Shirt

__all__ = ["Growth", "Shirt", "serve"]


def __getattr__(name: str) -> Any:
    """Import the server at its first use: the shirt alone needs no web framework."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "shirt" if name == "Shirt" else "server"
    return getattr(import_module(f"{__name__}.{home}"), name)
