"""How far a download is, on stderr: requests, bytes, time left.

Quiet where nobody looks. Nothing is counted here that the download itself needs.
"""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from hexoframe.api.load.costs import cost_of

if TYPE_CHECKING:
    from hexoframe.api.load.chunks import Piece
    from hexoframe.channels import Family

__all__ = ["Meter"]

_FORMAT = "{desc} {percentage:3.0f}%|{bar}| {elapsed}, {remaining} left"
_WIDEST = 100


class Meter:
    """Counts what comes, and shows it.

    The bar goes by what the plan expects each piece to bring; the megabytes beside it
    are those that came.

    Parameters
    ----------
    title : str
        What is loaded.
    family : {"hexoskin", "astroskin_256", "astroskin_1000"}
        Device family, for what pieces bring.
    show : bool or None
        Whether a bar is drawn; None where stderr is a terminal or a notebook.
    """

    def __init__(self, title: str, family: Family, *, show: bool | None) -> None:
        self._title = title
        self._family = family
        self._show = _is_watched() if show is None else show
        self._guard = threading.Lock()
        self._bar: Any = None
        self._expected: dict[str, int] = {}
        self._counted: dict[str, int] = {}
        self._bytes = 0
        self._done = 0
        self._pieces = 0

    def __enter__(self) -> Self:
        """Return this."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the bar as it is; what still comes is not shown."""
        with self._guard:
            bar, self._bar = self._bar, None
        if bar is not None:
            bar.close()

    def plan(self, pieces: Sequence[Piece]) -> None:
        """Begin anew with the pieces that are to come."""
        with self._guard:
            self._expected = {
                piece.key: 1 + int(cost_of(self._family, (piece,)).megabytes * 1e6)
                for piece in pieces
            }
            self._counted = dict.fromkeys(self._expected, 0)
            self._done, self._pieces = 0, len(pieces)
            total = sum(self._expected.values()) or 1
            # Either of them draws the bar.
            if self._bar is not None:
                self._bar.reset(total=total)
            elif self._show:
                self._bar = self._new_bar(total)

    def _new_bar(self, total: int) -> Any:
        from tqdm import tqdm  # noqa: PLC0415  # only where there is a bar

        return tqdm(
            desc=self._title,
            total=total,
            file=sys.stderr,
            bar_format=_FORMAT,
            ncols=min(_WIDEST, shutil.get_terminal_size().columns),
            miniters=0,
        )

    def took(self, piece: Piece, length: int) -> None:
        """Count bytes of a piece as they come."""
        with self._guard:
            self._bytes += length
            # A piece that is larger than was expected is not done for that.
            most = self._expected.get(piece.key, 0)
            known = self._counted.get(piece.key, 0)
            self._count(piece, min(most, known + length))

    def finished(self, piece: Piece) -> None:
        """Count a piece as done, however many bytes it took."""
        with self._guard:
            self._done += 1
            self._count(piece, self._expected.get(piece.key, 0))

    def _count(self, piece: Piece, value: int) -> None:
        step = value - self._counted.get(piece.key, 0)
        self._counted[piece.key] = value
        if self._bar is not None:
            done, megabytes = f"{self._done}/{self._pieces}", self._bytes / 1e6
            self._bar.set_description_str(
                f"{self._title}: {done} requests, {megabytes:.1f} MB", refresh=False
            )
            self._bar.update(step)


def _is_watched() -> bool:
    """Whether somebody looks at stderr: at a terminal, or below a cell."""
    if sys.stderr.isatty():
        return True
    kernel = sys.modules.get("ipykernel.iostream")
    return kernel is not None and isinstance(sys.stderr, kernel.OutStream)
