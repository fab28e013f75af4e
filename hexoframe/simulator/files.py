"""How files of the synthetic shirt get to disk: whole, and always the same.

What stands in them does not belong here.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hexoframe.errors import OutputExistsError

__all__ = ["fresh", "write_zip"]

_ZIP_DATE = (2024, 3, 2, 0, 0, 0)


@contextmanager
def fresh(target: Path, *, overwrite: bool) -> Iterator[Path]:
    """Give a path beside the target; what was made there is renamed at the end."""
    if target.exists() and not overwrite:
        raise OutputExistsError(f"{target} exists; give overwrite=True to replace it")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=target.parent) as room:
        draft = Path(room) / target.name
        yield draft
        if target.is_dir():  # a rename replaces a file, not a folder with content
            target.replace(Path(room) / "replaced")
        draft.replace(target)


def write_zip(
    target: Path,
    members: Iterable[tuple[str, bytes]],
    *,
    deflate: bool,
    overwrite: bool,
) -> Path:
    """Write a ZIP whose bytes depend on names and contents alone."""
    method = zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED
    with (
        fresh(target, overwrite=overwrite) as draft,
        zipfile.ZipFile(draft, "w") as archive,
    ):
        for name, content in members:
            member = zipfile.ZipInfo(name, _ZIP_DATE)
            member.create_system = 3
            member.external_attr = 0o644 << 16
            archive.writestr(member, content, method, 6)
    return target
