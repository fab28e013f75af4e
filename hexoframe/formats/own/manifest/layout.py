"""What hexoframe's own formats are called, and what a manifest says once it is read."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hexoframe.channels import FAMILIES, channels_of

if TYPE_CHECKING:
    from hexoframe.channels import Family
    from hexoframe.channels.calibration import Scale
    from hexoframe.recording.facts import Facts
    from hexoframe.recording.gaps import Receipt, Survey

__all__ = ["CSV", "PARQUET", "VERSION", "Contents", "Layout", "Stored"]

VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What the files of a format are called.

    Attributes
    ----------
    name : str
        Name of the format, with which the manifest begins.
    manifest : str
        File name of the manifest; not the same in both, so that both formats of a
        record may lie in one folder.
    suffix : str
        End of the names of channel files.
    """

    name: str
    manifest: str
    suffix: str

    def file_of(self, name: str) -> str:
        """Return the file name of a channel."""
        return name + self.suffix

    def owns(self, name: str) -> bool:
        """Whether a file name is one that a record folder has."""
        stem = name.removesuffix(self.suffix)
        return name == self.manifest or (stem != name and stem in _all_channels())

    def manifest_at(self, path: Path) -> Path:
        """Return the manifest of a folder; any other path may be one itself."""
        return path / self.manifest if path.is_dir() else path

    def starts(self, head: bytes) -> bool:
        """Whether a file that begins so is a manifest of this format."""
        pattern = rb'\s*\{\s*"format"\s*:\s*"' + self.name.encode() + rb'"'
        return re.match(pattern, head) is not None


CSV = Layout(name="hexoframe csv", manifest="metadata.json", suffix=".csv")
PARQUET = Layout(name="hexoframe parquet", manifest="manifest.json", suffix=".parquet")


@functools.cache
def _all_channels() -> frozenset[str]:
    return frozenset(name for family in FAMILIES for name in channels_of(family))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """The file of one channel, as the manifest or its own footer describes it.

    Attributes
    ----------
    path : Path
        The file.
    rows : int
        Rows that were written.
    first, last : int, in ticks
        Stamps of the first and the last row; 0 without rows.
    step : int or None, in ticks
        Distance of each stamp from the one before, where it is the same throughout.
    receipt : Receipt
        What is known of the channel without reading it.
    size, sha256 : int and str, or None
        Bytes that were written; None where nobody noted them.
    survey : Survey or None
        What a survey of the samples found before they were written.
    """

    path: Path
    rows: int
    first: int
    last: int
    receipt: Receipt
    step: int | None = None
    size: int | None = None
    sha256: str | None = None
    survey: Survey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a manifest, or the footer of one channel file, says of a record."""

    family: Family
    scale: Scale
    span: tuple[int, int]
    tz: str
    facts: Facts
    channels: dict[str, Stored]

    @property
    def record_id(self) -> int | None:
        """Id of the record, where it is known."""
        number = self.facts.info.get("id")
        return None if number is None else int(number)
