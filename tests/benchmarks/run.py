"""Measure hexoframe against the plain ways, in the same run.

    python -m tests.benchmarks.run [--seconds 86400] [--rounds 3] [name ...]

The names are startup, archive, parquet, text, frames, summary, hrv, beats, plot,
report, view, service and study; without one all are run. Each row shows the medians of
both ways, their ratio (with the lowest and the highest of the rounds) and what is aimed
at for a day; a shorter record is no fair measure. The exit code says whether the
benchmarks could run, never how fast: other work on the machine moves a ratio.
"""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

import hexoframe
from tests.benchmarks.world import World

NAMES = (
    "startup", "archive", "parquet", "text", "frames", "summary", "hrv", "beats",
    "plot", "report", "view", "service", "study",
)  # fmt: skip


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.run")
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(NAMES))
    parser.add_argument("--seconds", type=int, default=86_400, help="of the record")
    parser.add_argument("--rounds", type=int, default=3, help="of each comparison")
    asked = parser.parse_args(arguments)
    unknown = set(asked.names) - set(NAMES)
    if unknown:
        parser.error(f"{', '.join(sorted(unknown))}: give {', '.join(NAMES)}")
    warnings.simplefilter("ignore", hexoframe.errors.HexoframeWarning)
    print(
        f"hexoframe {hexoframe.__version__}, Python {platform.python_version()}, "
        f"pandas {pd.__version__}, numpy {np.__version__}, pyarrow {pa.__version__}, "
        f"{os.cpu_count()} cores; a record of {asked.seconds} s"
    )
    with tempfile.TemporaryDirectory() as folder:
        world = World(asked.seconds, Path(folder), asked.rounds)
        for name in asked.names or NAMES:
            module = importlib.import_module(f"tests.benchmarks.bench_{name}")
            print(f"\n{name}")
            for row in module.bench(world):
                print(row, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
