"""Whether a record looks like the model that a caller says it to be.

Most sources tell their model. Where a caller says another, the record is read so, and
what speaks against it is said here. Which channels a model has stands in channels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hexoframe.channels import CLOCK_OF_FAMILY, FAMILIES, channels_of
from hexoframe.errors import HexoframeWarning, warn

if TYPE_CHECKING:
    from hexoframe.channels import Family
    from hexoframe.recorddata import RecordData

__all__ = ["warn_of_model"]


def warn_of_model(data: RecordData, said: str | None) -> None:
    """Warn where a model was said and the record has nothing that only this one has.

    Parameters
    ----------
    data : RecordData
        The record, read as the model that was said.
    said : str or None
        What the caller said; None, or ``auto``, where the source told.

    Warns
    -----
    HexoframeWarning
        If so: columns that another model lacks hold nothing then.
    """
    own = _own_channels(data.family) - data.left_out
    if said in (None, "auto") or not own or own & {*data}:
        return
    name = "without id" if data.id is None else data.id
    warn(
        f"record {name} is read as {data.family}, since model={said!r} was given, and "
        f"has none of the channels of that model ({', '.join(sorted(own))}): is it of "
        "another model? Leave model= out, and hexoframe finds out",
        HexoframeWarning,
    )


def _own_channels(family: Family) -> set[str]:
    """Return the channels of a family that the usual one of its clock lacks."""
    clock = CLOCK_OF_FAMILY[family]
    usual = next(other for other in FAMILIES if CLOCK_OF_FAMILY[other] == clock)
    return set() if usual == family else {*channels_of(family)} - {*channels_of(usual)}
