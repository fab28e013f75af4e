"""How soon the command answers who only wants to know what it can do."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.benchmarks.harness import ROOT, race, timed


def run(*arguments):
    # What is installed has its bytecode: the round for nothing leaves it here too.
    known = {n: v for n, v in os.environ.items() if n != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        check=True,
        env=known,
        stdout=subprocess.DEVNULL,
    )


def bench(world):
    for option in ("--version", "--help"):
        yield race(
            timed(lambda option=option: run("-m", "hexoframe", option)),
            timed(lambda: run("-c", "import click")),
            rounds=4 * world.rounds + 1,
            what=f"hexoframe {option}",
            against='python -c "import click"',
            target=2,
            at_most=True,
        )
