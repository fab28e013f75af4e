"""CSVs of the dashboard in a ZIP that is not a vendor export."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePath

from hexoframe.errors import FileFormatError
from hexoframe.formats.archive.container import ZipFolder, zip_folders
from hexoframe.formats.dashboard.head import find_head

__all__ = ["find_tables"]

_TEXT = (".csv", ".tsv", ".txt")
_EXPORT_SUFFIXES = {".wav", ".hxd", ".zip"}


def find_tables(path: Path) -> list[tuple[ZipFolder, str]]:
    """Return folder and name of each CSV of the dashboard in a ZIP.

    None if there is anything of an export: then the CSV goes with it.
    """
    try:
        folders = zip_folders(path)
    except FileFormatError:
        return []  # the reader of exports says what is wrong with it
    members = [
        (ZipFolder(path, folder), name)
        for folder, names in folders.items()
        for name in names
    ]
    if any(_is_of_export(name) for _, name in members):
        return []
    return list(_tables(members))


def _tables(members: list[tuple[ZipFolder, str]]) -> Iterator[tuple[ZipFolder, str]]:
    for folder, name in members:
        is_text = name.lower().endswith(_TEXT)
        if is_text and find_head(partial(folder.open, name)) is not None:
            yield folder, name


def _is_of_export(name: str) -> bool:
    return name == "info.json" or not _EXPORT_SUFFIXES.isdisjoint(
        suffix.lower() for suffix in PurePath(name).suffixes
    )
