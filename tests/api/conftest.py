"""The default world of the simulated service, and no secrets of others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from hexoframe.simulator.server.running import Server

pytest.importorskip("flask", reason="the simulated service needs Flask")


@pytest.fixture(autouse=True)
def no_secrets_of_others(own_config: Path) -> Path:
    """Neither the user's config folder nor the user's keyring."""
    return own_config


@pytest.fixture(scope="session")
def default_server(serving: Callable[..., Any]) -> Iterator[Server]:
    from hexoframe.simulator.server import default_shirts

    with serving(*default_shirts(), unsigned_basic=False) as running:
        yield running


@pytest.fixture
def server(default_server: Server, cleared: Callable[[Server], Server]) -> Server:
    """The default world; signatures are wanted; journal and faults are empty."""
    return cleared(default_server)
