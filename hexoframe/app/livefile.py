"""The file of a record that is followed: a line a sample, in the order they came.

``time,channel,value``: ISO 8601 in UTC with nine decimals, the column of the channel
table, and the value in its unit. A killed process may leave half a line: it is cut off
by the next one, which asks for that sample again. When the record is over, the lines
are put in order of time.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from filelock import FileLock, Timeout

from hexoframe.errors import ConfigurationError, FileFormatError
from hexoframe.formats.atomic import new_file
from hexoframe.paths import writing_to

__all__ = ["LiveFile"]

_HEAD = b"time,channel,value\n"


class LiveFile:
    """The lines of one record in a folder, which is made if need be.

    It is written in a ``with`` block, by one process at a time. FileFormatError if the
    file there is another one.
    """

    def __init__(self, folder: Path, record: int) -> None:
        self.path = folder / f"live_{record}.csv"
        with writing_to(self.path):
            folder.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(folder / f".{self.path.name}.lock", timeout=0)

    def __enter__(self) -> Self:
        """Take the file; ConfigurationError if another process writes it."""
        try:
            self._lock.acquire()
        except Timeout as error:
            raise ConfigurationError(
                f"{self.path} is written by another process, which follows this record "
                "too: end that one, or choose another folder"
            ) from error
        with writing_to(self.path):
            self._begin()
        return self

    def __exit__(self, *_: object) -> None:
        """Let others write it."""
        self._lock.release()
        Path(self._lock.lock_file).unlink(missing_ok=True)

    def _begin(self) -> None:
        """Begin a file, or cut the half line off that a killed process left."""
        with self.path.open("a+b") as file:
            file.seek(0)
            content = file.read()
            if not (_HEAD.startswith(content[: len(_HEAD)]) or _HEAD in content[:99]):
                raise FileFormatError(
                    f"{self.path} is another file: its first line is not "
                    f"{_HEAD.decode().strip()!r}; choose another folder"
                )
            if len(content) < len(_HEAD):
                file.truncate(0)
                file.write(_HEAD)
            else:
                file.truncate(content.rfind(b"\n") + 1)

    def seen(self) -> dict[str, pd.DataFrame]:
        """Return the samples in the file, by column, as `Client.follow` takes them."""
        table = self._read()
        times = pd.to_datetime(table["time"], format="ISO8601", utc=True)
        index = pd.DatetimeIndex(times, name="time").as_unit("ns")
        frame = pd.DataFrame({"value": table["value"].to_numpy()}, index=index)
        names = table["channel"].to_numpy()
        return {name: frame[names == name] for name in dict.fromkeys(names)}

    def _read(self) -> pd.DataFrame:
        try:
            # As text: pandas may read a float that is one bit off.
            table = pd.read_csv(self.path, dtype=str, keep_default_na=False)
            values = table["value"].replace("", "nan").to_numpy(dtype=np.float64)
            return table.assign(value=values)
        except (ValueError, KeyError) as error:
            raise FileFormatError(
                f"{self.path} holds a line that is none of a sample ({error}): remove "
                "it, or choose another folder"
            ) from error

    def add(self, frames: Mapping[str, pd.DataFrame]) -> None:
        """Add the new samples of some channels; they are on the disk afterwards."""
        tables = [
            pd.DataFrame(
                {
                    "time": _texts(frame.index),
                    "channel": column,
                    "value": frame[column].to_numpy(dtype=np.float64),
                }
            )
            for frame in frames.values()
            for column in frame
        ]
        if not tables:
            return
        text = pd.concat(tables).to_csv(header=False, index=False, lineterminator="\n")
        with writing_to(self.path), self.path.open("ab") as file:
            file.write(text.encode("ascii"))
            file.flush()
            os.fsync(file.fileno())

    def put_in_order(self) -> None:
        """Sort the lines by time; what was there stays until all of it is written."""
        table = self._read()
        table = table.sort_values("time", kind="stable")
        text = table.to_csv(index=False, lineterminator="\n")
        with new_file(self.path, overwrite=True) as fresh:
            fresh.write_bytes(text.encode("ascii"))


def _texts(index: pd.Index[Any]) -> list[str]:
    plain = pd.DatetimeIndex(index).tz_convert("UTC").tz_localize(None)
    texts = np.datetime_as_string(plain.to_numpy(), unit="ns")
    return [f"{text}Z" for text in texts.tolist()]
