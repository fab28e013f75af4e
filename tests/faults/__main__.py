"""The fault suite: damaged files, lying answers and killed processes, in one table.

    python -m tests.faults --seconds 600
    python -m tests.faults --inputs 20000 --seed 7 --json figures.json
    python -m tests.faults --door "export ZIP" --inputs 500
    python -m tests.faults --seed 7 --rerun "export ZIP:123"

Each input is a door, a kind of damage and chance, which starts from the seed, the name
of the door and a number: the same three give the same input again, which --rerun shows
with its traceback. The exit code is 1 if anything escaped, hung, was lost or took more
memory than the limit.

Inputs are tried in workers that are forked once and go on; where one dies, hangs or
swells, it is counted and replaced. 20 000 inputs take about a quarter of an hour of one
processor; `taskset -c 0` and `nice` leave the rest of a machine alone, and a folder in
memory (TMPDIR=/dev/shm) is quicker than a disk.

The rooms: `doors` (files, their originals, what must be noticed), `damage` (its kinds),
`answers` (the lying server and the doors of the service), `kills` (processes that die,
disks that are full), `verdicts` (what may become of an input), `pool` (workers).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from random import Random

from tests.faults.answers import service_doors
from tests.faults.damage import CannotHitError
from tests.faults.doors import Door, file_doors
from tests.faults.kills import kill_doors
from tests.faults.pool import Case, Limits, Tried, Work, try_all
from tests.faults.verdicts import BAD, GOOD, MEANING, HangError, Result, place_of

_TRIES = 20
_TOLD_EVERY = 1000


def worker_of(doors: Mapping[str, Door], seed: int) -> Work:
    """Return what a worker does with a case."""

    def work(case: Case, scratch: Path) -> tuple[str, Result]:
        door = doors[case.door]
        # Where chance found nothing to hit, it tries again.
        for turn in range(_TRIES):
            place = scratch / str(turn)
            place.mkdir()
            rng = Random(f"{seed} {case.door} {case.number} {turn}")
            kind = case.kind or rng.choices(*zip(*door.kinds.items(), strict=True))[0]
            (scratch.parent / "kind").write_text(kind)
            try:
                return kind, door.attempt(kind, rng, place)
            except CannotHitError:
                continue
            except HangError as error:
                return kind, Result("hang", str(error))
            except Exception as error:  # the suite goes on
                return kind, Result("escape", f"in the suite: {place_of(error)}")
        return "nothing to hit", Result("refused", "nothing to hit")

    return work


def cases_of(
    doors: Mapping[str, int],
    *,
    inputs: int | None,
    seconds: float | None,
    first: int = 0,
) -> Iterator[Case]:
    """Yield cases, a door after the other, until there are enough or time is over."""
    end = None if seconds is None else time.monotonic() + seconds
    given = 0
    number = first
    while True:
        for name, door in doors.items():
            if number % door.every:
                continue
            if given == inputs or (end is not None and time.monotonic() > end):
                return
            yield Case(name, number)
            given += 1
        number += 1


class Figures:
    """The counts of a run, by door and by kind, and the first of each escape.

    `seconds` is how long the inputs of a door took.
    """

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self.by_door: dict[str, Counter[str]] = {}
        self.by_kind: dict[str, Counter[str]] = {}
        self.findings: dict[tuple[str, str], dict[tuple[str, str], list[Tried]]] = {}

    def add(self, tried: Tried) -> None:
        verdict = tried.result.verdict
        self.seconds[tried.case.door] += tried.seconds
        self.by_door.setdefault(tried.case.door, Counter())[verdict] += 1
        self.by_kind.setdefault(tried.case.kind, Counter())[verdict] += 1
        if verdict in BAD:
            found = self.findings.setdefault((verdict, tried.result.what), {})
            found.setdefault((tried.case.door, tried.case.kind), []).append(tried)

    @property
    def total(self) -> Counter[str]:
        return sum(self.by_door.values(), Counter())

    @property
    def bad(self) -> int:
        return sum(self.total[verdict] for verdict in BAD)

    def table(self) -> str:
        """Return the table, a line a door and a line a kind of damage."""
        verdicts = GOOD + BAD
        width = max(map(len, (*self.by_door, *self.by_kind, "per kind of damage")))
        lines = ["".join((" " * width, f"{'inputs':>8}", *_columns((*verdicts, "ms"))))]
        for head, counts in (
            ("per door", self.by_door),
            ("per kind of damage", dict(sorted(self.by_kind.items()))),
            ("", {"all": self.total}),
        ):
            lines += [head] if head else []
            for name, found in counts.items():
                cells = [found[verdict] or "." for verdict in verdicts]
                if name in self.seconds:
                    cells.append(round(1000 * self.seconds[name] / found.total()))
                lines.append(f"{name:<{width}}{found.total():>8}" + _row(cells))
        return "\n".join(lines)

    def list(self, seed: int, *, most: int = 3) -> str:
        """Return each finding with how often it came, where, and how to see it again.

        At most so many places of each.
        """
        lines = []
        for (verdict, what), places in self.findings.items():
            times = sum(map(len, places.values()))
            lines.append(f"{verdict} x {times}: {what}")
            for (door, kind), found in list(places.items())[:most]:
                lines.append(
                    f"    {door}, {kind} x {len(found)}: python -m tests.faults "
                    f'--seed {seed} --rerun "{door}:{found[0].case.number}"'
                )
            if len(places) > most:
                lines.append(f"    and {len(places) - most} other places")
        return "\n".join(lines)

    def as_json(self, seed: int) -> str:
        return json.dumps(
            {
                "seed": seed,
                "doors": self.by_door,
                "seconds": self.seconds,
                "kinds": self.by_kind,
                "total": self.total,
                "findings": self.list(seed, most=1000).splitlines(),
            },
            indent=1,
        )


def _columns(names: Sequence[str]) -> list[str]:
    return [f"{name:>11}" for name in names]


def _row(cells: Sequence[object]) -> str:
    return "".join(f"{cell:>11}" for cell in cells)


def all_doors(folder: Path, named: Sequence[str] = ()) -> dict[str, Door]:
    """Return the doors by name, all or those of which a part is named, made ready."""
    every = [*file_doors(folder), *service_doors(), *kill_doors(folder)]
    doors = {
        door.name: door
        for door in every
        if not named or any(part in door.name for part in named)
    }
    for door in doors.values():
        door.prepare()
    return doors


def run(
    doors: Mapping[str, Door],
    cases: Iterator[Case],
    scratch: Path,
    *,
    seed: int,
    workers: int = 2,
    limits: Limits | None = None,
) -> Iterator[Tried]:
    """Try the cases in a pool."""
    work = worker_of(doors, seed)
    return try_all(cases, work, scratch, workers=workers, limits=limits)


def rerun(doors: Mapping[str, Door], text: str, seed: int, scratch: Path) -> Result:
    """Try one input in this process, and show where its exceptions come from."""
    door, _, number = text.rpartition(":")
    raised = []

    def note(frame, event, argument):
        if event == "exception" and "/hexoframe/" in frame.f_code.co_filename:
            raised.append(argument[1])
        return note

    sys.settrace(note)
    try:
        kind, result = worker_of(doors, seed)(Case(door, int(number)), scratch)
    finally:
        sys.settrace(None)
    if raised:
        traceback.print_exception(raised[-1])
    print(f"{door}, {kind}: {result.verdict}: {result.what}")
    return result


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("--seconds", type=float, help="how long to try")
    parser.add_argument("--inputs", type=int, help="how many inputs to try")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first")
    parser.add_argument("--door", action="append", help="only doors so named")
    parser.add_argument("--rerun", metavar="DOOR:NUMBER", help="one input again")
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--limit", type=float, default=20, help="s for one input")
    asked = parser.parse_args(arguments)
    if asked.seconds is None and asked.inputs is None:
        asked.seconds = 60
    return asked


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _asked(arguments)
    scratch = Path(tempfile.mkdtemp(prefix="faults-"))
    for name in ("CACHE", "CONFIG", "STATE"):
        # What is the user's own stays out of it.
        os.environ[f"HEXOFRAME_{name}_DIR"] = str(scratch / "home" / name.lower())
    try:
        originals = scratch / "originals"
        originals.mkdir()
        named = [asked.rerun.rpartition(":")[0]] if asked.rerun else asked.door or []
        doors = all_doors(originals, named)
        if not doors:
            print(f"no such door; there are: {', '.join(all_doors(originals))}")
            return 2
        if asked.rerun:
            place = scratch / "rerun" / "case"
            place.mkdir(parents=True)
            return rerun(doors, asked.rerun, asked.seed, place).verdict in BAD
        return _run_and_tell(doors, scratch, asked)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _tell(figures: Figures, seconds: float) -> None:
    """Say how far a long run is."""
    told = f"{figures.total.total()} inputs in {seconds:.0f} s, {figures.bad} bad"
    print(told, file=sys.stderr, flush=True)


def _run_and_tell(
    doors: Mapping[str, Door], scratch: Path, asked: argparse.Namespace
) -> int:
    cases = cases_of(
        doors, inputs=asked.inputs, seconds=asked.seconds, first=asked.first
    )
    figures = Figures()
    start = time.monotonic()
    # Runs in the background ignore Ctrl-C; `kill` ends any in the same way.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    limits = Limits(seconds=asked.limit)
    # Ctrl-C ends a long run with what is known by then.
    with suppress(KeyboardInterrupt):
        for tried in run(
            doors,
            cases,
            scratch,
            seed=asked.seed,
            workers=asked.workers,
            limits=limits,
        ):
            figures.add(tried)
            if not figures.total.total() % _TOLD_EVERY:
                _tell(figures, time.monotonic() - start)
    print(figures.table(), end="\n\n")
    for verdict in GOOD + BAD:
        print(f"{verdict:<10} {MEANING[verdict]}")
    taken = time.monotonic() - start
    print(f"\n{figures.total.total()} inputs in {taken:.0f} s, seed {asked.seed}\n")
    print(figures.list(asked.seed) or "Nothing escaped, hung or was lost.")
    if asked.json:
        asked.json.write_text(figures.as_json(asked.seed))
    return 1 if figures.bad else 0


if __name__ == "__main__":
    sys.exit(main())
