"""Progress bar of a download, on stderr: requests, megabytes, time left.

Without a bar nothing is shown. The download itself needs none of the counts.
"""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from hexoframe.api.load.plan import cost_of
from hexoframe.texttable import is_terminal

if TYPE_CHECKING:
    from hexoframe.api.load.chunks import Chunk
    from hexoframe.channels import Family

__all__ = ["Meter", "counting_bytes", "is_visible"]

_FORMAT = "{desc} {percentage:3.0f}%|{bar}| {elapsed}, {remaining} left"
_WIDEST = 100
# The correction begins as if this share of the load had come as expected, so that one
# small chunk does not decide about the rest.
_TRUST = 0.05
# Share of a chunk that is left until it is finished, where its answer tells no length.
_LEAST_LEFT = 0.02


class _Bytes:
    """Bytes of all downloads in a block."""

    def __init__(self) -> None:
        self.total = 0


_counted: ContextVar[_Bytes | None] = ContextVar("counted", default=None)


@contextmanager
def counting_bytes() -> Iterator[_Bytes]:
    """Count the bytes of the samples that are fetched while the block runs."""
    count = _Bytes()
    token = _counted.set(count)
    try:
        yield count
    finally:
        _counted.reset(token)


@dataclass(slots=True)
class _Sizes:
    """Bytes of the chunks of one kind: what was expected of them, and what came.

    `waiting` is expected of those that have not begun, `told` of those that came, and
    `came` is what they took.
    """

    waiting: float
    told: float
    came: float

    @property
    def scale(self) -> float:
        """How much larger chunks are than expected."""
        return self.came / self.told


@dataclass(slots=True)
class _Coming:
    """A chunk on its way: its bytes so far, and those that its answer still has."""

    sizes: _Sizes
    expected: float
    came: int = 0
    left: int | None = None


class Meter:
    """Counts bytes and chunks, and shows them; `show=None` in a terminal or a notebook.

    The bar is as long as the bytes that came and those that are still expected. The
    plan expects a size of each chunk. An answer that tells its length replaces it, and
    the chunks that came correct it for the others of their kind.
    """

    def __init__(self, title: str, family: Family, *, show: bool | None) -> None:
        self._title = title
        self._family = family
        self._show = is_visible() if show is None else show
        self._guard = threading.Lock()
        self._bar: Any = None
        self._expected: dict[str, float] = {}
        self._coming: dict[str, _Coming] = {}
        self._kinds: dict[str, _Sizes] = {}
        self._bytes = 0
        self._done = 0
        self._chunks = 0
        # Threads of the download do not have the context of the caller.
        self._counted = _counted.get()

    def __enter__(self) -> Self:
        """Return this."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the bar as it is, and show nothing more."""
        with self._guard:
            bar, self._bar = self._bar, None
        if bar is not None:
            bar.close()

    def plan(self, chunks: Sequence[Chunk]) -> None:
        """Start anew with the chunks of a plan."""
        with self._guard:
            self._expected = {
                chunk.key: 1e6 * cost_of(self._family, (chunk,)).megabytes
                for chunk in chunks
            }
            self._coming = {}
            self._kinds = {kind: self._sizes(kind, chunks) for kind in ("zip", "json")}
            self._done, self._chunks = 0, len(chunks)
            total = max(1, self._left())
            # Both branches draw the bar.
            if self._bar is not None:
                self._bar.reset(total=total)
            elif self._show:
                self._bar = self._new_bar(total)

    def _sizes(self, kind: str, chunks: Sequence[Chunk]) -> _Sizes:
        total = sum(self._expected[chunk.key] for chunk in chunks if chunk.kind == kind)
        known = 1 + _TRUST * total
        return _Sizes(waiting=total, told=known, came=known)

    def _new_bar(self, total: int) -> Any:
        from tqdm import tqdm  # noqa: PLC0415  # only for a bar

        return tqdm(
            desc=self._title,
            total=total,
            file=sys.stderr,
            bar_format=_FORMAT,
            ncols=min(_WIDEST, shutil.get_terminal_size().columns),
            miniters=0,
        )

    def took(self, chunk: Chunk, length: int, left: int | None = None) -> None:
        """Count bytes of a chunk as they arrive; `left` are those still to come."""
        with self._guard:
            self._bytes += length
            if self._counted is not None:
                self._counted.total += length
            known = chunk.key in self._expected
            if known:
                coming = self._coming.get(chunk.key) or self._begun(chunk)
                coming.came += length
                coming.left = left
            # What was not planned, or is finished, does not move the bar.
            self._draw(length if known else 0)

    def _begun(self, chunk: Chunk) -> _Coming:
        sizes, expected = self._kinds[chunk.kind], self._expected[chunk.key]
        sizes.waiting -= expected
        coming = self._coming[chunk.key] = _Coming(sizes, expected)
        return coming

    def finished(self, chunk: Chunk) -> None:
        """Count a chunk as finished, however many bytes it took."""
        with self._guard:
            self._done += 1
            expected = self._expected.pop(chunk.key, 0)
            coming = self._coming.pop(chunk.key, None)
            if coming is None:
                # It was there from an earlier load.
                self._kinds[chunk.kind].waiting -= expected
            else:
                coming.sizes.told += expected
                coming.sizes.came += coming.came
            self._draw(0)

    def _left(self) -> int:
        """Return the bytes that are still expected."""
        waiting = sum(sizes.waiting * sizes.scale for sizes in self._kinds.values())
        return round(waiting + sum(map(_left_of, self._coming.values())))

    def _draw(self, step: int) -> None:
        if self._bar is None:
            return
        done, megabytes = f"{self._done}/{self._chunks}", self._bytes / 1e6
        self._bar.set_description_str(
            f"{self._title}: {done} requests, {megabytes:.1f} MB", refresh=False
        )
        left = self._left() if self._expected else 0
        if not left and not self._bar.n + step:
            step = 1  # all was there already
        self._bar.total = self._bar.n + step + left
        self._bar.update(step)


def _left_of(coming: _Coming) -> float:
    """Return the bytes that are still expected of a chunk on its way."""
    if coming.left is not None:
        return coming.left
    expected = coming.expected * coming.sizes.scale
    # A chunk may be larger than expected, and is not finished by that.
    return max(expected - coming.came, _LEAST_LEFT * expected)


def is_visible() -> bool:
    """Whether stderr is a terminal, or the output of a notebook cell."""
    if is_terminal(sys.stderr):
        return True
    kernel = sys.modules.get("ipykernel.iostream")
    return kernel is not None and isinstance(sys.stderr, kernel.OutStream)
