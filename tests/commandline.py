"""Runs the command line as a user types it, in a process of its own."""

from __future__ import annotations

import subprocess
import sys

TIMEOUT = 300


def neardepth(*arguments: object, status: int = 0) -> subprocess.CompletedProcess[str]:
    """Run `neardepth` with these arguments; it must end with ``status`` and without a traceback."""
    command = [sys.executable, "-m", "neardepth", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done
