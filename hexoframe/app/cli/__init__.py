"""The command ``hexoframe``: one module for each command, or a family of them.

A module imports what its command needs when it runs, and click alone before that, so
that help and version come at once. How commands end, and what becomes of errors, stands
in `commands`; options that several of them share in `options`; how lists look in
`lists`. What the commands do is done elsewhere in the package.
"""

from __future__ import annotations

import click

from hexoframe.app.cli.account import login, logout, whoami
from hexoframe.app.cli.cache import cache
from hexoframe.app.cli.channels import channels
from hexoframe.app.cli.commands import Commands, run
from hexoframe.app.cli.convert import convert
from hexoframe.app.cli.demo import demo
from hexoframe.app.cli.download import download, range_
from hexoframe.app.cli.menu import menu
from hexoframe.app.cli.plot import plot
from hexoframe.app.cli.records import estimate, info, ranges, records
from hexoframe.app.cli.show import show
from hexoframe.app.cli.simulate import simulate
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


_hexoframe.add_section(
    "The service", menu, records, ranges, info, estimate, download, range_
)
_hexoframe.add_section("Who you are", login, logout, whoami)
_hexoframe.add_section("Files", convert, show, plot, cache)
_hexoframe.add_section("Without an account", channels, demo, simulate)


def main() -> None:
    """Run the command line of this process, and end it with the exit code.

    0 is success, 1 an error that is told, 2 a command line that is not understood, 130
    an interruption by Ctrl-C.
    """
    run(_hexoframe, "hexoframe")
