"""Recordings of the synthetic shirt for several test modules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hexoframe.simulator.shirt import Recording, Shirt, wear

if TYPE_CHECKING:
    from collections.abc import Callable


def _made(family: str, **changes) -> Recording:
    usual = {
        "seed": 5,
        "duration_s": 600.25,
        "start": 1_718_000_000 * (1000 if family == "astroskin_1000" else 256) + 3,
        "gaps": ((250.0, 20.0),),
        "lead_off": ((150.0, 9.0),),
        "movement": ((420.0, 6.0),),
        "presses": (12.5, 30),
        "weight_kg": 50,
        "track": True,
    }
    return wear(Shirt(family=family, **(usual | changes)))


@pytest.fixture(scope="session")
def made() -> Callable[..., Recording]:
    """A maker of 10 minutes with a gap, a loose lead and movement."""
    return _made


@pytest.fixture(scope="module", params=("hexoskin", "astroskin_256", "astroskin_1000"))
def worn(request) -> Recording:
    """Such a recording of each family."""
    return _made(request.param)


@pytest.fixture
def brief() -> Recording:
    """400 s of a Hexoskin with a loose lead and a press of the button."""
    return wear(Shirt(seed=1, duration_s=400, lead_off=((100, 8),), presses=(12.5,)))
