"""The text menu: list, show, download and draw records by numbers.

Questions and answers are lines, for plain and narrow terminals. Here is only what the
menu asks and says; `batch`, `pictures` and the client do the work.
"""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from hexoframe import cache
from hexoframe.analysis.metrics import summary_channels
from hexoframe.api.auth.credentials import ask_at_terminal, base_url_of
from hexoframe.app.batch import draw_records, each_of, save_records
from hexoframe.app.choices import (
    FORMATS,
    MODELS,
    Output,
    Saved,
    Selection,
    check_folder,
)
from hexoframe.app.listing import (
    SUMMARY_NUMBERS,
    cost_rows,
    costs_frame,
    fact_lines,
    megabytes,
    record_facts,
    record_rows,
    summary_notes,
    summary_rows,
)
from hexoframe.app.pictures import Drawing, without_screen
from hexoframe.app.wording import MENU, UNCHANGED, reworded, told
from hexoframe.client import Client, connect
from hexoframe.errors import AuthenticationError, ConfigurationError, HexoframeError
from hexoframe.paths import expanded
from hexoframe.texttable import fit_columns, is_terminal
from hexoframe.timestamps import CLASSIC_FORMAT
from hexoframe.version import __version__

__all__ = ["run_menu"]

_ATTEMPTS = 10
_FAILURES = (HexoframeError, OSError)
_QUIT = frozenset({"q", "quit", "exit"})


def run_menu(folder: Path, *, progress: bool | None = None) -> None:
    """Log the user in, then show the menu until the user quits.

    Files go into `folder`, which the user can change. There must be a terminal; the
    tenth wrong password raises.
    """
    if not is_terminal(sys.stdin):
        raise ConfigurationError(
            "the menu asks questions and needs a terminal: without one, use 'hexoframe "
            "records' and 'hexoframe download ID...', with HEXOFRAME_USERNAME and "
            "HEXOFRAME_PASSWORD set"
        )
    try:
        client = _log_in()
        if client is not None:
            with client:
                _Menu(client, Output(folder=folder), progress=progress).run()
    except (EOFError, _Quit):
        pass  # Ctrl-D and q


# -- asking and saying -----------------------------------------------------------------


class _Quit(Exception):  # noqa: N818  # no error
    """The user wants to leave the menu."""


def _echo(text: str, *, nl: bool = True) -> None:
    """Write a line for the user: to stderr if stdout is a file or a pipe."""
    click.echo(text, nl=nl, err=not is_terminal(sys.stdout))


def _say(text: str) -> None:
    lines = textwrap.wrap(
        text, _width(), break_long_words=False, break_on_hyphens=False
    )
    _echo("\n".join(lines))


def _tell(error: Exception, before: str = "") -> None:
    _say(before + told(error, MENU))


@contextmanager
def _at_line_start() -> Iterator[None]:
    """After Ctrl-C or Ctrl-D, begin a new line."""
    try:
        yield
    except (KeyboardInterrupt, EOFError):
        _echo("")
        raise


def _ask(question: str) -> str:
    """Return the line that the user types; Ctrl-D raises EOFError, q raises _Quit."""
    _echo(f"{question}: ", nl=False)
    with _at_line_start():
        line = sys.stdin.readline()
        if not line:
            raise EOFError
    answer = line.strip()
    if answer.lower() in _QUIT:
        raise _Quit
    return answer


def _ask_ids(question: str) -> list[str]:
    """Return the ids that the user types; none for an empty line."""
    return re.findall(r"[^,\s]+", _ask(question))


def _agrees(question: str) -> bool:
    return _ask(f"{question} (y/n)").lower() in {"y", "yes"}


def _ask_password() -> str:
    return ask_at_terminal("Password (not shown): ", True)


def _choose(title: str, choices: Sequence[str]) -> int | None:
    """Return the index of the chosen item; None for no choice."""
    _say("")
    _say(title)
    for number, choice in enumerate(choices, 1):
        _say_item(str(number), choice)
    answer = _ask("Number")
    if answer.isdecimal() and 0 < int(answer) <= len(choices):
        return int(answer) - 1
    if answer:
        _say(f"{answer!r} is not one of 1 to {len(choices)}: nothing was changed.")
    return None


