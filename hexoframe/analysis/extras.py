"""Parts of scipy, imported when a result needs them; the time domain needs none."""

from __future__ import annotations

import importlib
from typing import Any

from hexoframe.errors import ConfigurationError

__all__ = ["part_of_scipy"]


def part_of_scipy(name: str, what: str) -> Any:
    """Return the module ``scipy.<name>``; `what` is said to need it where it lacks."""
    try:
        return importlib.import_module(f"scipy.{name}")
    except ImportError as error:
        raise ConfigurationError(
            f"{what} needs scipy: install it with pip install 'hexoframe[analysis]'"
        ) from error
