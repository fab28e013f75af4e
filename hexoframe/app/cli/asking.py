"""Who asks the service: as the environment says, a kept token, or who sits there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hexoframe.client import Client

__all__ = ["client", "is_number"]


def is_number(what: str) -> bool:
    """Whether a PATH or ID is the id of a record, and no file of that name."""
    return what.isdecimal() and not Path(what).exists()


@contextmanager
def client(*, offline: bool = False) -> Iterator[Client]:
    """Yield a client; user name and password are asked for where nothing tells them.

    Parameters
    ----------
    offline : bool, default False
        Whether nobody is asked, and so nobody needs to be known.

    Raises
    ------
    AuthenticationError
        If nothing tells who asks and there is no terminal.
    """
    from hexoframe.api.auth.credentials import (  # noqa: PLC0415
        ask_at_terminal,
        base_url_of,
        find_credential,
    )
    from hexoframe.api.auth.schemes import Anonymous  # noqa: PLC0415  # requests
    from hexoframe.client import Client  # noqa: PLC0415

    url = base_url_of()
    who = Anonymous(url) if offline else find_credential(url, ask=ask_at_terminal)
    with Client.of(url, who) as made:
        yield made
