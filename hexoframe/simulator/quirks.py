"""The odd habits of the vendor's exports, as settings.

What each of them does to a file stands where the file is written: `export` and
`statistics`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from hexoframe.errors import ConfigurationError

__all__ = ["Dialect", "Quirks"]

Dialect = Literal["2022", "2017"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """Odd habits of real exports.

    Parameters
    ----------
    dialect : {"2022", "2017"}
        Which decoder wrote the export: keys of ``info.json``, columns of
        ``statistics.csv``, the unit of inspiration, which RIFF sizes are wrong.
    riff_size_off_by_4 : bool, default True
        The size in the RIFF header counts 4 bytes too many: for ventilation and tidal
        volume in 2022, for all but the adjusted channels in 2017.
    lengths_differ : bool, default False
        Channels end at different times: on a Hexoskin ECG and respiration 1/16 s early;
        on an Astroskin acceleration 1/8 s early, heart rate, activity and cadence one
        sample short, temperature_celcius one sample long.
    hxd : bool, default False
        Series as pairs of int64 (``.hxd``, before 2015) instead of CSV. A series of
        codes leaves out its empty ends there: an integer cannot hold nan.
    info, statistics : bool, default True
        Whether ``info.json`` and ``statistics.csv`` are there.
    deflate : bool, default True
        Whether a ZIP is compressed. Stored bytes do not depend on the zlib in use.

    Raises
    ------
    ConfigurationError
        If the dialect is not known.
    """

    dialect: Dialect = "2022"
    riff_size_off_by_4: bool = True
    lengths_differ: bool = False
    hxd: bool = False
    info: bool = True
    statistics: bool = True
    deflate: bool = True

    def __post_init__(self) -> None:
        """Refuse an unknown dialect."""
        if self.dialect not in get_args(Dialect):
            raise ConfigurationError(
                f"dialect is {self.dialect!r}; give '2022' or '2017'"
            )
