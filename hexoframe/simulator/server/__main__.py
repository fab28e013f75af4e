"""``python -m hexoframe.simulator.server [--port N] [--export PATH ...]``."""

from __future__ import annotations

import argparse

from hexoframe.simulator.server import simulate


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m hexoframe.simulator.server",
        description="Run the simulated Hexoskin service on this machine.",
    )
    parser.add_argument("--port", type=int, default=0, help="port; 0 takes a free one")
    parser.add_argument(
        "--export", action="append", default=[], help="a vendor export to serve"
    )
    given = parser.parse_args()
    simulate(given.port, given.export)


if __name__ == "__main__":
    main()
