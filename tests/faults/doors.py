"""The doors for files: what is opened, the whole original, and what must be noticed.

A door is tried with one kind of damage at a time. Each format of the registry is a door
or several, made by its own writer; only formats that are read and not written need an
entry in `MAKERS` here. Doors of the service are in `answers`, kills in `kills`.
"""

from __future__ import annotations

import contextlib
import functools
import io
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Protocol

import hexoframe
from hexoframe import cache, formats
from hexoframe.api.http.limiter import limiter_for
from hexoframe.app.cli import main as command_line
from hexoframe.channels import CLOCK_OF_FAMILY, datatypes_of
from hexoframe.channels.calibration import values_from_counts
from hexoframe.errors import HexoframeError, IncompleteDataError
from hexoframe.formats import Format
from hexoframe.formats.checksums import SUMS
from hexoframe.simulator.export import (
    Quirks,
    write_dashboard,
    write_export,
    write_range_export,
)
from hexoframe.simulator.shirt import Recording, Shirt, wear
from tests.faults.damage import KINDS, RARE, CannotHitError
from tests.faults.verdicts import Result, documented, judged, listening, place_of

RECORD = 41
# Enough where it does not matter what a channel holds: of each kind, with their files.
SOME = (
    "ecg", "respiration", "heart_rate", "rr_interval", "rr_interval_quality", "step",
    "device_position",
)  # fmt: skip


class Door(Protocol):
    """One way into the package, and the damage that may come through it."""

    @property
    def name(self) -> str:
        """How the table and the option --door call it."""

    @property
    def kinds(self) -> Mapping[str, float]:
        """Kinds of damage, and how often each comes."""

    @property
    def every(self) -> int:
        """In which of so many rounds it is tried: 1 is each; slow ones are rarer."""

    def prepare(self) -> None:
        """Make the original, before there are workers that all need it."""

    def attempt(self, kind: str, rng: Random, scratch: Path) -> Result:
        """Spoil a copy of the original below `scratch`, open it, and judge.

        CannotHitError says that chance gave an input on which the kind finds nothing.
        """


# -- the originals ---------------------------------------------------------------------


@functools.cache
def recording(family: str = "hexoskin", record: int = RECORD) -> Recording:
    """Some seconds of a walk, with a gap, a press of the button and a track."""
    family_of: Any = family
    clock = CLOCK_OF_FAMILY[family_of]
    return wear(
        Shirt(
            seed=record,
            family=family_of,
            # No two of them at a time.
            start=(1_709_330_400 + 100 * record) * clock,
            duration_s=12,
            record_id=record,
            activity="walk",
            gaps=((3, 2),),
            presses=(5,),
            track=True,
        )
    )


def record_of(
    folder: Path, channels: Sequence[str | int] | None = None
) -> hexoframe.Record:
    """The same as a record, or some channels of it, through the vendor's export."""
    place = folder / "hexoskin.zip"
    if not place.exists():
        write_export(recording(), place)
    return hexoframe.open_record(place, channels=channels)


def _export(folder: Path, family: str, **quirks: Any) -> Path:
    return write_export(
        recording(family), folder / "export.zip", quirks=Quirks(**quirks)
    )


def _export_folder(folder: Path, family: str, **quirks: Any) -> Path:
    made = recording(family)
    return write_export(made, folder, layout="folder", quirks=Quirks(**quirks))


def _range(folder: Path) -> Path:
    parts = [recording(record=RECORD)]
    return write_range_export(parts, folder / "range.zip", range_id=7)


# As the vendor's tool of 2015 prints them.
_CONVERTED = ("ECG_I", "respiration_thoracic", "heart_rate", "activity")


def _converted(folder: Path) -> Path:
    made = recording()
    target = folder / "converted"
    target.mkdir()
    for row in datatypes_of("hexoskin"):
        if row.api_name not in _CONVERTED:
            continue
        counts = made.sampled[row.api_name]
        values = values_from_counts(counts, row)
        ticks = made.ticks(row.api_name) - made.start
        lines = [f"time [s],{row.api_name} [{row.unit}] (/api/datatype/{row.id}/),"]
        lines += [
            f"{tick / made.clock:.8f},{value:.5f}"
            for tick, value in zip(ticks.tolist(), values.tolist(), strict=True)
        ]
        text = "".join(f"{line}\n" for line in lines)
        (target / f"{row.api_name}.csv").write_text(text)
    (target / "info.json").write_text(f'{{"start": {made.start}, "user": 20001}}')
    return target


