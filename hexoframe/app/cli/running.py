"""Runs a command: errors and warnings in a line each, exit codes, common options.

Messages go to stderr, wrapped to the terminal, with a traceback on request. Every
command has the options ``--quiet``, ``--verbose`` and ``--debug``. The commands are in
the modules beside this one.
"""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import click

from hexoframe.app.choices import NoRecordingError, Saved
from hexoframe.app.wording import UNCHANGED, reworded, told
from hexoframe.errors import HexoframeError, HexoframeWarning
from hexoframe.texttable import is_terminal

__all__ = [
    "KEPT",
    "Commands",
    "fail",
    "progress",
    "run",
    "say",
    "say_if_interrupted",
    "tell",
    "tell_path",
    "tell_saved",
]

KEPT = "what came is kept, and the same command goes on there"
"""Said after Ctrl-C in a download."""

_DEBUG = "hexoframe.debug"
_GIVEN = "hexoframe.given"
_QUIET = "hexoframe.quiet"
_RESUME = "hexoframe.resume"
_INTERRUPTED = 130
_NARROWEST = 38

_SECRET = re.compile(r"--?[^=]*(pass|pwd|secret|token|key)", re.IGNORECASE)


class _Formatter(click.HelpFormatter):
    """Writes help as wide as the terminal, down to 38 columns.

    click alone never goes below 50, and a narrower terminal would break words.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        import shutil  # noqa: PLC0415  # a tenth of the start time

        super().__init__(*args, **kwargs)
        columns = shutil.get_terminal_size().columns
        self.width = min(self.width, max(columns - 2, _NARROWEST))


class _Context(click.Context):
    """The context of a command, with help of that width."""

    formatter_class = _Formatter


class Commands(click.Group):
    """A click group with commands in sections; each gets the common options."""

    context_class = _Context

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(_common_options())
        self._sections: dict[str, list[str]] = {}

    def add_section(self, title: str, *commands: click.Command) -> None:
        """Add commands under a heading of the help."""
        for command in commands:
            command.context_class = _Context
            if not isinstance(command, Commands):
                command.params.extend(_common_options())
            self.add_command(command)
        self._sections[title] = [str(command.name) for command in commands]

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # what click calls
        """Return the names of the commands, section by section."""
        return [name for names in self._sections.values() for name in names]

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """Write the commands into the help, each with its first sentence."""
        widest = max(map(len, self.list_commands(ctx)))
        room = formatter.width - widest - 6
        for title, names in self._sections.items():
            commands = [(name, self.commands[name]) for name in names]
            rows = [
                (name.ljust(widest), c.get_short_help_str(room)) for name, c in commands
            ]
            with formatter.section(title):
                formatter.write_dl(rows)

    def make_context(
        self, info_name: str | None, args: list[str], *rest: Any, **more: Any
    ) -> click.Context:
        """Parse the command line, and remember it as it was given."""
        given = tuple(args)
        with _wrapped_usage(given):
            ctx = super().make_context(info_name, args, *rest, **more)
        ctx.meta.setdefault(_GIVEN, given)
        return ctx

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what it raises becomes a line and an exit code."""
        if ctx.parent is not None:
            return super().invoke(ctx)
        try:
            with _plain_warnings(ctx), _wrapped_usage(ctx.meta.get(_GIVEN, ())):
                return super().invoke(ctx)
        except (KeyboardInterrupt, click.Abort):
            hint = ctx.meta.get(_RESUME)
            _say(_line(f"interrupted{f': {hint}' if hint else ''}"))
            ctx.exit(_INTERRUPTED)
        except BrokenPipeError:
            raise  # the reader closed the pipe; click ends quietly
        except (HexoframeError, OSError) as error:
            if ctx.meta.get(_DEBUG):
                raise
            raise _ToldError(error) from error


def run(commands: Commands, name: str) -> None:
    """Run the command line of this process, and end it with the exit code."""
    # The terminal may not be able to encode what is shown, or decode what is typed.
    for stream, errors in ((sys.stdout, "backslashreplace"), (sys.stdin, "replace")):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=errors)
    try:
        commands.main(prog_name=name)
    except SystemExit as end:
        if end.code != _INTERRUPTED:
            raise
    except KeyboardInterrupt:
        pass  # a second one
    # After Ctrl-C, do not wait for answers that are still on their way.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(_INTERRUPTED)


# -- what a command says ---------------------------------------------------------------


def progress() -> bool | None:
    """Return whether bars are drawn; None: only at a terminal."""
    return False if click.get_current_context().meta.get(_QUIET) else None


def say_if_interrupted(what: str) -> None:
    """Set what is said if Ctrl-C comes from now on."""
    click.get_current_context().meta[_RESUME] = what


def tell(kind: str, name: str, error: Exception) -> bool:
    """Say on stderr what went wrong with one of several things.

    Return whether it is a failure; a file that is not a recording is only skipped.
    """
    flags = click.get_current_context().meta
    if isinstance(error, NoRecordingError):
        if not flags.get(_QUIET):
            _say(_line(str(error)))
        return False
    if flags.get(_DEBUG):
        import traceback  # noqa: PLC0415  # only here

        click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    named = str(error).startswith((name, f"{kind} {name}"))
    for line in _lines(error, "" if named else f"{kind} {name}: "):
        _say(line)
    return True


def say(text: str) -> None:
    """Say something about a result on stderr, unless the user wants results alone."""
    if not click.get_current_context().meta.get(_QUIET):
        _say(_line(text))


