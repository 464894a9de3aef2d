"""Running the service: where it may listen, and how it starts and stops."""

from __future__ import annotations

import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from neardepth.errors import ServiceError
from neardepth.service.connections import Impatient, raise_file_limit, room
from neardepth.service.guard import MOST_HEAD_BYTES, is_loopback

LEAST_TOKEN = 16

SHUTDOWN_SECONDS = 60
"""That requests may take once the service is told to stop."""


def check_address(host: str, token: str | None) -> None:
    """Make sure that nobody else is served without a token.

    Raises:
        ServiceError: the host is not loopback and there is no token, or a short one.
    """
    if token is None:
        if not is_loopback(host):
            raise ServiceError(
                f"{host} can be reached from other machines, so a token is needed: set "
                "NEARDEPTH_TOKEN or --token, for example to the output of "
                "`python -c 'import secrets; print(secrets.token_urlsafe())'`"
            )
        return
    if len(token) < LEAST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise ServiceError(
            f"the token has to be at least {LEAST_TOKEN} ASCII letters, digits or signs, without "
            "spaces: make one with `python -c 'import secrets; print(secrets.token_urlsafe())'`"
        )


def listen(host: str, port: int) -> socket.socket:
    """Listen; port 0 takes a free one. Who connects waits until the server runs.

    Raises:
        ServiceError: the address is not this machine's, or the port is taken.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(address)
            listening.listen()  # until then another process can take the same port
        except OSError:
            listening.close()
            raise
    except (OSError, OverflowError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ServiceError(
            f"{host} port {port} cannot be listened on ({reason}): choose another with --port"
        ) from error
    return listening


def address_of(listening: socket.socket) -> str:
    """Return where a listening socket is reached, as http://HOST:PORT."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def make_server(app: FastAPI, started: Callable[[], None]) -> uvicorn.Server:
    """Make a server, whose ``run([socket])`` serves until it is interrupted or terminated.

    Requests are finished first, for `SHUTDOWN_SECONDS`; those that are not are told so (503). What
    their threads still do, such as adding a pair, is finished before ``run`` returns.

    Args:
        app: the app.
        started: called when requests are answered.
    """
    raise_file_limit()
    config = uvicorn.Config(
        app,
        backlog=room()[1],
        # This parser has a limit on the head that it waits for; the faster one has none.
        http=Impatient,
        h11_max_incomplete_event_size=MOST_HEAD_BYTES,
        ws="none",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    return _Server(config, started)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._tell = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._tell()
