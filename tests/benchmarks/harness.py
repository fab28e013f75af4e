"""Two ways of doing the same thing, timed in turn in the same run."""

from __future__ import annotations

import gc
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

Timed = Callable[[], float]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One comparison.

    A ratio with `at_most` is new / old (what it costs); without, it is old / new (how
    much faster). `spread` holds the lowest and the highest ratio of the rounds.
    """

    what: str
    against: str
    new: float
    old: float
    unit: str = "s"
    target: float | None = None
    at_most: bool = False
    spread: tuple[float, float] | None = None

    @property
    def ratio(self) -> float:
        return self.new / self.old if self.at_most else self.old / self.new

    @property
    def verdict(self) -> str:
        if self.target is None:
            return "no target"
        met = self.ratio <= self.target if self.at_most else self.ratio >= self.target
        side = "at most" if self.at_most else "at least"
        return f"{side} {self.target:g}: {'met' if met else 'MISSED'}"

    def __str__(self) -> str:
        spread = (
            "" if self.spread is None else "({:.2f} to {:.2f})".format(*self.spread)
        )
        return (
            f"{self.what:<46} {_amount(self.new, self.unit):>9}\n"
            f"    against {self.against:<63} {_amount(self.old, self.unit):>9}"
            f"\n    ratio {self.ratio:.2f} {spread}  {self.verdict}"
        )


def _amount(value: float, unit: str) -> str:
    if unit == "s" and value < 0.1:
        return f"{value * 1000:.2f} ms"
    return f"{value:.2f} {unit}"


def seconds(work: Callable[[], object]) -> float:
    """Time one call; what it returns is freed after the clock has stopped."""
    gc.collect()
    start = time.perf_counter()
    result = work()
    taken = time.perf_counter() - start
    del result
    return taken


def timed(work: Callable[[], object]) -> Timed:
    return lambda: seconds(work)


def race(new: Timed, old: Timed, *, rounds: int, **about: object) -> Row:
    """Run both ways in turn, after once for nothing, and compare their medians."""
    new(), old()
    return paired([(new(), old()) for _ in range(rounds)], **about)


def paired(pairs: list[tuple[float, float]], **about: object) -> Row:
    """Compare the medians of the new and the old figure of each round."""
    news, olds = zip(*pairs, strict=True)
    ratios = [
        one / other if about.get("at_most") else other / one for one, other in pairs
    ]
    return Row(
        new=statistics.median(news),
        old=statistics.median(olds),
        spread=(min(ratios), max(ratios)),
        **about,
    )


def scaled(parts: Iterator[tuple[int, int, Callable[[], object]]]) -> float:
    """Sum up what whole channels would take, from a slice of each.

    `parts` are (rows of the slice, rows of the channel, work on the slice).
    """
    return sum(seconds(work) * whole / part for part, whole, work in parts if part)


def child(
    *arguments: str, environment: Mapping[str, str] | None = None
) -> dict[str, float]:
    """Do one thing in a fresh process and return the figures that it prints."""
    command = [sys.executable, "-m", "tests.benchmarks.child", *arguments]
    done = subprocess.run(
        command,
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
    )
    figures: dict[str, float] = json.loads(done.stdout)
    return figures
