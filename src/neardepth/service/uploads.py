"""Request bodies: read into memory, within limits, and gone when the request is."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio
from fastapi import Request
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from neardepth.imaging.containers import FORMAT_NAMES, image_format
from neardepth.service.limits import Limits
from neardepth.service.problems import Problem

_MAX_FIELDS = 8


@dataclass
class Uploads:
    """Counts the bytes of all bodies that are in memory."""

    limits: Limits
    held: int = 0

    @asynccontextmanager
    async def read(self, request: Request, *names: str) -> AsyncIterator[tuple[bytes, ...]]:
        """Give the named files of a form; of one name, a body that is the file itself will do.

        The bytes count as held until the context is left.

        Raises:
            Problem: it is too large (413), too slow (408), not there (400), there are too many
                at a time (429), or the client left (499).
        """
        counted = 0

        def count(size: int) -> None:
            nonlocal counted
            if counted + size > self.limits.upload_bytes:
                raise self._too_large()
            if self.held + size > self.limits.held_bytes:
                raise Problem(429, "Too many uploads", "Try again later.", retry_after=2)
            counted += size
            self.held += size

        try:
            yield await self._receive(request, names, count)
        finally:
            self.held -= counted

    async def _receive(
        self, request: Request, names: tuple[str, ...], count: Callable[[int], None]
    ) -> tuple[bytes, ...]:
        claimed = request.headers.get("content-length", "0")
        if claimed.isdigit() and int(claimed) > self.limits.upload_bytes:
            raise self._too_large()
        try:
            with anyio.fail_after(self.limits.upload_seconds):
                if request.headers.get("content-type", "").startswith("multipart/"):
                    return await _form(request.headers, _counted(request, count), names)
                body = b"".join([chunk async for chunk in _counted(request, count)])
        except TimeoutError as error:
            raise Problem(
                408,
                "The upload was too slow",
                f"It has to arrive within {self.limits.upload_seconds:g} seconds.",
                headers={"Connection": "close"},
            ) from error
        except ClientDisconnect as error:
            raise Problem(499, "The client left", "The upload was cut off.") from error
        if len(names) > 1:
            raise Problem(415, "Not a form", f"Send {' and '.join(names)} as multipart/form-data.")
        if not body:
            raise Problem(400, "There is no photo", "Send it as the body, or as `photo` of a form.")
        return (body,)

    def _too_large(self) -> Problem:
        megabytes = self.limits.upload_bytes / (1 << 20)
        return Problem(
            413,
            "The upload is too large",
            f"At most {megabytes:g} MiB are taken.",
            headers={"Connection": "close"},
        )


class _InMemory(MultiPartParser):
    """Keeps files in memory: our limits are what bounds them."""

    spool_max_size = 0  # 0: never moved to disk


async def _counted(request: Request, count: Callable[[int], None]) -> AsyncGenerator[bytes, None]:
    async for chunk in request.stream():
        count(len(chunk))
        yield chunk


async def _form(
    headers: Headers, stream: AsyncGenerator[bytes, None], names: tuple[str, ...]
) -> tuple[bytes, ...]:
    parser = _InMemory(headers, stream, max_files=len(names), max_fields=_MAX_FIELDS)
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, UnicodeError, ValueError) as error:
        raise Problem(
            400,
            "Not a usable form",
            "The multipart body is damaged, or has more parts than are asked for.",
        ) from error
    try:
        return tuple([await _file(form.get(name), name) for name in names])
    finally:
        await form.close()


async def _file(part: UploadFile | str | None, name: str) -> bytes:
    data = await part.read() if isinstance(part, UploadFile) else b""
    if not data:
        raise Problem(400, f"There is no {name}", f"The form needs a file named {name}.")
    return data


def check_kind(data: bytes) -> None:
    """Make sure that bytes are a picture of a kind that can be read at all.

    Raises:
        Problem: they are not (415).
    """
    if image_format(data) is None:
        raise Problem(415, "Not a photo", f"Send a {FORMAT_NAMES} file.")