def tell_saved(saved: Iterable[Saved], kind: str) -> None:
    """Print the path of each file as it is written, or why it was not.

    `kind` is the singular of what is saved. Ends with 1 if anything failed.
    """
    failed = asked = 0
    for each in saved:
        for path, unchanged in zip(each.paths, each.unchanged, strict=True):
            tell_path(path, unchanged=unchanged)
        wrong = [tell(kind, each.name, error) for error in each.errors]
        failed += any(wrong)
        asked += bool(each.paths) or any(wrong)
    fail(failed, asked, f"{kind}s")


def tell_path(path: Path, *, unchanged: bool) -> None:
    """Print a path; in a file or a pipe it stands alone in its line."""
    if not unchanged or click.get_current_context().meta.get(_QUIET):
        click.echo(path)
    elif is_terminal(sys.stdout):
        click.echo(f"{path} {UNCHANGED}")
    else:
        click.echo(path)
        click.echo(_line(f"{path} {UNCHANGED}"), err=True)


def fail(failed: int, asked: int, what: str) -> None:
    """End the command with 1 if anything failed, and say how many of how many."""
    if not failed:
        return
    if asked > 1:
        _say(_line(f"{failed} of {asked} {what} failed"))
    click.get_current_context().exit(1)


class _ToldError(click.ClickException):
    """An error shown in a line or two, without a traceback."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self._lines = _lines(error)

    def show(self, file: Any = None) -> None:
        """Write the error to stderr."""
        for line in self._lines:
            click.echo(_wrapped(line), err=file is None, file=file)


class _WrappedUsageError(click.UsageError):
    """A command line that is not understood, told as wide as the terminal."""

    def __init__(self, error: click.UsageError) -> None:
        super().__init__(error.message, error.ctx)
        self._text = error.format_message()

    def format_message(self) -> str:
        """Return the message without its "Error: ", which click writes before it."""
        before = "Error: "
        return _wrapped(before + self._text).removeprefix(before)


def _lines(error: Exception, before: str = "") -> list[str]:
    """Return an error as a line, and its notes as another."""
    notes = " ".join(getattr(error, "__notes__", ()))
    first = f"hexoframe: {before}{told(error)}"
    return [first, *([_line(notes)] if notes else [])]


def _line(text: str) -> str:
    return f"hexoframe: {reworded(text)}"


def _say(line: str) -> None:
    """Write a line to stderr, wrapped if that is a terminal."""
    click.echo(_wrapped(line), err=True)


def _wrapped(line: str) -> str:
    """Return a line wrapped at words to the terminal; no word is broken."""
    if not is_terminal(sys.stderr):
        return line
    import shutil  # noqa: PLC0415  # only here
    import textwrap  # noqa: PLC0415

    columns = shutil.get_terminal_size().columns
    parts = textwrap.wrap(
        line,
        columns,
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(parts)


@contextmanager
def _plain_warnings(ctx: click.Context) -> Iterator[None]:
    """Show warnings of hexoframe without the line of code that warned."""
    usual = warnings.showwarning

    def show(message: Any, category: type[Warning], *where: Any, **more: Any) -> None:
        if not issubclass(category, HexoframeWarning):
            usual(message, category, *where, **more)
        elif not ctx.meta.get(_QUIET):
            _echo_beside_bars(_line(str(message)))

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


def _echo_beside_bars(line: str) -> None:
    """Write a line to stderr, above a progress bar if there is one."""
    bars = sys.modules.get("tqdm")
    if bars is None:
        _say(line)
    else:
        bars.tqdm.write(_wrapped(line), file=sys.stderr)


@contextmanager
def _wrapped_usage(given: Sequence[str]) -> Iterator[None]:
    """Wrap the error of a wrong command line; a secret on it has its own."""
    try:
        yield
    except click.UsageError as error:
        # No command has such an option: this is wrong whatever else is.
        tried = next(filter(_SECRET.match, given), None)
        if tried is not None:
            error = click.UsageError(
                f"there is no {tried.partition('=')[0]}: others can read what is on a "
                "command line. Set HEXOFRAME_PASSWORD (with HEXOFRAME_USERNAME) or "
                "HEXOFRAME_TOKEN in the environment, or leave it out and be asked.",
                error.ctx,
            )
        elif type(error).show is not click.UsageError.show:
            raise  # it shows the help
        if isinstance(error, _WrappedUsageError):
            raise
        raise _WrappedUsageError(error) from error


# -- options of every command ----------------------------------------------------------


def _common_options() -> list[click.Option]:
    return [
        click.Option(
            ["-q", "--quiet"],
            is_flag=True,
            expose_value=False,
            callback=_remember(_QUIET),
            help="Show only results and errors.",
        ),
        click.Option(
            ["-v", "--verbose"],
            is_flag=True,
            expose_value=False,
            callback=_log,
            help="Tell what is done, request by request.",
        ),
        click.Option(
            ["--debug"],
            is_flag=True,
            expose_value=False,
            callback=_remember(_DEBUG),
            help="Show where an error comes from.",
        ),
    ]


def _remember(name: str) -> Any:
    def remember(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:  # noqa: FBT001  # what click calls
        if wanted:
            ctx.meta[name] = True

    return remember


def _log(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:  # noqa: FBT001  # what click calls
    """Write the log of the package to stderr, until the command ends."""
    if not wanted:
        return
    import logging  # noqa: PLC0415  # keeps help quick

    class BesideBars(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            _echo_beside_bars(f"{record.name}: {record.getMessage()}")

    logger = logging.getLogger("hexoframe")
    handler, before = BesideBars(), logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)

    def end() -> None:
        logger.removeHandler(handler)
        logger.setLevel(before)

    ctx.find_root().call_on_close(end)
