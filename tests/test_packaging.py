"""The package as a whole: what importing it costs, and what the wheel holds."""

from __future__ import annotations

import email
import importlib.resources
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import hexoframe

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
HEAVY = {"matplotlib", "numpy", "pandas", "pyarrow", "requests", "scipy"}
DATA_FILES = (
    "app/examples/exampleScript.py",
    "app/examples/exampleScript_UI.py",
    "analysis/definitions.csv",
    "analysis/metrics.csv",
    "channels/channels.csv",
    "channels/codes.csv",
    "py.typed",
    "report/assets/uPlot.LICENSE",
    "report/assets/uPlot.iife.min.js",
    "report/assets/uPlot.min.css",
    "report/assets/view.html",
    "report/templates/page.css",
    "report/templates/report.html.j2",
)


def modules_after(statement: str) -> set[str]:
    """Return the modules that a fresh interpreter holds after the statement."""
    code = f"{statement}\nimport sys\nprint(*sys.modules, sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_import_alone_loads_nothing_heavy() -> None:
    loaded = modules_after("import hexoframe; hexoframe.__version__; dir(hexoframe)")
    assert "hexoframe" in loaded
    assert loaded & HEAVY == set()


def test_the_version_is_known_without_a_look_at_installed_packages() -> None:
    loaded = modules_after("import hexoframe; hexoframe.__version__")
    assert "importlib.metadata" not in loaded


def test_errors_load_nothing_heavy() -> None:
    loaded = modules_after("import hexoframe; hexoframe.errors.HexoframeError")
    assert "hexoframe.errors" in loaded
    assert loaded & HEAVY == set()


def test_record_loads_pandas_but_neither_plots_nor_network() -> None:
    loaded = modules_after("import hexoframe; hexoframe.Record")
    assert "pandas" in loaded
    assert loaded & {"matplotlib", "requests", "scipy"} == set()


@pytest.mark.parametrize("name", hexoframe.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(hexoframe, name) is not None
    assert name in vars(hexoframe), "a name is looked up once and then kept"


def test_every_public_name_is_listed_before_its_first_use() -> None:
    missing = "sorted(set(hexoframe.__all__) - set(dir(hexoframe)))"
    modules_after(f"import hexoframe; assert not {missing}, {missing}")


def test_the_list_of_public_names_and_their_homes_agree() -> None:
    assert set(hexoframe.__all__) == {*hexoframe._HOMES, "__version__"}
    assert list(hexoframe.__all__) == sorted(hexoframe.__all__)


def test_a_star_import_brings_the_public_names() -> None:
    modules_after("from hexoframe import *; open_record, Record, errors, __version__")


def test_a_wrong_name_is_an_attribute_error_that_names_it() -> None:
    with pytest.raises(AttributeError, match="'hexoframe' has no attribute 'ecg'"):
        _ = hexoframe.ecg
    assert not hasattr(hexoframe, "ecg")


@pytest.mark.parametrize("name", DATA_FILES)
def test_the_package_finds_its_data_files(name: str) -> None:
    assert importlib.resources.files("hexoframe").joinpath(name).is_file()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    folder = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (built,) = folder.iterdir()
    with zipfile.ZipFile(built) as archive:
        yield archive


def test_the_wheel_holds_the_package_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    assert {name.split("/")[0] for name in names} == {
        "hexoframe",
        f"hexoframe-{hexoframe.__version__}.dist-info",
    }
    assert {name for name in names if name.startswith("hexoframe/")} == {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "hexoframe").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {f"hexoframe/{name}" for name in DATA_FILES} <= names


def test_the_wheel_says_version_licence_and_oldest_python(
    wheel: zipfile.ZipFile,
) -> None:
    folder = f"hexoframe-{hexoframe.__version__}.dist-info"
    facts = email.message_from_bytes(wheel.read(f"{folder}/METADATA"))
    assert facts["Version"] == hexoframe.__version__
    assert facts["License-Expression"] == "BSD-3-Clause"
    assert facts["Requires-Python"] == ">=3.11"
    assert f"{folder}/licenses/LICENSE" in wheel.namelist()
    # What a page draws its lines with is of others.
    of_others = f"{folder}/licenses/hexoframe/report/assets/uPlot.LICENSE"
    assert b"Leon Sorokin" in wheel.read(of_others)


def test_the_wheel_brings_the_command(wheel: zipfile.ZipFile) -> None:
    folder = f"hexoframe-{hexoframe.__version__}.dist-info"
    told = wheel.read(f"{folder}/entry_points.txt").decode()
    assert told.split() == [
        "[console_scripts]",
        "hexoframe",
        "=",
        "hexoframe.app.cli:main",
    ]
