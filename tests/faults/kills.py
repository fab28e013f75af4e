"""Processes that die at some step, and disks that are full: writers, convert, loads.

A child process does the work and is killed just before the k-th change of the disk:
renames, removals, folders made, files opened for writing, as the audit hooks of Python
tell them. Then the target must be as before or as after, never between; and the next
one that does the same work comes to its end and clears up.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import resource
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import hexoframe
from hexoframe import cache, formats
from hexoframe.api.auth.tokenstore import TokenFile
from hexoframe.api.links import Origin
from hexoframe.app.cli import main as command_line
from hexoframe.cache import Cache
from hexoframe.client import Client
from hexoframe.errors import HexoframeError
from hexoframe.formats import Format
from hexoframe.formats.atomic import complete
from tests.faults import answers
from tests.faults.damage import KINDS
from tests.faults.doors import (
    RECORD,
    SOME,
    Door,
    for_folders,
    looked_at,
    record_of,
    recording,
)
from tests.faults.verdicts import Result, judged, listening, unlike

_CHANGES = frozenset(
    f"os.{name}"
    for name in (
        "rename", "remove", "rmdir", "mkdir", "link", "symlink", "truncate", "chmod",
    )
)  # fmt: skip
_WRITES = os.O_WRONLY | os.O_RDWR
_HEAD_OF_MAT = 128  # with the date
# Options without which a format refuses so short a recording.
_HOW: Mapping[str, Mapping[str, Any]] = {"kubios": {"beats": "all"}}
# Where formats that are not read have the samples of a record.
_FOLDERS = {"beh", f"record_{RECORD}"}


# -- a child that dies -----------------------------------------------------------------


class _Steps:
    """An audit hook that counts changes of the disk and kills before the k-th."""

    def __init__(self, kill_at: int | None) -> None:
        self.count = 0
        self._kill_at = kill_at

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            if not isinstance(arguments[2], int) or not arguments[2] & _WRITES:
                return
        elif event not in _CHANGES:
            return
        self.count += 1
        if self.count == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)


def in_child(work: Callable[[], Any], **limits: int | None) -> tuple[Any, int]:
    """Do the work in a child; return what it returned, None if it died, and its steps.

    `kill_at` and `room` are those of `_begun`.
    """
    return _ended(*_begun(work, **limits))


def _begun(
    work: Callable[[], Any], *, kill_at: int | None = None, room: int | None = None
) -> tuple[int, int]:
    """Begin the work in a child that is killed at a step; return it and its pipe.

    `room` is how large a file may become: the disk is full then.
    """
    theirs, mine = os.pipe()
    # A collection of garbage in the child would copy the memory of all objects.
    gc.freeze()
    child = os.fork()
    if child:
        gc.unfreeze()
    else:
        code = 1
        try:
            os.close(theirs)
            if room is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
            steps = _Steps(kill_at)
            sys.addaudithook(steps)
            result = work(), steps.count
            # The pipe has no such limit.
            with os.fdopen(mine, "wb") as file:
                pickle.dump(result, file)
            code = 0
        finally:
            os._exit(code)
    os.close(mine)
    return child, theirs


def _ended(child: int, pipe: int) -> tuple[Any, int]:
    with os.fdopen(pipe, "rb") as file:
        data = file.read()
    os.waitpid(child, 0)
    return pickle.loads(data) if data else (None, 0)  # noqa: S301  # of our own


def _outcome(work: Callable[[], Any]) -> Result:
    """Do something that may be refused; what it returns does not matter."""
    return judged(lambda: bool(work()) or True, True, blind=lambda _: False)


# -- writers ---------------------------------------------------------------------------


def _all_in(folder: Path) -> list[Path]:
    """Return all in a folder that is not hidden; an empty one is as none."""
    below = folder.rglob("*") if folder.is_dir() else [folder]
    return [each for each in below if "/." not in str(each.relative_to(folder.parent))]


def _bytes_in(target: Path) -> Any:
    """Return the files of a record that is not read back; None if there is none."""
    folders = [each for each in target.rglob("*") if each.name in _FOLDERS]
    for each in folders:
        complete(each)
    found = {
        path.name: path.read_bytes()
        for each in folders
        for path in each.iterdir()
        if path.is_file()
    }
    return found or None


def _variants(record: hexoframe.Record) -> dict[str, hexoframe.Record]:
    """Return records of one name: other units, another length, other samples."""
    middle = record.start + record.duration / 2
    raw = {name: record.raw(name) for name in record}
    rate = record["heart_rate"].copy()
    rate += 1
    return {
        "all": record,
        "half": record.between(record.start, middle),
        "raw": hexoframe.Record(
            record.family,
            (record.start_tick, record.end_tick),
            raw,
            facts=record.facts,
            scale="raw",
        ),
        "other": record.replace(heart_rate=rate),
    }


@dataclass
class WriterDoor:
    """A writer that overwrites a record with another one of its name."""

    form: Format
    folder: Path
    every: int = 4
    _steps: dict[tuple[str, str], int] = field(default_factory=dict)
    _known: dict[str, hexoframe.Record] = field(default_factory=dict)
    _alone: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"write {self.form.name}"

    @property
    def kinds(self) -> Mapping[str, float]:
        return {"killed": 3.0, "disk full": 1.0, "in the way": 1.0}

    def prepare(self) -> None:
        record_of(self.folder)

    def attempt(self, kind: str, rng: Random, scratch: Path) -> Result:
        if not self._known:
            self._known = _variants(record_of(self.folder, SOME).load())
        old, new = rng.sample(sorted(self._known), 2)
        # A folder of .txt holds values of the JSON API, whatever the units were.
        root = scratch / "out"
        root.mkdir()
        if rng.random() < 0.2:
            old = ""
        target = self._target(root)
        kept = scratch.parent.parent / f"written_{self.form.name}"
        if old:
            shutil.copytree(self._written(old, kept), root, dirs_exist_ok=True)
        if kind == "in the way":
            return self._past(rng, target, new, root)
        steps = self._counted(old, new, kept, scratch)
        if kind == "killed":
            limit: dict[str, int] = {"kill_at": rng.randint(1, steps)}
        else:
            limit = {"room": rng.choice((0, 1, 100, 4096, rng.randrange(1, 200_000)))}
        before = self._seen(target)
        told, _ = in_child(lambda: _outcome(lambda: self._write(new, root)), **limit)
        if told is not None and told.verdict in {"escape", "hang", "memory"}:
            return told
        done = told is not None and told.verdict != "refused"
        wanted = self._seen_alone(new, kept)
        between = self._between(target, before, wanted, done=done)
        if between:
            return Result("lost", between)
        return self._again(root, target, wanted, partial(self._write, new, root), told)

    def _target(self, root: Path) -> Path:
        suffix = self.form.suffix
        return root / f"record_{RECORD}{suffix}" if suffix else root

    def _write(self, name: str, root: Path) -> Path:
        record = self._known[name]
        place = self.form.target_in(root, record)
        how = _HOW.get(self.form.name, {})
        return self.form.write(record, place, overwrite=True, **how)

    def _written(self, name: str, kept: Path) -> Path:
        """Return a folder into which a record alone was written; one for a worker."""
        place = kept / name
        if not place.exists():
            place.mkdir(parents=True)
            in_child(lambda: self._write(name, place))
        return place

    def _seen_alone(self, name: str, kept: Path) -> Any:
        """Return what is seen of a record that was written where nothing was."""
        if name not in self._alone:
            self._alone[name] = self._seen(self._target(self._written(name, kept)))
        return self._alone[name]

    def _counted(self, old: str, new: str, kept: Path, scratch: Path) -> int:
        """Return how many steps it takes to overwrite one by the other."""
        if (old, new) not in self._steps:
            root = scratch / "counted"
            root.mkdir()
            if old:
                shutil.copytree(self._written(old, kept), root, dirs_exist_ok=True)
            _, self._steps[old, new] = in_child(
                lambda: bool(self._write(new, root)) and None
            )
            shutil.rmtree(root)
        return self._steps[old, new]

    def _seen(self, target: Path) -> Any:
        """Return what a target holds: a record, bytes, an error, or nothing."""
        if self.form.suffix:
            head = _HEAD_OF_MAT if self.form.name == "mat" else 0
            return target.read_bytes()[head:] if target.exists() else None
        if self.form.reader is None:
            return _bytes_in(target)
        folders = [
            each
            for each in target.iterdir()
            if each.name[0] != "." and any(not one.is_dir() for one in _all_in(each))
        ]
        if not folders:
            return None
        try:
            with listening():
                return looked_at(hexoframe.open_record(folders[0]))
        except HexoframeError as error:
            return error

    def _between(self, target: Path, before: Any, wanted: Any, *, done: bool) -> str:
        """Say in what a target is neither as before nor as it was to become."""
        after = self._seen(target)
        if not done and not unlike(after, before):
            return ""
        if isinstance(after, HexoframeError):
            return f"cannot be opened after it: {type(after).__name__}"
        if after is None:
            return "nothing is there after it"
        different = unlike(after, wanted)
        return f"neither old nor new: {different[0]}" if different else ""

    def _again(
        self,
        root: Path,
        target: Path,
        wanted: Any,
        write: Callable[[], Path],
        told: Result | None,
    ) -> Result:
        """Do the same again: it comes to its end and leaves nothing behind."""
        again = _outcome(write)
        if again.verdict not in {"whole", "partial"}:
            return Result("lost", f"the next writer: {again}")
        between = self._between(target, None, wanted, done=True)
        if between:
            return Result("lost", f"the next writer: {between}")
        left = [each.name for each in root.rglob(".*")]
        if left:
            return Result("lost", "left behind by the killed one")
        return told or Result("whole")

    def _past(self, rng: Random, target: Path, new: str, root: Path) -> Result:
        """Write where something else is in the way."""
        place = target if self.form.suffix else target / f"record_{RECORD}"
        shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)
        choices = ("FIFO", "circle", "nowhere", "folder", "device", "file")
        # A format of one file may overwrite a file.
        how = rng.choice(choices[: 5 if self.form.suffix else 6])
        if how == "file":
            place.write_text("mine")
        elif how == "FIFO":
            os.mkfifo(place)
        elif how == "folder":
            place.mkdir()
            (place / "mine.txt").write_text("mine")
            (place / "heart_rate.csv").mkdir()
            (place / "heart_rate.parquet").symlink_to("heart_rate.parquet")
            (place / "manifest.json").symlink_to("nowhere")
        else:
            names = {"circle": place.name, "nowhere": "nowhere", "device": "/dev/full"}
            place.symlink_to(names[how])
        before = os.lstat(place).st_ino
        told, _ = in_child(lambda: _outcome(lambda: self._write(new, root)))
        mine = place if how == "file" else place / "mine.txt"
        if how in {"file", "folder"} and mine.read_text() != "mine":
            return Result("lost", "a file of others was overwritten")
        if os.lstat(place).st_ino != before and how in {"file", "folder"}:
            return Result("lost", "what was in the way is gone")
        return told or Result("escape", "it died")


# -- convert ---------------------------------------------------------------------------


@dataclass
class ConvertDoor:
    """The command convert, killed and run again."""

    folder: Path
    name: str = "convert"
    every: int = 4
    _steps: dict[str, int] = field(default_factory=dict)

    @property
    def kinds(self) -> Mapping[str, float]:
        return {"killed": 1.0}

    def prepare(self) -> None:
        record_of(self.folder)

    def attempt(self, kind: str, rng: Random, scratch: Path) -> Result:  # noqa: ARG002
        record_of(self.folder)
        source = self.folder / "hexoskin.zip"
        names = formats.names_to_write()
        form = rng.choice([name for name in names if formats.to_write(name).reader])
        if form not in self._steps:
            _, self._steps[form] = in_child(
                lambda: _commanded(source, scratch / "counted", form)
            )
        out = scratch / "out"
        kill_at = rng.randint(1, self._steps[form])
        in_child(lambda: _commanded(source, out, form), kill_at=kill_at)
        there = [each for each in out.rglob("*") if each.is_file()]
        if any("/." not in f"/{each.relative_to(out)}" for each in there):
            with listening():
                found = hexoframe.open_record(out)
            if sorted(found) != sorted(record_of(self.folder, SOME)):
                return Result("lost", f"{form}: a part of it is there")
        code, _ = in_child(lambda: _commanded(source, out, form))
        if code != 0:
            return Result("lost", f"{form}: the next one ends with {code}")
        left = [each.name for each in out.rglob(".*")]
        return (
            Result("lost", "left behind by the killed one") if left else Result("whole")
        )


def _commanded(source: Path, out: Path, form: str) -> int:
    sys.argv = ["hexoframe", "convert", str(source), "--to", str(out), "-f", form]
    sys.argv += ["--channels", ",".join(SOME)]
    try:
        command_line()
    except SystemExit as error:
        return int(error.code or 0)
    return 0


# -- loads -----------------------------------------------------------------------------


@dataclass
class LoadDoor:
    """A load into a cache that is killed, runs out of disk, or comes after a fork."""

    name: str = "load"
    every: int = 2
    _steps: int = 0

    @property
    def kinds(self) -> Mapping[str, float]:
        return {
            "killed": 3.0, "disk full": 1.0, "forked after a load": 0.5,
            "at once": 0.5,
        }  # fmt: skip

    def prepare(self) -> None:
        recording()

    def attempt(self, kind: str, rng: Random, scratch: Path) -> Result:
        here = answers.world()
        sane = _sane_record(here)
        place = scratch / "cache"

        def load() -> Result:
            return judged(lambda: _load(here, place), sane, blind=lambda _: False)

        if not self._steps:
            other = scratch / "counted"
            _, self._steps = in_child(lambda: bool(_load(here, other)))
        if kind == "at once":
            begun = [_begun(load) for _ in range(5)]
            found = [_ended(*each)[0] for each in begun]
            bad = [each for each in found if each is None or each.verdict != "whole"]
            return (bad[0] or Result("escape", "it died")) if bad else found[0]
        if kind == "forked after a load":
            # The client of the parent, its lock, its session and its open sockets.
            client = Client(here.session(shared=place), Cache(place))
            again = partial(_loaded_by, client, sane)
            found, _ = in_child(lambda: [again(), in_child(again)[0]][1])
            return found or Result("escape", "it died")
        if kind == "killed":
            in_child(load, kill_at=rng.randint(1, self._steps))
        else:
            room = rng.choice((0, 1, 100, 4096, rng.randrange(1, 60_000)))
            found, _ = in_child(load, room=room)
            if found is None or found.verdict in {"escape", "lost", "hang"}:
                return found or Result("escape", "it died")
        return in_child(load)[0] or Result("escape", "the next load died")


def _loaded_by(client: Client, sane: hexoframe.Record) -> Result:
    """Load anew whatever the cache holds, by a client that may have done so before."""
    return judged(
        lambda: looked_at(
            client.load_record(RECORD, channels=SOME, refresh=True, progress=False)
        ),
        sane,
        blind=lambda _: False,
    )


def _load(
    here: answers.World, place: Path, transport: str = "auto"
) -> hexoframe.Record:
    os.environ["HEXOFRAME_CACHE_DIR"] = str(place)
    with Client(here.session(), Cache(place)) as client:
        return looked_at(
            client.load_record(
                RECORD, channels=SOME, transport=transport, progress=False
            )
        )


def _sane_record(here: answers.World, transport: str = "auto") -> hexoframe.Record:
    key = f"load {transport}"
    if key not in here.sane:
        with listening(), Client(here.session()) as client:
            way: Any = transport
            record = client.load_record(
                RECORD, channels=SOME, transport=way, progress=False
            )
        here.sane[key] = looked_at(record), frozenset(), []
    found: hexoframe.Record = here.sane[key][0]
    return found


# -- what is on the disk of a user -----------------------------------------------------


@dataclass
class CacheDoor:
    """The cache with something damaged in it: it is listed, and loaded anew."""

    name: str = "cache"
    every: int = 1

    @property
    def kinds(self) -> Mapping[str, float]:
        return {kind: 4.0 if "JSON" in kind else 1.0 for kind in for_folders()}

    def prepare(self) -> None:
        recording()

    def attempt(self, kind: str, rng: Random, scratch: Path) -> Result:
        here = answers.world()
        place = scratch / "cache"
        original = self._original(here, scratch.parent.parent / "cache_of_worker")
        shutil.copytree(original, place, symlinks=True)
        victim = rng.choice(sorted(place.glob("records/*/41/*")))
        KINDS[kind](rng, victim)
        # The load that was begun is of JSON, the record that is there of the export.
        way = "json" if ".chunks" in str(victim) else "auto"
        sane = _sane_record(here, way)
        done, _ = in_child(lambda: self._used(here, place, way, sane))
        return done or Result("escape", "it died")

    @staticmethod
    def _original(here: answers.World, place: Path) -> Path:
        """Return a cache with a record, another that is unfinished, and one beside."""
        if not place.exists():
            os.environ["HEXOFRAME_CACHE_DIR"] = str(place)
            with listening(), Client(here.session(), Cache(place)) as client:
                client.load_record(RECORD + 1, channels=SOME, progress=False)
            done, _ = in_child(lambda: bool(_load(here, place)))
            assert done, "the original of the cache was not loaded"
            _begin(here, place)
        return place

    @staticmethod
    def _used(
        here: answers.World, place: Path, way: str, sane: hexoframe.Record
    ) -> Result:
        os.environ["HEXOFRAME_CACHE_DIR"] = str(place)

        def use() -> Any:
            rows = cache.info()
            repr(rows)
            whole = RECORD + 1 in rows["record"].tolist()
            with contextlib.suppress(HexoframeError):
                Client(here.session(), Cache(place)).load_record(
                    RECORD, channels=SOME, offline=True, progress=False
                ).load()
            return whole, _load(here, place, way)

        return judged(use, (True, sane), blind=lambda _: False)


def _begin(here: answers.World, place: Path) -> None:
    """Begin to load a record by JSON, and die when some of it is there."""

    def load() -> bool:
        with listening(), Client(here.session(), Cache(place)) as client:
            client.load_record(RECORD, channels=SOME, transport="json", progress=False)
        return True

    for kill_at in range(5, 500):
        in_child(load, kill_at=kill_at)
        if any(place.glob("records/*/41/*.chunks/*.sha256")):
            return
    raise LookupError("the load left no chunk behind")


@dataclass
class TokenDoor:
    """The file of tokens, damaged: ignored with a warning, or it says the same."""

    folder: Path
    name: str = "tokens.json"
    every: int = 1

    @property
    def kinds(self) -> Mapping[str, float]:
        return {kind: 6.0 if "JSON" in kind else 1.0 for kind in for_folders()}

    def prepare(self) -> None:
        values = {
            "token": TOKEN,
            "refresh_token": "again",
            "expires": 4e9,
            "client_id": "id",
            "client_secret": "secret",
        }
        file = TokenFile(self.folder / "tokens")
        file.write(Origin.of("http://127.0.0.1:9"), values)

    def attempt(self, kind: str, rng: Random, scratch: Path) -> Result:
        place = scratch / "config"
        shutil.copytree(self.folder / "tokens", place)
        KINDS[kind](rng, place)
        os.environ["HEXOFRAME_CONFIG_DIR"] = str(place)
        return judged(self._used, self._sane(), blind=lambda _: kind in _ALTERS)

    @staticmethod
    def _used() -> Any:
        with hexoframe.connect("http://127.0.0.1:9", cache=False) as client:
            auth: Any = client.session.auth
            repr(auth)
            token = auth.token and auth.token.access.reveal()
        hexoframe.logout("http://127.0.0.1:9")
        return token

    def _sane(self) -> str:
        return TOKEN


TOKEN = "kept-token"  # noqa: S105  # of nobody
_ALTERS = frozenset(
    {
        "JSON value", "JSON key", "bits flipped", "block of noise", "block deleted",
        "block doubled", "blocks swapped", "encoding", "member renamed",
    }
)  # fmt: skip


def kill_doors(folder: Path) -> Iterator[Door]:
    """Yield the doors of writers, convert, loads, and what they leave on the disk."""
    for name in formats.names_to_write():
        yield WriterDoor(formats.to_write(name), folder)
    yield ConvertDoor(folder)
    yield LoadDoor()
    yield CacheDoor()
    yield TokenDoor(folder)