def _say_item(key: str, label: str) -> None:
    _echo(f"{key:>2}  {label}")


def _width() -> int:
    return shutil.get_terminal_size().columns


def _room() -> int | None:
    """Return the columns of the terminal; None if stdout is no terminal."""
    return _width() if is_terminal(sys.stdout) else None


def _tell_saved(saved: Iterable[Saved]) -> None:
    """Say where each record went as it is saved, or why not."""
    for each in saved:
        for path, unchanged in zip(each.paths, each.unchanged, strict=True):
            told = f"{path} {UNCHANGED}" if unchanged else path
            click.echo(f"{each.name}: {told}")
        for error in each.errors:
            _tell(error, f"{each.name}{'' if each.paths else ' skipped'}: ")


def _show(lines: list[str]) -> None:
    """Show lines, at a terminal a screen at a time; q leaves the list alone."""
    height = len(lines)
    if is_terminal(sys.stdout):
        height = max(shutil.get_terminal_size().lines - 2, 5)
    for first in range(0, len(lines), height):
        try:
            if first and _ask("Enter for more, q to stop"):
                return
        except _Quit:
            return
        click.echo("\n".join(lines[first : first + height]))


# -- logging in ------------------------------------------------------------------------


def _log_in() -> Client | None:
    """Return a client once user name and password are right; None to quit."""
    _say(f"hexoframe {__version__}, {base_url_of()}")
    for left in reversed(range(_ATTEMPTS)):
        name = _ask("User (e-mail), or q to quit")
        if not name:
            return None
        try:
            return _client_of(name, _ask_password())
        except AuthenticationError as error:
            if not left:
                raise
            _tell(error)
    raise AssertionError  # the last turn returns or raises


def _client_of(name: str, password: str) -> Client:
    if not password:
        # With an empty one, `connect` would look in the environment.
        raise AuthenticationError("a password is needed")
    client = connect(username=name, password=password)
    try:
        client.account()
    except BaseException:
        client.close()
        raise
    return client


# -- the items -------------------------------------------------------------------------


