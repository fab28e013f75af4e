"""Progress bar of a download, on stderr: requests, megabytes, time left.

Without a bar nothing is shown. The download itself needs none of the counts.
"""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from hexoframe.api.load.plan import cost_of

if TYPE_CHECKING:
    from hexoframe.api.load.chunks import Chunk
    from hexoframe.channels import Family

__all__ = ["Meter"]

_FORMAT = "{desc} {percentage:3.0f}%|{bar}| {elapsed}, {remaining} left"
_WIDEST = 100


class Meter:
    """Counts bytes and chunks, and shows them; `show=None` in a terminal or a notebook.

    The bar follows the size that the plan expects of each chunk; the megabytes beside
    it are the received ones.
    """

    def __init__(self, title: str, family: Family, *, show: bool | None) -> None:
        self._title = title
        self._family = family
        self._show = _is_visible() if show is None else show
        self._guard = threading.Lock()
        self._bar: Any = None
        self._expected: dict[str, int] = {}
        self._counted: dict[str, int] = {}
        self._bytes = 0
        self._done = 0
        self._chunks = 0

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
                chunk.key: 1 + int(cost_of(self._family, (chunk,)).megabytes * 1e6)
                for chunk in chunks
            }
            self._counted = dict.fromkeys(self._expected, 0)
            self._done, self._chunks = 0, len(chunks)
            total = sum(self._expected.values()) or 1
            # Both branches draw the bar.
            if self._bar is not None:
                self._bar.reset(total=total)
            elif self._show:
                self._bar = self._new_bar(total)

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

    def took(self, chunk: Chunk, length: int) -> None:
        """Count bytes of a chunk as they arrive."""
        with self._guard:
            self._bytes += length
            # A chunk may be larger than expected, and is not finished by that.
            most = self._expected.get(chunk.key, 0)
            known = self._counted.get(chunk.key, 0)
            self._count(chunk, min(most, known + length))

    def finished(self, chunk: Chunk) -> None:
        """Count a chunk as finished, however many bytes it took."""
        with self._guard:
            self._done += 1
            self._count(chunk, self._expected.get(chunk.key, 0))

    def _count(self, chunk: Chunk, value: int) -> None:
        step = value - self._counted.get(chunk.key, 0)
        self._counted[chunk.key] = value
        if self._bar is not None:
            done, megabytes = f"{self._done}/{self._chunks}", self._bytes / 1e6
            self._bar.set_description_str(
                f"{self._title}: {done} requests, {megabytes:.1f} MB", refresh=False
            )
            self._bar.update(step)


def _is_visible() -> bool:
    """Whether stderr is a terminal, or the output of a notebook cell."""
    if sys.stderr.isatty():
        return True
    kernel = sys.modules.get("ipykernel.iostream")
    return kernel is not None and isinstance(sys.stderr, kernel.OutStream)
