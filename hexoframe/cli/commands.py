"""How a command ends: errors in a line on stderr, with a traceback for who wants it.

Warnings of hexoframe are told in a line too.

No command lives here, and none needs to care for its errors.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from hexoframe.errors import HexoframeError, HexoframeWarning

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
            with _plain_warnings():
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
        super().__init__(str(error) or type(error).__name__)

    def show(self, file: Any = None) -> None:
        """Write the error to stderr."""
        click.echo(_line(self.message), err=file is None, file=file)


def _line(text: str) -> str:
    return f"hexoframe: {' '.join(text.splitlines())}"


@contextmanager
def _plain_warnings() -> Iterator[None]:
    """Show warnings of hexoframe without the place in the code that warned."""
    usual = warnings.showwarning

    def show(message: Any, category: type[Warning], *where: Any, **more: Any) -> None:
        if issubclass(category, HexoframeWarning):
            click.echo(_line(str(message)), err=True)
        else:
            usual(message, category, *where, **more)

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


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
