"""How a command ends: errors in a line on stderr, with a traceback for who wants it.

No command lives here, and none needs to care for its errors.
"""

from __future__ import annotations

from typing import Any

import click

from hexoframe.errors import HexoframeError

__all__ = ["Commands"]

_DEBUG = "hexoframe.debug"
_INTERRUPTED = 130


class Commands(click.Group):
    """The commands; each gets the option ``--debug``, which also stands before it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.append(_debug_option())

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Add a command."""
        cmd.params.append(_debug_option())
        super().add_command(cmd, name)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for.

        Raises
        ------
        ClickException
            If the command met an error of hexoframe or of the system.
        """
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            ctx.exit(_INTERRUPTED)
        except BrokenPipeError:
            raise  # who read the output has seen enough; click ends quietly
        except (HexoframeError, OSError) as error:
            if ctx.meta.get(_DEBUG):
                raise
            raise _ToldError(error) from error


class _ToldError(click.ClickException):
    """An error as it is told: in one line, without a traceback."""

    def __init__(self, error: Exception) -> None:
        text = " ".join(str(error).splitlines())
        super().__init__(text or type(error).__name__)

    def show(self, file: Any = None) -> None:
        """Write the error to stderr."""
        click.echo(f"hexoframe: {self.message}", err=file is None, file=file)


def _debug_option() -> click.Option:
    return click.Option(
        ["--debug"],
        is_flag=True,
        expose_value=False,
        callback=_remember,
        help="Show where an error comes from.",
    )


def _remember(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:  # noqa: FBT001  # what click calls
    if wanted:
        ctx.meta[_DEBUG] = True
