"""Templates filled and written: one file, every text escaped, nothing that runs.

The policy of a page (Content-Security-Policy) allows its own style sheet, by its
checksum, and pictures that are in the file; no script and no address.
"""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from hexoframe.errors import ConfigurationError
from hexoframe.formats.atomic import new_file
from hexoframe.paths import expanded

if TYPE_CHECKING:
    from pathlib import Path

    from jinja2 import Environment

__all__ = ["check_target", "environment", "fill", "write_page"]

_SUFFIXES = (".html", ".htm")


def check_target(path: str | Path) -> Path:
    """Return the path of a page; refuse what no browser takes for one."""
    target = expanded(path)
    if target.suffix.lower() not in _SUFFIXES:
        raise ConfigurationError(
            f"{target} has no suffix of a page: end it with {' or '.join(_SUFFIXES)}, "
            "so that a browser opens it"
        )
    return target


def environment() -> Environment:
    """Return what fills templates; jinja2 and matplotlib are an extra."""
    try:
        import matplotlib  # noqa: F401, ICN001, PLC0415  # for the figures
        from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415
    except ImportError as error:
        raise ConfigurationError(
            "reports need jinja2 and matplotlib: install them with pip install "
            "'hexoframe[report]'"
        ) from error
    return Environment(
        loader=PackageLoader("hexoframe.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def fill(template: str, **content: Any) -> str:
    """Return a page: a template with its style sheet, its policy and its content."""
    from markupsafe import Markup  # noqa: PLC0415  # comes with jinja2

    sheet = files("hexoframe.report").joinpath("templates", "page.css")
    style = sheet.read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = "; ".join(
        (
            "default-src 'none'",
            f"style-src 'sha256-{digest}'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    return (
        environment()
        .get_template(template)
        .render(
            style=Markup(style),  # noqa: S704  # a file of this package
            policy=policy,
            **content,
        )
    )


def write_page(page: str, target: Path, *, overwrite: bool) -> Path:
    """Write a page whole or not at all; one that is the same stays as it is."""
    with new_file(target, overwrite=overwrite) as path:
        path.write_bytes(page.encode())
    return target
