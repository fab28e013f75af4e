"""A study of small recordings, and functions that map can send to a worker."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import hexoframe

if TYPE_CHECKING:
    from hexoframe.study import Study

FILES = ("range_2records.zip", "astroskin_1000_1min.zip", "hexoskin_10min.csv")


@pytest.fixture(scope="session")
def kept_study(
    samples: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Path]:
    """A study of four short recordings, made once; not to be changed."""
    root = tmp_path_factory.mktemp("kept") / "study"
    made: list[Path] = []

    def make() -> Path:
        if not made:
            study = hexoframe.open_study(root)
            study.sync([samples / name for name in FILES], progress=False)
            made.append(root)
        return root

    return make


@pytest.fixture
def study(kept_study: Callable[[], Path], tmp_path: Path) -> Study:
    """A copy of that study; records 300012, 300013, 300014 and 20240301220000."""
    root = tmp_path / "study"
    shutil.copytree(kept_study(), root)
    return hexoframe.open_study(root)


@pytest.fixture
def empty(tmp_path: Path) -> Study:
    """A new study."""
    return hexoframe.open_study(tmp_path / "new")


@pytest.fixture
def sync() -> Callable[..., Any]:
    """Sync without a bar."""

    def run(study: Study, *what: Any, **how: Any) -> Any:
        return study.sync(*what, progress=False, **how)

    return run
