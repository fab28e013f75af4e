"""``hexoframe login``, ``logout`` and ``whoami``, and the client of every command."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from hexoframe.app.cli.lists import show_lines, width
from hexoframe.errors import ConfigurationError

if TYPE_CHECKING:
    from hexoframe.client import Client

__all__ = ["connected", "login", "logout", "whoami"]


@contextmanager
def connected(*, offline: bool = False) -> Iterator[Client]:
    """Yield a client with the credentials of the environment, a kept token or a prompt.

    Offline it needs none.
    """
    from hexoframe.api.auth.credentials import (  # noqa: PLC0415
        ask_at_terminal,
        base_url_of,
        find_credential,
    )
    from hexoframe.api.auth.schemes import Anonymous  # noqa: PLC0415  # requests
    from hexoframe.client import Client  # noqa: PLC0415

    url = base_url_of()
    found = Anonymous(url) if offline else find_credential(url, ask=ask_at_terminal)
    with Client.of(url, found) as client:
        yield client


@click.command()
@click.option("--user", metavar="EMAIL", help="User name; asked for by default.")
@click.option(
    "--scope",
    metavar="SCOPE",
    type=click.Choice(("readonly", "readwrite")),
    help="readonly (the default), or readwrite to make and change activities.",
)
def login(user: str | None, scope: str | None) -> None:
    """Log in, so that other commands need not ask.

    A token is kept, in the system's keyring or in a file that only you can read. A
    password never is, so this takes an OAuth2 client: HEXOFRAME_CLIENT_ID and
    HEXOFRAME_CLIENT_SECRET. Without one, set HEXOFRAME_USERNAME and HEXOFRAME_PASSWORD
    (and HEXOFRAME_API_KEY and HEXOFRAME_API_SECRET where the server wants them), or let
    each command ask.
    """
    import hexoframe  # noqa: PLC0415  # requests
    from hexoframe.app.listing import fact_lines, user_facts  # noqa: PLC0415  # pandas

    client = hexoframe.login(keep_token=True, ask=_ask, username=user, scope=scope)
    show_lines(fact_lines(user_facts(client.account(), client.base_url), width()))
    click.echo("A token is kept; 'hexoframe logout' removes it.")


def _ask(question: str, hide: bool) -> str:  # noqa: FBT001  # see Prompt
    """Ask, but not for a password when no token could be kept."""
    from hexoframe.api.auth.credentials import ask_at_terminal  # noqa: PLC0415  # requests

    if not os.environ.get("HEXOFRAME_CLIENT_ID"):
        raise ConfigurationError(
            "a password is never kept, and a token takes an OAuth2 client: set "
            "HEXOFRAME_CLIENT_ID and HEXOFRAME_CLIENT_SECRET. Without one, set "
            "HEXOFRAME_USERNAME and HEXOFRAME_PASSWORD, or let each command ask"
        )
    return ask_at_terminal(question, hide)


@click.command()
def logout() -> None:
    """Remove the token that was kept."""
    import hexoframe  # noqa: PLC0415  # requests

    gone = hexoframe.logout()
    click.echo("The token was removed." if gone else "No token was kept.")


@click.command()
def whoami() -> None:
    """Show which user is logged in."""
    from hexoframe.app.listing import fact_lines, user_facts  # noqa: PLC0415  # pandas

    with connected() as client:
        facts = user_facts(client.account(), client.base_url)
    show_lines(fact_lines(facts, width()))
