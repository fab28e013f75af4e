"""The switches of the simulated service: one frozen dataclass.

If the behaviour of the real service is unknown, or changed over the years, a switch
chooses one; a client should work with each. Nothing here acts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from hexoframe.errors import ConfigurationError
from hexoframe.simulator.export import Quirks

__all__ = ["Switches"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """Choices in the behaviour of the simulated service.

    Parameters
    ----------
    unsigned_basic : bool, default True
        Whether user name and password need no signature, as before 2015.
    signature_window_s : float, in s, default 300
        How far X-HEXOTIMESTAMP may differ from the server's clock.
    token_lifetime_s : float, in s, default 3600
        When an OAuth2 access token expires.
    refresh_rotates : bool, default True
        Whether a refresh gives a new refresh token and ends the old one.
    end_inclusive : bool, default True
        Whether the answer includes a sample at `end`.
    empty_channels : {"absent", "empty"}
        A datatype without samples in a JSON answer: no key, or an empty list.
    unsynced : {"nothing", "empty_object"}
        The answer for a record that is not synced: ``[]`` or ``[{}]``.
    max_values : int, default 65536
        Values of one datatype and record above which JSON and CSV are thinned; one page
        of the documentation says 65535.
    float_stamps : bool, default True
        Whether the sleep channels carry floats, time stamps too.
    csv_header : {"dashboard", "uri"}
        Heads of a CSV answer: ``name [unit](uri)``, or the URI alone.
    zip_cut : bool, default True
        Whether `start`, `end` and `range` cut the binary export.
    zip_by_datatype : bool, default True
        Whether `datatype` leaves channels out of the binary export.
    binary : bool, default True
        Whether the binary export is served at all; if not, it is refused with 400.
    quirks : Quirks
        Odd habits of the exports of synthetic records.
    http_ranges : bool, default True
        Whether a part of a binary export may be requested (``Range: bytes=``).
    gzip : bool, default True
        Whether JSON and CSV are compressed for clients that accept it.
    chunked : bool, default False
        Whether answers come in chunks, without Content-Length.
    newer_record_fields : bool, default False
        Whether a record also has `algo`, `duration` and `garment`.
    datatype_id : bool, default False
        Whether a datatype has an `id` beside its `dataid`.
    float_starts : bool, default False
        Whether the start and end of a new range or annotation may have a fraction of a
        tick, which is dropped; if not, it is refused with 400.
    import_s : float, in s, default 2
        How long an uploaded file takes until its activity is there.
    latency_s : float, in s, default 0
        Wait before each answer.
    bandwidth : float, in bytes per s, optional
        Of all answers together; None is no bound.
    rate_limit : int, optional
        Requests of any one second above which the answer is 429; None is no bound.
    rate_retry_after : int, in s, optional
        Retry-After of those answers; None leaves the header out.
    certificate : str, optional
        PEM file with a private key and a certificate, for HTTPS, on which the vendor's
        clients insist. None is HTTP.
    cache_mb : float, default 512
        Size of the cache of rendered answers of the data resource.

    Raises
    ------
    ConfigurationError
        If a value is not allowed.
    """

    unsigned_basic: bool = True
    signature_window_s: float = 300
    token_lifetime_s: float = 3600
    refresh_rotates: bool = True
    end_inclusive: bool = True
    empty_channels: Literal["absent", "empty"] = "absent"
    unsynced: Literal["nothing", "empty_object"] = "nothing"
    max_values: int = 65_536
    float_stamps: bool = True
    csv_header: Literal["dashboard", "uri"] = "dashboard"
    zip_cut: bool = True
    zip_by_datatype: bool = True
    binary: bool = True
    quirks: Quirks = field(default_factory=Quirks)
    http_ranges: bool = True
    gzip: bool = True
    chunked: bool = False
    newer_record_fields: bool = False
    datatype_id: bool = False
    float_starts: bool = False
    import_s: float = 2
    latency_s: float = 0
    bandwidth: float | None = None
    rate_limit: int | None = None
    rate_retry_after: int | None = 1
    certificate: str | None = None
    cache_mb: float = 512

    def __post_init__(self) -> None:
        """Refuse an impossible value."""
        for name, allowed in (
            ("empty_channels", ("absent", "empty")),
            ("unsynced", ("nothing", "empty_object")),
            ("csv_header", ("dashboard", "uri")),
        ):
            if getattr(self, name) not in allowed:
                raise ConfigurationError(
                    f"{name} is {getattr(self, name)!r}; give "
                    f"{' or '.join(map(repr, allowed))}"
                )
        for name, least in (
            ("signature_window_s", 0),
            ("token_lifetime_s", 0),
            ("latency_s", 0),
            ("import_s", 0),
            ("cache_mb", 0),
            ("max_values", 1),
            ("bandwidth", 1),
            ("rate_limit", 1),
            ("rate_retry_after", 0),
        ):
            value = getattr(self, name)
            if value is not None and not value >= least:
                raise ConfigurationError(
                    f"{name} is {value!r}; give a number from {least}"
                )
