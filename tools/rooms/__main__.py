"""Starts the command line: `python tools/rooms OUT`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rooms.cli import main

sys.exit(main())
