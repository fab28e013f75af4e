"""``hexoframe scripts``: the two example scripts of the old days, for HxApi2_0's users.

The scripts are files of the package; here they are only copied.
"""

from __future__ import annotations

from pathlib import Path

import click

from hexoframe.app.cli.running import tell_path
from hexoframe.paths import expanded

__all__ = ["SCRIPTS", "scripts"]

SCRIPTS = ("exampleScript.py", "exampleScript_UI.py")
"""Names of the scripts, which are those of the old ones."""


@click.command()
@click.option(
    "--to",
    metavar="DIR",
    type=click.Path(path_type=Path),
    default=Path(),
    help="Folder for the scripts; this one by default.",
)
@click.option(
    "--overwrite", is_flag=True, help="Replace scripts that were written before."
)
def scripts(to: Path, *, overwrite: bool) -> None:
    """Write two example scripts in Python for users of HxApi2_0.

    exampleScript.py downloads records: fill in its first lines. exampleScript_UI.py
    asks for user and password, which is not shown and never kept, and lists, tells and
    downloads records from a menu. Both use hexoframe under the old names. Prints where
    they are; with your changes in them they are replaced only with --overwrite.
    """
    from importlib.resources import files  # noqa: PLC0415  # keeps help quick

    from hexoframe.formats.atomic import new_folder, noting_unchanged  # noqa: PLC0415

    folder = expanded(to).absolute()
    with (
        noting_unchanged() as unchanged,
        new_folder(folder, overwrite=overwrite, owned=SCRIPTS.__contains__) as written,
    ):
        for name in SCRIPTS:
            text = files("hexoframe.app").joinpath("examples", name).read_bytes()
            (written / name).write_bytes(text)
    for name in SCRIPTS:
        tell_path(to / name, unchanged=bool(unchanged))
