"""The command ``hexoframe``: one module for each of its commands.

A module imports what its command needs when it runs, and click alone before that, so
that help and version come at once. How commands end, and what becomes of errors, stands
in `commands`; what they do is done elsewhere in the package.
"""

from __future__ import annotations

import click

from hexoframe.cli.commands import Commands
from hexoframe.cli.demo import demo
from hexoframe.cli.simulate import simulate
from hexoframe.version import __version__

__all__ = ["main"]


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def _hexoframe() -> None:
    """Hexoskin and Astroskin recordings as pandas DataFrames."""


_hexoframe.add_command(demo)
_hexoframe.add_command(simulate)


def main() -> None:
    """Run the command line of this process, and end it with the exit code.

    0 is success, 1 an error that is told, 2 a command line that is not understood, 130
    an interruption by Ctrl-C.
    """
    _hexoframe.main(prog_name="hexoframe")
