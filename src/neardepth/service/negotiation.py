"""Which media type to answer with (RFC 9110, 12.5.1)."""

from __future__ import annotations

import math
from collections.abc import Sequence


def best_match(accept: str | None, offered: Sequence[str]) -> str | None:
    """Return the offered media type that a client likes best, None where it takes none.

    Args:
        accept: the Accept header; None or empty takes anything.
        offered: media types, the usual one first.
    """
    if not accept or not accept.strip():
        return offered[0]
    wanted = [_parsed(entry) for entry in accept.split(",")]
    liking = {kind: _quality(kind, wanted) for kind in offered}
    best = max(offered, key=lambda kind: liking[kind])
    return best if liking[best] > 0 else None


def _parsed(entry: str) -> tuple[str, float]:
    kind, *parameters = (part.strip().lower() for part in entry.split(";"))
    quality = next((part[2:] for part in parameters if part.startswith("q=")), "1")
    try:
        value = float(quality)
    except ValueError:
        return kind, 0.0
    return kind, min(max(value, 0.0), 1.0) if math.isfinite(value) else 0.0


def _quality(kind: str, wanted: Sequence[tuple[str, float]]) -> float:
    """Return the quality of the most specific range that a type falls in."""
    for pattern in (kind, kind.partition("/")[0] + "/*", "*/*"):
        found = [quality for name, quality in wanted if name == pattern]
        if found:
            return max(found)
    return 0.0