Make = Callable[[Path], Path]
MAKERS: Mapping[str, Mapping[str, Make]] = {
    "export": {
        "export ZIP": lambda folder: _export(folder, "hexoskin"),
        "export ZIP 2017": lambda folder: _export(
            folder, "astroskin_256", dialect="2017", deflate=False
        ),
        "export folder": lambda folder: _export_folder(
            folder, "hexoskin", lengths_differ=True
        ),
        "export folder hxd": lambda folder: _export_folder(
            folder, "astroskin_1000", hxd=True
        ),
        "export of a range": _range,
    },
    "dashboard": {
        "dashboard CSV": lambda folder: write_dashboard(
            recording(), folder / "dashboard.csv"
        )
    },
    "converter": {"converter CSV": _converted},
}
"""Originals of formats that hexoframe does not write, by the name of the format."""

# Styles of a writer that make another kind of file of the same format.
STYLES: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "txt": {
        "txt classic": {},
        "txt port": {"dialect": "port"},
        "txt with texts": {"timestamps": "string", "tz": "America/Montreal"},
    },
}
HOW: Mapping[str, Mapping[str, Any]] = {"txt with texts": {"tz": "America/Montreal"}}
"""What `open_record` is told for the original of a door."""


def _written(form: Format, style: Mapping[str, Any]) -> Make:
    def make(folder: Path) -> Path:
        record = record_of(folder)
        below = folder / "written"
        below.mkdir()
        return form.write(record, form.target_in(below, record), **style)

    return make


def makers() -> dict[str, Make]:
    """Return who makes the original of each door for a record, by the door's name.

    A format that is new in the registry is here by itself, if it is written.
    """
    found: dict[str, Make] = {}
    for form, _ in formats.readers():
        if form.name in MAKERS:
            found |= MAKERS[form.name]
        elif form.writer is None and form.styled_writer is None:
            raise LookupError(f"{form.title}: doors.MAKERS has no original of it")
        else:
            styles = STYLES.get(form.name, {form.name: {}})
            found |= {name: _written(form, style) for name, style in styles.items()}
    return found


# -- what a format can notice ----------------------------------------------------------

# The vendor's ZIP has a checksum for each member, so only what is packed again with new
# ones is as a folder is.
ZIPPED = frozenset({"export ZIP", "export ZIP 2017", "export of a range"})
# Formats of ours keep checksums of all that they write: no difference is excused. Where
# they stand in a list of their own, a folder without it is one of the old script.
SUMMED = frozenset({"parquet", "csv", "edf", *STYLES["txt"]})


def is_blind(door: str, kind: str, place: Path) -> bool:
    """Whether nothing in the files of a door could tell that a value was altered.

    The vendor's files, the dashboard's and the converter's, and those of the old
    script, have no checksum, no count of rows and no list of members: a value that was
    altered and is still a value, a line less, a member less are all as the vendor might
    have written them. What they do have is used: waveforms of one export end together,
    so that one which is much shorter is noticed, stamps are on a grid, and a WAV has a
    length. What slips through is counted as "unknowable", never as a pass.
    """
    if door in STYLES["txt"]:
        return not any(place.rglob(SUMS)) if place.is_dir() else True
    if door in SUMMED:
        return False
    return door not in ZIPPED or kind.startswith("in a ZIP")


# -- a door for files ------------------------------------------------------------------

_OF_ZIPS = ("bomb", "many members", "directory of a ZIP", "in a ZIP")


def for_folders() -> dict[str, float]:
    """Return the kinds of damage that need no ZIP, and how often each comes."""
    return {name: 1.0 for name in KINDS if not name.startswith(_OF_ZIPS)}


def looked_at(record: hexoframe.Record) -> hexoframe.Record:
    """Do with a record what a user does: look, read it all, ask what there is."""
    repr(record)
    record.load()
    record.coverage  # noqa: B018  # it is computed when it is asked for
    for name in ("info", "ranges", "annotations", "track", "metrics", "statistics"):
        getattr(record, name)
    return record


def _opened(path: Path, how: Mapping[str, Any]) -> hexoframe.Record:
    with documented(path):
        record = hexoframe.open_record(path, **how)
    return looked_at(record)


