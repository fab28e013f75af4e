"""One bar for many records, on stderr: records, megabytes, time left."""

from __future__ import annotations

import shutil
import sys
from typing import Any, Self

from hexoframe.api.load.progress import is_visible

__all__ = ["StudyBar"]

_FORMAT = "{desc} {percentage:3.0f}%|{bar}| {elapsed}, {remaining} left"
_WIDEST = 100


class StudyBar:
    """Counts records, each with the work that is expected of it (bytes, or 1).

    `show=None` draws the bar in a terminal or a notebook.
    """

    def __init__(
        self, title: str, expected: list[float], *, show: bool | None = None
    ) -> None:
        self._title = title
        self._count = len(expected)
        self._total = max(sum(expected), 1.0)
        self._show = is_visible() if show is None else show
        self._bar: Any = None
        self.done = 0
        self.bytes = 0

    def __enter__(self) -> Self:
        """Draw the bar."""
        if self._show and self._count:
            from tqdm import tqdm  # noqa: PLC0415  # only for a bar

            self._bar = tqdm(
                desc=self._text(),
                total=self._total,
                file=sys.stderr,
                bar_format=_FORMAT,
                ncols=min(_WIDEST, shutil.get_terminal_size().columns),
                miniters=0,
            )
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the bar as it is."""
        if self._bar is not None:
            self._bar.close()

    def finished(self, expected: float, size: int = 0) -> None:
        """Count a record; `size` are the bytes that came of it."""
        self.done += 1
        self.bytes += size
        if self._bar is not None:
            self._bar.set_description_str(self._text(), refresh=False)
            self._bar.update(expected)

    def _text(self) -> str:
        text = f"{self._title}: {self.done}/{self._count} records"
        return f"{text}, {self.bytes / 1e6:.1f} MB" if self.bytes else text
