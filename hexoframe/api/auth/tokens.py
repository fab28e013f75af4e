"""Secrets that are not shown, tokens, and what a token is renewed with."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from hexoframe.errors import ConfigurationError, ResponseError

__all__ = ["Grant", "Keeper", "Secret", "Token", "hidden"]


class Secret:
    """A text that is not shown; `reveal` gives it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        if not text.isprintable():
            # A header with a line break would be two, and the error of the library
            # that refuses it repeats it.
            raise ConfigurationError(
                "a password, key or token holds a line break or another character that "
                "cannot be typed (it is not shown); give it again without"
            )
        self._text = text

    def __repr__(self) -> str:
        """Return stars, of a number that tells nothing."""
        return "Secret('***')"

    def __eq__(self, other: object) -> bool:
        """Return whether two secrets hold the same text."""
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        """Return a hash that differs from that of the text."""
        return hash((Secret, self._text))

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: a pickle is a file like any other."""
        raise ConfigurationError(
            "credentials cannot be pickled, since the pickle would hold a secret; "
            "connect again in the other process, which finds them as this one did"
        )

    def reveal(self) -> str:
        """Return the text."""
        return self._text


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An OAuth2 token and what renews it.

    Parameters
    ----------
    access : Secret
        What is sent.
    refresh : Secret, optional
        What gets the next one.
    expires : float, in s since 1970, optional
        When it ends; None is not known.
    """

    access: Secret
    refresh: Secret | None = None
    expires: float | None = None

    @classmethod
    def from_answer(cls, answer: Mapping[str, Any], *, now: float) -> Token:
        """Return the token of an answer of the token endpoint.

        Raises
        ------
        ResponseError
            If the answer holds no token.
        """
        access, refresh = answer.get("access_token"), answer.get("refresh_token")
        lifetime = answer.get("expires_in")
        if not isinstance(access, str) or not access:
            raise ResponseError(
                "the token endpoint answered without an access_token; is this a "
                "Hexoskin server?"
            )
        known = isinstance(lifetime, int | float)
        return cls(
            access=Secret(access),
            refresh=Secret(refresh) if refresh and isinstance(refresh, str) else None,
            expires=now + float(lifetime or 0) if known else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What new tokens are asked with; all of it may be missing.

    Parameters
    ----------
    client_id : str, optional
        The application.
    client_secret : Secret, optional
        Its secret.
    username : str, optional
        The user, who owns the application.
    password : Secret, optional
        Held in memory for as long as the credential lives, and stored nowhere.
    """

    client_id: str | None = None
    client_secret: Secret | None = None
    username: str | None = None
    password: Secret | None = None


@dataclass(slots=True, kw_only=True)
class Keeper:
    """Where a token is looked up and kept: another process may have renewed it."""

    load: Callable[[], Token | None]
    save: Callable[[Token], None]
    lock: Callable[[], Any] = field(default=threading.Lock)


def hidden(text: str | Secret) -> Secret:
    """Return a text as a secret."""
    return text if isinstance(text, Secret) else Secret(text)
