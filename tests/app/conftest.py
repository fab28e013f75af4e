"""A simulated service, and commands run in this process, in another, at a terminal."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from hexoframe.app.cli import _hexoframe
from hexoframe.simulator.shirt import Shirt

if TYPE_CHECKING:
    from hexoframe.simulator.server.running import Server

ROOT = Path(__file__).parents[2]

# Their ids: what is listed first began last.
FIRST, SECOND, OTHERS = 41, 42, 43
_DAY = 86_400 * 256
_START = 437_610_700_800
SHIRTS = (
    Shirt(seed=7, duration_s=60, record_id=FIRST, start=_START, presses=(5,)),
    Shirt(seed=8, duration_s=60, record_id=SECOND, start=_START + _DAY, track=True),
    Shirt(seed=9, duration_s=60, record_id=OTHERS, user_id=20_004),
)


@pytest.fixture(scope="session")
def world(serving: Callable[..., Any]) -> Iterator[Server]:
    with serving(*SHIRTS, unsigned_basic=False) as running:
        yield running


@pytest.fixture
def service(
    world: Server,
    cleared: Callable[[Server], Server],
    unpaced: Callable[[Server], Server],
    own_config: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Server:
    """Two records of the user and one of somebody else; the environment says who."""
    del own_config
    for name, value in world.environment().items():
        monkeypatch.setenv(name, value)
    return cleared(unpaced(world))


@pytest.fixture
def give(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Result]:
    """Run a command in this process, in an empty folder, without waits."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)

    def run(*arguments: object, typed: str | None = None) -> Result:
        told = [str(each) for each in arguments]
        return CliRunner().invoke(_hexoframe, told, input=typed, prog_name="hexoframe")

    return run


@pytest.fixture(scope="session")
def run() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a command in another process."""

    def start(*arguments: object, **more: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "hexoframe", *map(str, arguments)],
            capture_output=True, text=True, check=False,
            **{"cwd": ROOT, **more},
        )  # fmt: skip

    return start


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Run a command at a terminal, and return the pexpect child."""
    pexpect = pytest.importorskip("pexpect", reason="there are no terminals to talk to")
    opened = []

    def start(
        *arguments: object,
        columns: int = 80,
        lines: int = 24,
        line: str | None = None,
        **env: str,
    ) -> Any:
        known = {n: v for n, v in os.environ.items() if n not in {"COLUMNS", "LINES"}}
        command = (sys.executable, ["-m", "hexoframe", *map(str, arguments)])
        if line is not None:
            command = ("/bin/sh", ["-c", line])
        with warnings.catch_warnings():
            # A fork copies only one thread, which does not matter: exec follows.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = pexpect.spawn(
                *command,
                cwd=tmp_path,
                env={**known, "PYTHONPATH": str(ROOT), "TERM": "vt100", **env},
                dimensions=(lines, columns),
                encoding="utf-8",
                timeout=60,
            )
        opened.append(child)
        return child

    yield start
    for child in opened:
        child.close(force=True)


def _files_in(root: Path) -> dict[str, bytes]:
    # The first 124 bytes of a MAT file hold the time of writing.
    return {
        path.relative_to(root).as_posix(): path.read_bytes()[
            124 if path.suffix == ".mat" else 0 :
        ]
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="session")
def files_in() -> Callable[[Path], dict[str, bytes]]:
    """All files below a folder, byte for byte."""
    return _files_in


@pytest.fixture(scope="session")
def same() -> Callable[[Path, Path], None]:
    """Check that two folders hold the same files, and at least one."""

    def check(one: Path, other: Path) -> None:
        mine, theirs = _files_in(one), _files_in(other)
        assert list(mine) == list(theirs)
        assert [name for name in mine if mine[name] != theirs[name]] == []
        assert mine

    return check
