"""What a caller may ask of every reader. No reading here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, get_args

from hexoframe.calibration import Scale
from hexoframe.channels import channels_of, find
from hexoframe.errors import ConfigurationError
from hexoframe.timestamps import CLASSIC_FORMAT
from hexoframe.timestamps.zones import zone_of

if TYPE_CHECKING:
    from hexoframe.channels import Channel, Family

__all__ = ["ReadOptions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """What a caller asks of a reader.

    Attributes
    ----------
    channels : sequence of str or int, or None
        Channels to load, by any of their names or ids; None for all.
    scale : {"physical", "raw"}
        Values in the units of the table, or counts.
    model : str or None
        Model of the device, where the caller knows it.
    tz : str or None
        Zone of time stamps that are local text.
    timestamp_format : str
        strftime format of time stamps that are text.
    start : int, datetime or str, or None
        Start of the record where no file says it: ticks, or a time with its zone.
    allow_partial : bool
        Whether a source that lost samples on its way may be opened.
    """

    channels: Sequence[str | int] | None = None
    scale: Scale = "physical"
    model: str | None = None
    tz: str | None = None
    timestamp_format: str = CLASSIC_FORMAT
    start: int | datetime | str | None = None
    allow_partial: bool = False

    def __post_init__(self) -> None:
        """Refuse values that no reader takes."""
        if self.scale not in get_args(Scale):
            raise ConfigurationError(
                f"units={self.scale!r}: give one of {', '.join(get_args(Scale))}"
            )
        if isinstance(self.channels, str):
            raise ConfigurationError(
                f"channels={self.channels!r}: give a list, such as [{self.channels!r}]"
            )

        if self.channels is not None and not len(self.channels):
            raise ConfigurationError("channels=[]: name at least one, or leave it out")
        if self.tz is not None:
            zone_of(self.tz)

    def wanted(self, family: Family) -> dict[str, Channel]:
        """Return the channels to load, whole, in the order of the table.

        Raises
        ------
        UnknownChannelError
            If a name that was asked for is none of the family.
        """
        channels = channels_of(family)
        if self.channels is None:
            return dict(channels)
        names = {find(family, key).name for key in self.channels}
        return {name: channels[name] for name in channels if name in names}

    def left_out(self, family: Family) -> frozenset[str]:
        """Return the channels of the family that were not asked for."""
        return frozenset(channels_of(family)) - frozenset(self.wanted(family))
