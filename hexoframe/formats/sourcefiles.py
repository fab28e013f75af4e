"""Notices when a file of an open record is no longer the one it was opened from.

Channels are read when they are touched, which may be long after the record was opened.
Every reader hands its channels through here; none of them compares files by itself.
What is in the files does not belong here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from hexoframe.errors import FileFormatError, IncompleteDataError, SourceChangedError

if TYPE_CHECKING:
    from hexoframe.recording.data import LazyChannel
    from hexoframe.recording.gaps import Receipt

__all__ = ["SourceFiles", "state_of"]

_State = tuple[int, ...]


def state_of(path: Path) -> _State:
    """Return device, inode, size and time of a file: another file has others."""
    stat = path.stat()
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns


class SourceFiles:
    """Files as they were when a record was opened from them.

    Make it before the first of them is read. A file that is not there then is none of
    the record.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        states = ((path, _known_state(path)) for path in dict.fromkeys(paths))
        self._states = {path: state for path, state in states if state is not None}

    def guard(
        self, channels: Mapping[str, pd.DataFrame | LazyChannel], used: Iterable[Path]
    ) -> dict[str, pd.DataFrame | LazyChannel]:
        """Return channels that refuse to be read once a file in use is another one.

        It is a `SourceChangedError`: a record never joins samples of two recordings.
        """
        paths = list(dict.fromkeys(used))
        return {
            name: held
            if isinstance(held, pd.DataFrame)
            else self.guard_channel(held, paths)
            for name, held in channels.items()
        }

    def guard_channel(
        self, channel: LazyChannel, used: Collection[Path], *, vouched: bool = False
    ) -> LazyChannel:
        """Return a channel that refuses to be read once a file in use is another one.

        With `vouched`, a checksum tells whether the content is the same, whatever file
        it is in: its error is explained, and the file must not change while it is read.
        """
        is_read = False

        @contextmanager
        def reading() -> Iterator[None]:
            files = SourceFiles(used) if vouched else self
            with self._explained(used):
                files._check(used)  # noqa: SLF001  # of this class
                yield
                files._check(used)  # noqa: SLF001

        def read() -> pd.DataFrame:
            nonlocal is_read
            with reading():
                frame = channel.read()
            is_read = True
            return frame

        def pieces(rows: int) -> Iterator[pd.DataFrame]:
            if channel.pieces is None:
                return
            with reading():
                yield from channel.pieces(rows)

        def receipt() -> Receipt:
            if is_read:
                # What was counted while the samples were read is true of them.
                return channel.known()
            with reading():
                return channel.known()

        return replace(
            channel,
            read=read,
            pieces=None if channel.pieces is None else pieces,
            receipt=receipt if callable(channel.receipt) else channel.receipt,
        )

    @contextmanager
    def _explained(self, used: Iterable[Path]) -> Iterator[None]:
        """Where reading fails because a file is another one, say that."""
        try:
            yield
        except (FileFormatError, IncompleteDataError, OSError):
            self._check(used)
            raise

    def _check(self, used: Iterable[Path]) -> None:
        """Raise `SourceChangedError` if one of the files is another one by now."""
        for path in used:
            now = _known_state(path)
            if path in self._states and now != self._states[path]:
                what = "is gone" if now is None else "was replaced or changed"
                raise SourceChangedError(
                    f"{path} {what} since the record was opened, and samples of two "
                    "recordings are never joined: open the record again"
                )


def _known_state(path: Path) -> _State | None:
    try:
        return state_of(path)
    except OSError:
        return None
