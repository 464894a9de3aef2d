"""The command line: one thin file a verb. Heavy imports wait until a verb runs."""

from __future__ import annotations

from neardepth.cli.app import main

__all__ = ["main"]
