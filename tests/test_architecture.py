"""The shape of the package: what an import contract cannot say."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(__file__).parents[1] / "hexoframe"
LONGEST_CHAIN = 16


def modules() -> dict[str, Path]:
    """Modules of the package by their names."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def is_for_types_alone(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)


def names_imported(node: ast.AST) -> Iterator[str]:
    """What a module imports when it is loaded or when a function of it runs."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            yield f"{node.module}.{alias.name}"
    below = node.orelse if is_for_types_alone(node) else ast.iter_child_nodes(node)
    for child in below:
        yield from names_imported(child)


def imports(known: dict[str, Path]) -> dict[str, set[str]]:
    """Modules of the package that each one imports."""
    found: dict[str, set[str]] = {}
    for name, path in known.items():
        asked = names_imported(ast.parse(path.read_text(encoding="utf-8")))
        reached = {
            one if one in known else one.rpartition(".")[0]
            for one in asked
            if one.startswith("hexoframe")
        }
        found[name] = (reached & set(known)) - {name}
    return found


def longest_chain(graph: dict[str, set[str]]) -> list[str]:
    """The longest chain of imports; fails where imports go in a circle."""
    known: dict[str, list[str]] = {}

    def from_here(name: str, above: list[str]) -> list[str]:
        if name in above:
            circle = " > ".join([*above[above.index(name) :], name])
            pytest.fail(f"imports go in a circle: {circle}")
        if name not in known:
            below = (from_here(one, [*above, name]) for one in sorted(graph[name]))
            known[name] = [name, *max(below, key=len, default=[])]
        return known[name]

    return max((from_here(name, []) for name in graph), key=len)


def is_simulated(name: str) -> bool:
    return name.startswith("hexoframe.simulator")


def test_no_chain_of_imports_is_long() -> None:
    library = {
        name: {one for one in below if not is_simulated(one)}
        for name, below in imports(modules()).items()
        if not is_simulated(name)
    }
    longest = longest_chain(library)
    assert len(longest) <= LONGEST_CHAIN, " > ".join(longest)


def test_no_imports_go_in_a_circle() -> None:
    assert longest_chain(imports(modules()))


def test_no_class_has_the_name_of_another() -> None:
    homes = defaultdict(list)
    for name, path in modules().items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                homes[node.name].append(name)
    assert {name: where for name, where in homes.items() if len(where) > 1} == {}


def test_the_map_of_analysis_names_each_module_once():
    source = (PACKAGE / "analysis" / "__init__.py").read_text(encoding="utf-8")
    told = ast.get_docstring(ast.parse(source)) or ""
    table = told.partition("=" * 11 + " ")[2].splitlines()[1:-1]
    named = [line.split()[0] for line in table]
    there = sorted(path.stem for path in (PACKAGE / "analysis").glob("*.py"))
    assert sorted(named) == [name for name in there if name != "__init__"]
