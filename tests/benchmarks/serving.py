"""A simulated service in a process of its own, so that it shares no time with others.

    python -m tests.benchmarks.serving '{"shirts": [...], "switches": {...}}'

The process prints its environment as one line of JSON; for each line that it reads it
prints what happened since the line before, and it ends where its input does.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
CACHE_MB = 4000


@dataclass(frozen=True)
class Happened:
    """What a server was asked, and the time of a processor that it took."""

    requests: int
    bytes: int
    cpu_s: float
    paths: list[tuple[str, str]]


class Served:
    """Run a server while a block runs.

    `shirts` are settings of synthetic records, `switches` those of the server. What it
    has rendered once it keeps.
    """

    def __init__(self, shirts, **switches):
        self._settings = json.dumps(
            {"shirts": shirts, "switches": {"cache_mb": CACHE_MB} | switches}
        )

    def __enter__(self):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.serving", self._settings],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.environment = self._read()
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def _read(self):
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the server has ended; stderr tells why")
        return json.loads(line)

    def happened(self):
        """Return what happened since this was asked last."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return Happened(**self._read())


def _serve(settings):
    from hexoframe.simulator.server import Switches, serve
    from hexoframe.simulator.shirt import Shirt

    shirts = [Shirt(**shirt) for shirt in settings["shirts"]]
    with serve(recordings=shirts, switches=Switches(**settings["switches"])) as server:
        print(json.dumps(server.environment()), flush=True)
        before = time.process_time()
        for _ in sys.stdin:
            log, now = server.log, time.process_time()
            server.clear_log()
            happened = {
                "requests": len(log),
                "bytes": sum(entry.bytes for entry in log),
                "cpu_s": now - before,
                "paths": [(entry.path, entry.accept) for entry in log],
            }
            before = now
            print(json.dumps(happened), flush=True)


if __name__ == "__main__":
    _serve(json.loads(sys.argv[1]))
