r"""The parts of a strftime format: literal text, and directives such as %H.

Formats are cut and checked here, for writing and reading alike. Directives whose
meaning Python documents can be written and read. What depends on the machine, such as
%c or flags as in %-d, can be written with the machine's own strftime and is never read.
"""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

from hexoframe.errors import ConfigurationError

CLASSIC_FORMAT = "%Y:%m:%d\t%H:%M:%S:%f"
"""How the classic .txt writes a time stamp."""

KNOWN = "aAbBdfGHIjmMpSuUVwWyYzZ"
# %s is left out: strftime takes it for local time whatever the zone is.
MACHINE = re.compile(r"[-_0^#]*[EO]?[aAbBcCdeFgGhHIjklmMpPrRSTuUVwWxXyYzZ]")
_SHORTHANDS = {"D": "%m/%d/%y", "F": "%Y-%m-%d", "R": "%H:%M", "T": "%H:%M:%S"}
_TOKEN = re.compile(r"%([-_0^#]*[EO]?.?)|([^%]+)", re.DOTALL)


class Part(NamedTuple):
    """A piece of a format: a directive, or text that stands for itself."""

    key: str  # what follows the % of a directive; empty for text
    text: str


@functools.lru_cache(maxsize=64)
def parts(fmt: str) -> tuple[Part, ...]:
    """Cut a format; raises ConfigurationError for what cannot be written exactly."""
    if "\0" in fmt or fmt != fmt.encode(errors="replace").decode():
        raise ConfigurationError(
            f"format {fmt!r} holds a NUL or a lone surrogate; remove it"
        )
    found = []
    for key, text in _TOKEN.findall(fmt):
        if text or key == "%":
            found.append(Part("", text or "%"))
        elif key in _SHORTHANDS:
            found.extend(parts(_SHORTHANDS[key]))
        elif key and (key in KNOWN or MACHINE.fullmatch(key)):
            found.append(Part(key, ""))
        else:
            raise ConfigurationError(
                f"format {fmt!r}: '%{key}' is none of "
                f"{_known()}, nor one that strftime documents"
            )
    return tuple(found)


def check_readable(fmt: str) -> None:
    """Raise ConfigurationError for what depends on the machine that wrote it."""
    for part in parts(fmt):
        if part.key and part.key not in KNOWN:
            raise ConfigurationError(
                f"format {fmt!r}: '%{part.key}' depends on the machine that wrote it "
                f"and cannot be read back exactly; spell it out with {_known()}"
            )


def _known() -> str:
    return " ".join("%" + known for known in sorted(KNOWN + "DFRT%"))
