"""The command line: one thin file a verb."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    raise NotImplementedError