@dataclass
class FileDoor:
    """`open_record` on a path."""

    name: str
    make: Make
    folder: Path
    how: Mapping[str, Any] = field(default_factory=dict)
    every: int = 1
    _sane: tuple[hexoframe.Record, frozenset[str]] | None = None

    @functools.cached_property
    def original(self) -> Path:
        self.folder.mkdir()
        with listening():
            return self.make(self.folder)

    def prepare(self) -> None:
        _ = self.original

    @property
    def kinds(self) -> Mapping[str, float]:
        if self.original.suffix == ".zip":
            return {
                name: RARE.get(name, 1.0)
                for name in KINDS
                if not name.startswith("member")
            }
        return for_folders()

    def sane(self) -> tuple[hexoframe.Record, frozenset[str]]:
        """Return the whole original, and what is warned of it."""
        if self._sane is None:
            with listening() as told:
                record = _opened(self.original, self.how)
            self._sane = record, frozenset(told.ours)
        return self._sane

    def attempt(self, kind: str, rng: Random, scratch: Path) -> Result:
        sane, usual = self.sane()
        place = _copy(self.original, scratch)
        KINDS[kind](rng, place)
        if not os.path.lexists(place):
            raise CannotHitError
        result = self._judged(place, sane, usual, kind)
        if result.what == IncompleteDataError.__name__:
            result = self._in_part(place)
        if result.verdict in {"whole", "partial", "unknowable"} and rng.random() < 0.1:
            name = rng.choice(list(formats.names_to_write()))
            return _written_out(place, self.how, scratch / "out", name) or result
        if rng.random() < 0.03:
            return _told_by_command(place, scratch) or result
        return result

    def _judged(
        self, place: Path, sane: hexoframe.Record, usual: frozenset[str], kind: str
    ) -> Result:
        return judged(
            lambda: _opened(place, self.how),
            sane,
            usual=usual,
            blind=lambda _: is_blind(self.name, kind, place),
        )

    def _in_part(self, place: Path) -> Result:
        """Open what was refused as incomplete in part, of which it must warn."""
        _, usual = self.sane()
        return judged(
            lambda: _opened(place, {**self.how, "allow_partial": True}),
            None,
            usual=usual,
            blind=lambda _: False,
        )


def _copy(original: Path, scratch: Path) -> Path:
    place = scratch / "in" / original.name
    place.parent.mkdir()
    if original.is_dir():
        shutil.copytree(original, place)
    else:
        shutil.copy(original, place)
    return place


def _written_out(
    place: Path, how: Mapping[str, Any], out: Path, name: str
) -> Result | None:
    """Write what was opened in a format; tell what went wrong, None for nothing."""
    with listening():
        record = hexoframe.open_record(place, **{**how, "allow_partial": True})
        record._repr_html_()
        form = formats.to_write(name)
        out.mkdir()
        try:
            with contextlib.suppress(HexoframeError):
                form.write(record, form.target_in(out, record))
        except Exception as error:  # to be counted
            return Result("escape", f"written as {name}: {place_of(error)}")
    strays = {each.name for each in out.parent.iterdir()} - {"in", "out", "unzipped"}
    return Result("lost", f"written outside: {strays}") if strays else None


def _told_by_command(place: Path, scratch: Path) -> Result | None:
    """Show the path by the command line: a line to read, whatever comes."""
    out, errors = io.StringIO(), io.StringIO()
    before, here = sys.argv, Path.cwd()
    sys.argv = ["hexoframe", "show", str(place)]
    try:
        with (
            listening(),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(errors),
        ):
            os.chdir(scratch)
            command_line()
    except SystemExit as error:
        if error.code not in {0, 1, 2}:
            return Result("escape", f"show ends with {error.code}")
    except Exception as error:  # to be counted
        return Result("escape", f"show: {place_of(error)}")
    finally:
        sys.argv = before
        os.chdir(here)
    return None


# -- a tree of records -----------------------------------------------------------------


@dataclass
class TreeDoor:
    """`open_records` on a folder where one path is damaged and two are whole."""

    folder: Path
    name: str = "tree of records"
    every: int = 1

    @functools.cached_property
    def original(self) -> Path:
        return _make_tree(self.folder)

    def prepare(self) -> None:
        _ = self.original

    @property
    def kinds(self) -> Mapping[str, float]:
        return for_folders()

    def attempt(self, kind: str, rng: Random, scratch: Path) -> Result:
        tree = _copy(self.original, scratch)
        victim = tree / "victim"
        KINDS[kind](rng, victim)
        return judged(
            lambda: self._found(tree), True, blind=lambda _: False, usual=frozenset()
        )

    @staticmethod
    def _found(tree: Path) -> bool:
        """Whether the records beside the damaged one are found and opened."""
        found = hexoframe.open_records(tree)
        repr(found)
        repr(found.skipped)
        for key in found:
            with contextlib.suppress(HexoframeError):
                repr(found[key]["heart_rate"])
        return {"42", "43"} <= {key.split()[0] for key in found}


