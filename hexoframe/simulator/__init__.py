"""A Hexoskin in a box: a synthetic shirt, its exports and a server that serves them.

`shirt` makes a recording: settings and plan of the day, the body with heart, breathing
and gait, then what the device draws (`ecg`, `pulse`) and works out (`vitals`, `hrv`).
`export` writes it as the vendor does, with `statistics` and `dashboard`. `server`
answers like the vendor's service; it alone needs the extra ``demo``.
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
