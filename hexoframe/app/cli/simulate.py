"""``hexoframe simulate``: the simulated service, until it is interrupted."""

from __future__ import annotations

from pathlib import Path

import click

from hexoframe.app.cli.options import Whole

__all__ = ["simulate"]


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--port",
    metavar="N",
    type=Whole(0, 65_535),
    default=0,
    help="Port on 127.0.0.1; a free one by default.",
)
@click.option(
    "--export",
    "exports",
    metavar="PATH",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A vendor export to serve, ZIP or unpacked; may be given several times.",
)
@click.option(
    "--certificate",
    metavar="PEM",
    type=click.Path(path_type=Path),
    help="File with a private key and a certificate: serve HTTPS, which the vendor's "
    "own client insists on.",
)
def simulate(
    paths: tuple[Path, ...],
    port: int,
    exports: tuple[Path, ...],
    certificate: Path | None,
) -> None:
    """Run a simulated Hexoskin service on this machine.

    It answers like the vendor's, over synthetic records and the exports that are given;
    PATHS are exports too. Prints where it is and how to log in, one NAME=VALUE a line:
    the environment that hexoframe reads. Ctrl-C or SIGTERM ends it, with exit code 0.
    """
    from hexoframe.simulator.server import simulate as serve  # noqa: PLC0415  # numpy

    serve(port, (*exports, *paths), certificate=certificate)
