"""``hexoframe report``: pages that open without Python."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hexoframe.app.choices import FAILURES, Saved, Selection, check_folder
from hexoframe.app.cli.options import fetching, gather, reading, selection
from hexoframe.app.cli.results import opened
from hexoframe.app.cli.running import tell_saved
from hexoframe.app.wording import reworded
from hexoframe.errors import ConfigurationError

if TYPE_CHECKING:
    from hexoframe.record import Record

__all__ = ["report"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporting:
    """The page that is wanted of each of some records.

    Without a `file` each page is in this folder, named by its record.
    """

    file: Path | None
    tz: str | None
    identify: bool
    overwrite: bool

    def check(self) -> None:
        """Refuse what cannot become a page before anything is loaded."""
        from hexoframe.report.html import check_target, environment  # noqa: PLC0415
        from hexoframe.timestamps.zones import zone_name  # noqa: PLC0415  # numpy

        environment()
        if self.file is not None:
            check_target(self.file)
        if self.tz is not None:
            zone_name(self.tz)

    def save(self, name: str, record: Record) -> Saved:
        """Write the page of a record; `name` is what was asked for."""
        from hexoframe.formats.atomic import noting_unchanged  # noqa: PLC0415  # shutil
        from hexoframe.formats.own.manifest import record_folder  # noqa: PLC0415  # pandas

        file = self.file or Path(f"{record_folder(record, Path()).name}.html")
        shown = record if self.tz is None else record.tz_convert(self.tz)
        with noting_unchanged() as unchanged:
            shown.report(file, identify=self.identify, overwrite=self.overwrite)
        return Saved(name=name, paths=[file], unchanged=[bool(unchanged)])


_reporting = gather(
    "reporting",
    Reporting,
    click.option(
        "--out",
        "file",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="The page, ending in .html; record_ID.html in this folder by default.",
    ),
    click.option(
        "--tz",
        metavar="ZONE",
        help="Zone of its times, such as America/Montreal; UTC by default.",
    ),
    click.option(
        "--identify",
        is_flag=True,
        help="Name e-mail, user id and device, and show comments.",
    ),
    click.option("--overwrite", is_flag=True, help="Replace a page from before."),
)


@click.command()
@click.argument("whats", metavar="PATH|ID...", nargs=-1, required=True)
@_reporting
@selection
@fetching
@reading
def report(
    whats: tuple[str, ...],
    reporting: Reporting,
    selection: Selection,
    how: dict[str, Any],
    source: dict[str, Any],
) -> None:
    """Write a page to send: a record on a few pages, in one file.

    PATH is what 'hexoframe convert' takes, and ID a record of the service, which is
    downloaded unless the cache has it. The page opens in any browser, prints on A4,
    asks for no address and runs nothing. It names neither the wearer nor the device,
    unless --identify is given. Prints where the pages are, a path a line. Needs pip
    install "hexoframe[report]".
    """
    if reporting.file is not None and len(whats) > 1:
        raise click.UsageError(
            "--out is the file of one page: leave it out, and each record gets a file "
            "of its own."
        )
    try:
        reporting.check()
    except ConfigurationError as error:
        raise click.UsageError(reworded(str(error))) from error
    check_folder(Path() if reporting.file is None else reporting.file.parent, "file")
    tell_saved(_written(whats, reporting, selection, how, source), "record")


def _written(
    whats: Sequence[str],
    reporting: Reporting,
    selection: Selection,
    how: dict[str, Any],
    source: dict[str, Any],
) -> Iterator[Saved]:
    from hexoframe.app.pictures import without_screen  # noqa: PLC0415  # heavy
    from hexoframe.formats.atomic import protecting  # noqa: PLC0415  # shutil

    without_screen()
    found: Iterable[tuple[str, Record | Exception]]
    found = opened(whats, selection, how, source)
    if reporting.file is not None:
        found = list(found)
        count = sum(not isinstance(record, Exception) for _, record in found)
        if count > 1:
            raise ConfigurationError(
                f"there are {count} recordings, and {reporting.file} is the file of "
                "one page: leave file= out, and each gets a file of its own"
            )
    written: set[Path] = set()
    for name, record in found:
        if isinstance(record, Exception):
            yield Saved(name=name, errors=[record])
            continue
        try:
            # A recording never takes the place of another one of the same name.
            with protecting(written):
                saved = reporting.save(name, record)
        except FAILURES as error:
            yield Saved(name=name, errors=[error])
        else:
            written.update(saved.paths)
            yield saved
