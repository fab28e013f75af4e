from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

pytest.importorskip("jinja2", reason="pages need hexoframe[report]")
pytest.importorskip("matplotlib", reason="pages need hexoframe[report]")

from matplotlib.figure import Figure

from hexoframe.plotting import coverage, figures
from hexoframe.report import drawings
from hexoframe.report.drawings import embedded

pytestmark = pytest.mark.usefixtures("no_window")
STYLE = (Path(drawings.__file__).parent / "templates" / "page.css").read_text("utf-8")


def drawn(number=1, **settings):
    figure = Figure(figsize=(4, 2))
    axes = figure.subplots()
    axes.plot([0, 1, 2], [0, 1, 0], "o-", color=figures.INK, **settings)
    axes.set_title('<script>alert("x")</script> & more')
    return str(embedded(figure, title="a <b> & c", number=number))


def parse(markup):
    return ET.fromstring(markup)  # noqa: S314  # what we just made


def test_a_figure_becomes_svg_without_styles_scripts_or_addresses():
    markup = drawn()
    root = parse(markup)
    assert root.tag == "svg"
    assert root.attrib["aria-label"] == "a <b> & c"
    assert "<script" not in markup
    for each in root.iter():
        assert each.tag not in {"style", "script", "metadata", "foreignObject"}
        assert "style" not in each.attrib
        assert not [name for name in each.attrib if name.startswith("on")]
        assert each.get("href", "#").startswith(("#", "data:image/png;base64,"))
    texts = [each.text for each in root.iter("text")]
    assert '<script>alert("x")</script> & more' in texts


def test_the_line_keeps_its_colour_its_place_and_its_width():
    root = parse(drawn(linewidth=1.5))
    lines = [each for each in root.iter("path") if each.get("stroke") == figures.INK]
    widths = {each.get("stroke-width") for each in lines}
    assert "1.5" in widths
    (line,) = (each for each in lines if each.get("stroke-width") == "1.5")
    numbers = [float(each) for each in re.findall(r"-?[\d.]+", line.get("d"))]
    x, y = np.array(numbers).reshape(-1, 2).T
    assert x[1] - x[0] == pytest.approx(x[2] - x[1], abs=0.02)
    assert y[0] == y[2] > y[1]


def test_names_of_parts_are_those_of_one_figure_alone_and_all_are_found():
    names = []
    for number in (1, 2):
        root = parse(drawn(number))
        known = {each.get("id") for each in root.iter() if each.get("id")}
        asked = set(re.findall(r"url\(#([^)]+)\)", ET.tostring(root, "unicode")))
        asked |= {each.get("href")[1:] for each in root.iter("use")}
        assert asked == known
        assert all(name.startswith(f"f{number}-") for name in known)
        names.append(known)
    assert names[0].isdisjoint(names[1])


def test_a_heavy_figure_becomes_pixels(monkeypatch):
    monkeypatch.setattr(drawings, "_HEAVY", 1000)
    markup = drawn()
    assert markup.startswith(
        '<img class="drawing" alt="a &lt;b&gt; &amp; c" src="data:'
    )


def test_the_same_figure_is_the_same_markup():
    assert drawn() == drawn()


def test_every_colour_of_the_pictures_follows_a_dark_page():
    known = {
        *figures.LINES, figures.INK, figures.FAINT, figures.ABSENT, figures.DOUBTFUL,
        figures.PAPER, figures.PAPER_BOLD, *coverage._MEANINGS.values(), "#ffffff",
    }  # fmt: skip
    for colour in known:
        for kind in ("fill", "stroke"):
            assert f'\n[{kind}="{colour}"] {{' in STYLE