class _Menu:
    """The settings of the user, and the items of the menu."""

    def __init__(
        self, client: Client, output: Output, *, progress: bool | None
    ) -> None:
        self._client = client
        self._progress = progress
        self._output = output
        self._selection = Selection()

    def run(self) -> None:
        """Show the menu and do what is chosen, until the user quits."""
        while True:
            items = self._items()
            _say("")
            for key, (label, _) in items.items():
                _say_item(key, label)
            answer = _ask("Number")
            if answer in items and not self._do(items[answer][1]):
                return
            if answer and answer not in items:
                _say(f"{answer!r} is not one of {', '.join(items)}.")

    def _items(self) -> dict[str, tuple[str, Callable[[], None] | None]]:
        output = self._output
        stamps = "ticks" if output.timestamps == "epoch" else f"text, {output.tz}"
        items: list[tuple[str, Callable[[], None]]] = [
            ("List records", self._list),
            ("Show a record", self._info),
            ("Download records", self._download),
            ("Draw a picture", self._draw),
            ("Numbers of a record", self._summarise),
            (f"Model: {self._selection.model}", self._set_model),
            (f"Time stamps in .txt: {stamps}", self._set_stamps),
            (f"Formats: {', '.join(output.formats)}", self._set_formats),
            (f"Folder: {output.folder}", self._set_folder),
            (
                f"Replace files: {'yes' if output.overwrite else 'no'}",
                self._set_replace,
            ),
            ("Clear the cache", self._clear),
        ]
        return {
            **{str(n): item for n, item in enumerate(items, 1)},
            "0": ("Quit (q does too)", None),
        }

    def _do(self, action: Callable[[], None] | None) -> bool:
        """Do what was chosen; return whether the menu goes on."""
        if action is None:
            return False
        try:
            action()
        except _FAILURES as error:
            _tell(error)
        return True

    # -- records ---------------------------------------------------------------------

    def _list(self) -> None:
        rows = record_rows(self._client.list_records())
        _show(fit_columns(rows, _room(), right=["id", "duration"]) or ["none"])

    def _info(self) -> None:
        number = _ask("Id of the record")
        if number:
            info = self._client.record_info(number)
            _show(fact_lines(record_facts(info), _room()))

    def _summarise(self) -> None:
        numbers = self._agreed(_ask_ids("Id of the record"))
        chosen = replace(self._selection, channels=tuple(summary_channels()))
        asked = {**chosen.arguments(), "progress": self._progress}
        for number, record in each_of(
            numbers, lambda each: self._client.load_record(each, **asked)
        ):
            if isinstance(record, Exception):
                _tell(record, f"{number} skipped: ")
                continue
            table = record.summary()
            rows = fit_columns(
                summary_rows(table, short=True), _room(), right=SUMMARY_NUMBERS
            )
            notes = [reworded(note, MENU) for note in summary_notes(table)]
            lines = [part for note in notes for part in textwrap.wrap(note, _width())]
            _show([f"record {number}", *rows, "", *lines])

    def _agreed(self, numbers: Sequence[str]) -> list[str]:
        """Show what records cost; return those that exist, if the user agrees."""
        costs = {}
        asked = self._selection.arguments()
        for number, cost in each_of(
            numbers, lambda each: self._client.estimate(each, **asked)
        ):
            if isinstance(cost, Exception):
                _tell(cost, f"{number} skipped: ")
            else:
                costs[number] = cost
        if not costs:
            return []
        rows = cost_rows(costs_frame(costs))
        _echo("\n".join(fit_columns(rows, _width(), right=[*rows[0]])))
        if _agrees("Start?"):
            return list(costs)
        _say("Nothing was downloaded.")
        return []

    def _download(self) -> None:
        numbers = self._agreed(_ask_ids("Ids, with commas between"))
        _tell_saved(
            save_records(
                self._client,
                numbers,
                self._selection,
                self._output,
                progress=self._progress,
            )
        )

    def _draw(self) -> None:
        without_screen()
        numbers = self._agreed(_ask_ids("Id of the record"))
        output = self._output
        drawing = Drawing(
            model=self._selection.model,
            tz=output.tz if output.timestamps == "string" else None,
            folder=output.folder,
            overwrite=output.overwrite,
        )
        _tell_saved(
            draw_records(self._client, numbers, drawing, progress=self._progress)
        )

    def _clear(self) -> None:
        held = cache.info()
        size = megabytes(held["bytes"].sum())
        if _agrees(f"Remove {len(held)} entries, {size}?"):
            _say(f"{megabytes(cache.clear())} were freed.")

    # -- settings --------------------------------------------------------------------

    def _set_model(self) -> None:
        place = _choose("Model of the device; auto finds it out.", MODELS)
        if place is not None:
            self._selection = replace(self._selection, model=MODELS[place])

    def _set_stamps(self) -> None:
        place = _choose("Time stamps in .txt", ("ticks", "text"))
        if place == 0:
            self._change(timestamps="epoch")
        elif place == 1:
            _say(f"If you type nothing: {CLASSIC_FORMAT!r}, UTC.")
            form = _ask("strftime format")
            zone = _ask("Zone, as America/Montreal")
            self._change(
                timestamps="string",
                timestamp_format=form.replace("\\t", "\t") or None,
                tz=zone or "UTC",
            )

    def _set_formats(self) -> None:
        _say(f"There are {', '.join(FORMATS)}.")
        named = re.findall(r"\w+", _ask("Formats, with commas between").lower())
        unknown = [name for name in named if name not in FORMATS]
        if unknown:
            _say(f"There is no {', '.join(unknown)}: nothing was changed.")
        elif named:
            wanted = tuple(name for name in FORMATS if name in named)
            self._change(formats=wanted)

    def _set_folder(self) -> None:
        folder = _ask("Folder for the files")
        if folder:
            check_folder(expanded(folder))
            self._change(folder=expanded(folder))

    def _set_replace(self) -> None:
        self._change(overwrite=not self._output.overwrite)

    def _change(self, **changes: Any) -> None:
        changed = replace(self._output, **changes)
        changed.check()
        self._output = changed
