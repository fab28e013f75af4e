"""The command ``hexoframe``: its sections, and the commands menu, demo and simulate.

The other commands are in `account` (login, logout, whoami), `records` (records, info,
estimate), `changes` (ranges, annotations), `files` (download, range, convert,
deidentify, cache), `live` (follow), `results` (show, summary, hrv, beats, breaths,
sleep), `plots` (plot, channels), `pages` (report), `views` (explore), `studies` (study)
and `scripts`. `running` runs any of them, `options` is what they share on the command
line, `lists` prints tables. Each module imports click alone at first, and the rest when
a command runs, so that help and version are quick. No command computes here.
"""

from __future__ import annotations

from pathlib import Path

import click

from hexoframe.app.cli.account import login, logout, whoami
from hexoframe.app.cli.changes import annotations_, ranges
from hexoframe.app.cli.files import cache, convert, deidentify, download, range_
from hexoframe.app.cli.live import follow
from hexoframe.app.cli.options import WholeNumber
from hexoframe.app.cli.pages import report
from hexoframe.app.cli.plots import channels, plot
from hexoframe.app.cli.records import estimate, info, records
from hexoframe.app.cli.results import beats, breaths, hrv, show, sleep, summary
from hexoframe.app.cli.running import Commands, progress, run, say_if_interrupted
from hexoframe.app.cli.scripts import scripts
from hexoframe.app.cli.studies import study
from hexoframe.app.cli.views import explore
from hexoframe.version import __version__

__all__ = ["main"]


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def _hexoframe() -> None:
    """Hexoskin and Astroskin recordings: list, download, convert, look at them.

    You are logged in with HEXOFRAME_USERNAME and HEXOFRAME_PASSWORD (and
    HEXOFRAME_API_KEY, HEXOFRAME_API_SECRET), with HEXOFRAME_TOKEN, with the token of
    'hexoframe login', or asked at the terminal. For Astroskin, set
    HEXOFRAME_BASE_URL=https://astro.hexoskin.com.
    """


@click.command()
@click.option(
    "--to",
    metavar="DIR",
    type=click.Path(path_type=Path),
    default=Path("HexoskinData"),
    help="Folder for the files, which the menu can change; HexoskinData by default.",
)
def menu(to: Path) -> None:
    """List, look at, download and draw records from a menu.

    Asks for user name and password, which is not shown and never kept. It needs a
    terminal, however plain and narrow.
    """
    from hexoframe.app.menu import run_menu  # noqa: PLC0415  # requests

    say_if_interrupted("what came is kept, and a download goes on there")
    run_menu(to, progress=progress())


@click.command()
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option(
    "--to",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Folder for the files; a temporary one by default.",
)
def demo(path: Path | None, to: Path | None) -> None:
    """Load a record from a local server, show, write and draw it.

    No account is needed: the server takes the place of the vendor's. PATH is a vendor
    export (ZIP or folder) that it serves; without it, it has synthetic records. Each
    step shows the line of Python that does the same.
    """
    from hexoframe.app.demo import run_demo  # noqa: PLC0415  # pandas

    run_demo(path, to, progress=progress())


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--port",
    metavar="N",
    type=WholeNumber(0, 65_535),
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
@click.option(
    "--live",
    is_flag=True,
    help="Add record 300099, which begins now and grows for an hour, to be followed.",
)
def simulate(
    paths: tuple[Path, ...],
    port: int,
    exports: tuple[Path, ...],
    certificate: Path | None,
    *,
    live: bool,
) -> None:
    """Run a simulated Hexoskin service on this machine.

    It answers like the vendor's, over synthetic records and the exports that are given;
    PATHS are exports too. Prints its address and how to log in, one NAME=VALUE a line:
    the environment that hexoframe reads. Ctrl-C or SIGTERM ends it, with exit code 0.
    """
    from hexoframe.simulator.server import simulate as serve  # noqa: PLC0415  # numpy

    serve(port, (*exports, *paths), certificate=certificate, live=live)


_hexoframe.add_section(
    "The service",
    menu,
    records,
    ranges,
    annotations_,
    info,
    estimate,
    download,
    range_,
    follow,
)
_hexoframe.add_section("Who you are", login, logout, whoami)
_hexoframe.add_section(
    "Files",
    convert,
    deidentify,
    show,
    plot,
    report,
    explore,
    summary,
    hrv,
    beats,
    breaths,
    sleep,
    cache,
)
_hexoframe.add_section("Many recordings", study)
_hexoframe.add_section("Without an account", channels, demo, simulate, scripts)


def main() -> None:
    """Run the command line of this process, and end it with the exit code.

    0 is success, 1 an error, 2 a command line that is not understood, 130 an
    interruption by Ctrl-C.
    """
    run(_hexoframe, "hexoframe")
