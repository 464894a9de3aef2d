"""What OpenAPI says of bodies and answers that are not JSON."""

from __future__ import annotations

from typing import Any

from neardepth.service.formats import ANSWERS
from neardepth.service.problems import MEDIA_TYPE
from neardepth.service.schemas import ProblemDetails

_BINARY = {"schema": {"type": "string", "format": "binary"}}

_TITLES = {
    400: "The body is missing or damaged",
    401: "A token is needed",
    403: "Not allowed",
    404: "There is no such thing, or no longer",
    406: "None of the media types that are accepted can be given",
    408: "The upload was too slow",
    409: "The pool or method cannot be used",
    413: "The upload is too large, in bytes or pixels",
    415: "Not a file of a kind that can be read",
    421: "The Host header does not name this service",
    422: "The picture or a setting is not usable",
    429: "There is no room now: try again after Retry-After seconds",
    431: "The head of the request is too large",
    503: "The request waited too long, or the service stops",
    504: "The answer took too long",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe the errors of a route; 401, 403, 421, 422 and 431 are those of every."""
    schema = ProblemDetails.model_json_schema()
    return {
        status: {"description": _TITLES[status], "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in sorted({401, 403, 421, 422, 431, *statuses})
    }


WORK = (400, 404, 408, 409, 413, 415, 429, 503, 504)
"""Errors of a route that takes a photo."""


def file_answer(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """Describe an answer that is a file."""
    return {200: {"description": "The file", "content": dict.fromkeys(kinds, _BINARY)}}


DEPTH_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "JSON with links, or the file that Accept asks for",
        "content": dict.fromkeys(ANSWERS, _BINARY),
    }
}

PHOTO_BODY = {
    "requestBody": {
        "required": True,
        "description": "The photo's file as it is, or a form with a file named photo",
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["photo"],
                    "properties": {"photo": {"type": "string", "format": "binary"}},
                }
            },
            "image/jpeg": _BINARY,
            "image/png": _BINARY,
            "image/webp": _BINARY,
            "application/octet-stream": _BINARY,
        },
    }
}

PAIR_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["photo", "depth"],
                    "properties": {
                        "photo": {"type": "string", "format": "binary"},
                        "depth": {
                            "type": "string",
                            "format": "binary",
                            "description": "16-bit PNG of counts, or metres as float TIFF, .npy "
                            "or .npz (array named depth)",
                        },
                    },
                }
            }
        },
    }
}
