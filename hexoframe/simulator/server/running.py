"""A running server: its address, its credentials, its journal, its faults."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Callable, Iterable
from urllib.parse import parse_qsl, urlsplit

from hexoframe.simulator.server.app import Gateway, make_app
from hexoframe.simulator.server.auth import Authenticator, Credentials, OAuthClient
from hexoframe.simulator.server.data import DataRequest
from hexoframe.simulator.server.faults import Faults
from hexoframe.simulator.server.journal import LoggedRequest
from hexoframe.simulator.server.listener import HOST, Listener
from hexoframe.simulator.server.messages import wanted_form
from hexoframe.simulator.server.service import Service
from hexoframe.simulator.server.settings import Switches
from hexoframe.simulator.server.world import MAIN_USER, World

__all__ = ["Server"]


class Server:
    """The simulated service on a port of the loopback.

    Attributes
    ----------
    base_url : str
        Scheme, host and port.
    username, password, api_key, api_secret : str
        Credentials of the main user.
    credentials : dict of str to Credentials
        Those of every user, by user name, with an OAuth2 client each.
    faults : Faults
        Queue of faults.
    world : World
        Users, records, ranges, annotations and tracks.
    """

    def __init__(
        self,
        world: World,
        switches: Switches,
        *,
        port: int,
        clock: Callable[[], float],
    ) -> None:
        authenticator = Authenticator(world.users.values(), switches, clock)
        service = Service(world, switches, authenticator, clock)
        self._gateway = Gateway(
            service=service, switches=switches, authenticator=authenticator
        )
        self._authenticator = authenticator
        self.world = world
        self.switches = switches
        self.api_key = authenticator.api_key
        self.api_secret = authenticator.api_secret
        self.username = world.users[MAIN_USER].email
        self.credentials: dict[str, Credentials] = authenticator.credentials
        self.password = self.credentials[self.username].password
        self._http = Listener(make_app(self._gateway), port, switches.certificate)
        scheme = "https" if switches.certificate else "http"
        self.base_url = f"{scheme}://{HOST}:{self._http.port}"
        self._thread = threading.Thread(
            target=self._http.serve_forever,
            kwargs={"poll_interval": 0.02},
            name="hexoframe simulator",
            daemon=True,
        )

    def __repr__(self) -> str:
        """Return the address, and no secret."""
        return f"<Server {self.base_url}: {len(self.world.records)} records>"

    @property
    def faults(self) -> Faults:
        """Queue of faults."""
        return self._gateway.faults

    @property
    def log(self) -> list[LoggedRequest]:
        """All requests so far."""
        return self._gateway.journal.read()

    def most_in_a_second(self) -> int:
        """Return how many requests arrived within any one second, at most."""
        times = sorted(entry.time for entry in self.log)
        return max(
            (bisect_left(times, at + 1) - place for place, at in enumerate(times)),
            default=0,
        )

    def clear_log(self) -> None:
        """Remove the requests so far from the log."""
        self._gateway.journal.clear()

    def oauth_client(self, grant: str) -> OAuthClient:
        """Return an application for a grant; the main user's for "password"."""
        return self._authenticator.client_for(grant)

    def environment(self) -> dict[str, str]:
        """Return the environment variables that the client reads."""
        return {
            "HEXOFRAME_BASE_URL": self.base_url,
            "HEXOFRAME_USERNAME": self.username,
            "HEXOFRAME_PASSWORD": self.password,
            "HEXOFRAME_API_KEY": self.api_key,
            "HEXOFRAME_API_SECRET": self.api_secret,
        }

    def prepare(
        self,
        paths: Iterable[str],
        *,
        accept: str = "application/json",
        gzip: bool = True,
        username: str | None = None,
    ) -> int:
        """Render answers of the data resource in advance.

        Parameters
        ----------
        paths : iterable of str
            Paths with query, exactly as they will be requested, such as those of the
            log of an earlier load.
        accept : str
            Accept header of the request.
        gzip : bool, default True
            Whether the request accepts gzip.
        username : str, optional
            User of the requests; by default the main user.

        Returns
        -------
        int
            Bytes of all bodies.
        """
        user = self.world.user_by_name(username or self.username)
        if user is None:
            known = ", ".join(self.credentials)
            raise LookupError(f"there is no user {username!r}; there are {known}")
        total = 0
        for path in paths:
            parts = urlsplit(path)
            endpoint = parts.path.rstrip("/").rpartition("/")[2]
            query = tuple(parse_qsl(parts.query, keep_blank_values=True))
            asked = DataRequest(
                user,
                endpoint,
                query,
                wanted_form(accept),
                gzip and self.switches.gzip,
                parts.path.startswith("/api/v1/"),
            )
            total += len(self._gateway.service.data.answer(asked).body)
        return total

    def start(self) -> None:
        """Start to serve."""
        self._thread.start()

    def stop(self) -> None:
        """End all answers and free the port; a second call does nothing."""
        if not self._thread.is_alive():
            return
        self._gateway.stopping.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()
        self._http.hang_up()
