"""Figures of matplotlib as parts of a page: inline SVG, or PNG where that is lighter.

In the SVG every style is an attribute, since the policy of a page forbids styles in the
text, and colours can follow the light or dark page by the style sheet. Texts stay
texts, in the font of the page.
"""

from __future__ import annotations

import base64
import io
import re
import warnings
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from hexoframe.plotting.figures import pyplot
from hexoframe.report.texts import spaced

if TYPE_CHECKING:
    from markupsafe import Markup
    from matplotlib.figure import Figure

__all__ = ["embedded"]

# Beyond so many characters a figure is drawn as pixels.
_HEAVY = 700_000
# Pixels in an inch of these: sharp on paper and on fine screens.
_DPI = 190
_SETTINGS: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": "hexoframe"}
# What SVG allows as attributes; the font is that of the page.
_KEPT = re.compile(
    r"fill(-opacity|-rule)?|stroke(-\w+)?|opacity|text-anchor|font-(size|weight|style)"
    r"|image-rendering"
)
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
# Hundredths of a point are finer than any printer.
_FINER = re.compile(r"(\.\d\d)\d+")
_NUMBERS = ("d", "x", "y", "width", "height", "transform", "points")


def embedded(figure: Figure, *, title: str, number: int) -> Markup:
    """Return the markup of a figure, and let go of the figure.

    `title` says what is seen, for those who do not see it; `number` is that of the
    figure in its page, which keeps the names of its parts apart from those of others.
    """
    from markupsafe import Markup, escape  # noqa: PLC0415  # comes with jinja2
    from matplotlib import rc_context  # noqa: PLC0415  # an extra
    from matplotlib.text import Text  # noqa: PLC0415  # an extra

    try:
        for text in figure.findobj(Text):
            text.set_text(spaced(text.get_text()))
        # Texts are drawn by the browser, with the fonts that it finds.
        with rc_context(_SETTINGS), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing from")
            drawn = _svg(figure, title, f"f{number}-")
            if len(drawn) > _HEAVY:
                label = escape(title)
                drawn = f'<img class="drawing" alt="{label}" src="{_png(figure)}">'
    finally:
        pyplot().close(figure)
    return Markup(drawn)  # noqa: S704  # made here, its texts escaped


def _png(figure: Figure) -> str:
    """Return a figure as the address of pixels that are in the address itself."""
    held = io.BytesIO()
    figure.savefig(held, format="png", dpi=_DPI, transparent=True)
    return f"data:image/png;base64,{base64.b64encode(held.getvalue()).decode()}"


def _svg(figure: Figure, title: str, prefix: str) -> str:
    held = io.BytesIO()
    figure.savefig(
        held,
        format="svg",
        transparent=True,
        metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")),
    )
    root = ET.fromstring(held.getvalue())  # noqa: S314  # what matplotlib just wrote
    _strip(root)
    used = {name for each in root.iter() for name in _references(each)}
    for each in root.iter():
        _restyle(each)
        _rename(each, used, prefix)
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    # What the style sheet of matplotlib says of all.
    root.attrib |= {
        "class": "drawing",
        "role": "img",
        "aria-label": title,
        "stroke-linejoin": "round",
        "stroke-linecap": "butt",
    }
    return ET.tostring(root, encoding="unicode")


def _strip(root: ET.Element) -> None:
    """Take away name spaces, metadata and style sheets."""
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.rpartition("}")[2] in {"metadata", "style"}:
                parent.remove(child)
    for each in root.iter():
        each.tag = each.tag.rpartition("}")[2]
        each.attrib = {
            name.rpartition("}")[2]: value for name, value in each.attrib.items()
        }


def _references(element: ET.Element) -> list[str]:
    """Return the names of the parts that an element refers to."""
    found = [
        name for value in element.attrib.values() for name in _REFERENCE.findall(value)
    ]
    href = element.get("href", "")
    return [*found, href[1:]] if href.startswith("#") else found


def _restyle(element: ET.Element) -> None:
    """Make attributes of a style, and shorten numbers."""
    for entry in element.attrib.pop("style", "").split(";"):
        name, _, value = (part.strip() for part in entry.partition(":"))
        if _KEPT.fullmatch(name):
            element.set(name, value)
    element.attrib.pop("space", None)
    for name in _NUMBERS:
        if name in element.attrib:
            element.set(name, _FINER.sub(r"\1", element.attrib[name]))
    if element.tail is not None:
        element.tail = element.tail.strip() or None


def _rename(element: ET.Element, used: set[str], prefix: str) -> None:
    """Give names that are used a prefix, and take the others away."""
    name = element.attrib.pop("id", None)
    if name in used:
        element.set("id", f"{prefix}{name}")
    for key, value in list(element.attrib.items()):
        if key == "href" and value.startswith("#"):
            element.set(key, f"#{prefix}{value[1:]}")
        else:
            element.set(key, _REFERENCE.sub(rf"url(#{prefix}\1)", value))
