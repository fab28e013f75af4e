"""The notebooks: kept without outputs, they run and end with a result."""

from __future__ import annotations

import ast
import json
import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

import hexoframe

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "notebooks"
PATHS = sorted(FOLDER.glob("*.ipynb"))
# Names that hold a record in the notebooks.
RECORDS = {"again", "local", "night", "part", "record"}
BAR = re.compile(r"(\r(record|range) \d+[^\r\n]* left|\n)+")
each_notebook = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def read(path):
    return json.loads(path.read_text("utf-8"))


def sources(path, kind):
    cells = read(path)["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == kind]


def test_there_is_a_notebook_a_task_and_readme_names_them_in_order():
    numbers = [int(path.stem.partition("_")[0]) for path in PATHS]
    assert numbers == list(range(1, 13))
    named = re.findall(r"`(\d\d_\w+)`", (ROOT / "README.md").read_text("utf-8"))
    assert named == [path.stem for path in PATHS]


# -- how they are kept -----------------------------------------------------------------


@each_notebook
def test_notebook_is_kept_without_outputs_and_without_traces_of_a_machine(path):
    content = read(path)
    assert content["metadata"] == {
        "kernelspec": {
            "display_name": "Python 3 (ipykernel)",
            "language": "python",
            "name": "python3",
        },
        "language_info": {"name": "python"},
    }
    for cell in content["cells"]:
        assert cell["metadata"] == {}
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None
    # Paths of homes and temporary folders, of any system.
    text = path.read_text("utf-8")
    assert not re.search(r"(?<![\w.])/(home|Users|root|tmp)/|[A-Z]:\\", text)


@each_notebook
def test_notebook_is_valid(path):
    content = read(path)
    assert (content["nbformat"], content["nbformat_minor"]) == (4, 5)
    ids = [cell["id"] for cell in content["cells"]]
    assert len(ids) == len(set(ids))
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
    nbformat.validate(nbformat.from_dict(content))


# -- what they say ---------------------------------------------------------------------


@each_notebook
def test_notebook_begins_with_a_question_and_ends_with_the_result(path):
    cells = read(path)["cells"]
    texts = sources(path, "markdown")
    assert cells[0]["cell_type"] == "markdown"
    assert re.match(r"# .+\n\n\*\*Question:\*\* ", texts[0])
    headings = re.findall(r"^#+ (.+)$", "\n".join(texts), re.MULTILINE)
    assert headings[-1] == "Result"
    assert cells[-1]["cell_type"] == "code"


@each_notebook
def test_notebook_names_only_what_is_public(path):
    used = 0
    for number, code in enumerate(sources(path, "code")):
        tree = ast.parse(code, f"{path.name}, code cell {number}")
        for module, name in names_in(tree):
            public = import_module(module)
            assert name in public.__all__, f"{module} has no public {name}"
            used += 1
        for name in verbs_in(tree):
            assert not name.startswith("_")
            assert hasattr(hexoframe.Record, name), f"a record has no {name}"
    assert used


def names_in(tree):
    """Yield module and name of all that is taken from hexoframe and its modules."""
    modules = {"hexoframe": "hexoframe", "HxApi2_0": "hexoframe.hxapi"}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("hexo"):
            yield from ((node.module, alias.name) for alias in node.names)
        if not isinstance(node, ast.Attribute):
            continue
        if isinstance(node.value, ast.Name) and node.value.id in modules:
            yield modules[node.value.id], node.attr
        named = ast.unparse(node.value)
        if named in {"hexoframe.errors", "hexoframe.timestamps"}:
            yield named, node.attr


def verbs_in(tree):
    """Yield what is asked of a record."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in RECORDS:
            yield node.attr


# -- that they run ---------------------------------------------------------------------


def others_in(path):
    """Libraries that a notebook imports."""
    trees = [ast.parse(code) for code in sources(path, "code")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    named = [alias.name for node in nodes if isinstance(node, ast.Import)
             for alias in node.names]  # fmt: skip
    return {name.partition(".")[0] for name in named}


@pytest.mark.slow
@each_notebook
def test_notebook_runs_without_warnings_and_leaves_nothing_behind(
    path, tmp_path, monkeypatch
):
    nbclient = pytest.importorskip("nbclient", reason="needs hexoframe[notebooks]")
    nbformat = pytest.importorskip("nbformat", reason="needs hexoframe[notebooks]")
    for name in others_in(path):
        if find_spec(name) is None:
            pytest.skip(f"{name} is not installed: it is in hexoframe[notebooks]")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("HEXOFRAME_CONFIG_DIR", str(tmp_path / "config"))
    before = set(FOLDER.iterdir())
    notebook = nbformat.read(path, as_version=4)
    place = {"metadata": {"path": str(FOLDER)}}
    nbclient.NotebookClient(notebook, timeout=120, resources=place).execute()
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    told = [output for cell in code for output in cell.outputs]
    # The bar of a download alone.
    stderr = [output.text for output in told if output.get("name") == "stderr"]
    assert [text for text in stderr if not BAR.fullmatch(text)] == []
    # A table, as its last word.
    assert "<table" in code[-1].outputs[-1].data["text/html"]
    assert list(tmp_path.iterdir()) == []
    assert set(FOLDER.iterdir()) == before
