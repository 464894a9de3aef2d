"""`python -m neardepth` is `neardepth`."""

from __future__ import annotations

from neardepth.cli import main

main()