def _make_tree(folder: Path) -> Path:
    tree = folder / "tree"
    for number in (42, 43):
        write_export(recording(record=number), tree / f"{number}.zip")
    victim = tree / "victim"
    victim.mkdir()
    made = write_export(recording(), victim, layout="folder")
    write_export(recording(record=44), victim / "44.zip")
    hexoframe.open_record(made).to_csv(victim / "own")
    return tree


# -- hostile names ---------------------------------------------------------------------

NAMES = (
    "x" * 256, "x/" * 3000, "y" * 100_000, "~nobody_such/x", "~", "", ".", "/", "..",
    "\0", "a\0b", "a\nb", "\udcff", "\ud800", "[", "**", "*" * 50, "-", "nul", "con:",
    "/dev/null/x", "/dev/full", "/dev/zero", "/proc/self/mem",
    "http://elsewhere.invalid/x", "circle", "circle/x", "fifo", "file/x", "file",
)  # fmt: skip


@dataclass
class NameDoor:
    """Names of files and folders as no user should give them."""

    folder: Path
    name: str = "names"
    every: int = 2

    def prepare(self) -> None:
        record_of(self.folder)

    @property
    def kinds(self) -> Mapping[str, float]:
        return dict.fromkeys(self._calls(), 1.0)

    def attempt(self, kind: str, rng: Random, scratch: Path) -> Result:
        place = scratch / "here"
        place.mkdir()
        (place / "circle").symlink_to("circle")
        (place / "file").write_text("x")
        os.mkfifo(place / "fifo")
        name = rng.choice(NAMES)
        if not kind.startswith("name") and Path(name).is_absolute():
            raise CannotHitError  # nothing is written outside of the scratch folder
        if kind.endswith("folder") and name in {"\0", "a\0b", "\ud800"}:
            raise CannotHitError  # no variable of the environment holds it
        before, kept = Path.cwd(), dict(os.environ)
        os.chdir(place)
        os.environ["HOME"] = str(place)
        try:
            return judged(
                lambda: bool(self._calls()[kind](name)) and None,
                None,
                blind=lambda _: True,
            )
        finally:
            os.chdir(before)
            os.environ.clear()
            os.environ.update(kept)

    def _calls(self) -> Mapping[str, Callable[[str], Any]]:
        return {
            "name opened": _opened_name,
            "name of a tree": _tree_of_name,
            "written": self._written,
            "cache folder": _cache_of_name,
            "config folder": _config_of_name,
            "state folder": _state_of_name,
        }

    def _written(self, name: str) -> None:
        record = record_of(self.folder)
        for form in formats.names_to_write():
            formats.to_write(form).write(record, name, overwrite=True)


# Folders of others, in which things come and go.
_LARGE = frozenset({"/", "..", "~"})


def _opened_name(name: str) -> None:
    if name in _LARGE:
        return
    with documented(name):
        hexoframe.open_record(name)


def _tree_of_name(name: str) -> None:
    if name in _LARGE:
        return
    with documented(name):
        repr(hexoframe.open_records(name).skipped)


def _cache_of_name(name: str) -> None:
    os.environ["HEXOFRAME_CACHE_DIR"] = name
    cache.info()
    cache.clear()
    cache.Cache().entries()


def _config_of_name(name: str) -> None:
    os.environ["HEXOFRAME_CONFIG_DIR"] = name
    hexoframe.logout("http://127.0.0.1:9")
    hexoframe.connect("http://127.0.0.1:9", cache=False)


def _state_of_name(name: str) -> None:
    os.environ["HEXOFRAME_STATE_DIR"] = name
    limiter_for("http://127.0.0.1:9").wait()


# -- all of them -----------------------------------------------------------------------


def file_doors(folder: Path) -> Iterator[Door]:
    """Yield the doors for files; their originals are made below a folder."""
    for name, make in makers().items():
        place = folder / name.replace(" ", "_")
        yield FileDoor(name, make, place, HOW.get(name, {}))
    yield TreeDoor(folder)
    yield NameDoor(folder)
