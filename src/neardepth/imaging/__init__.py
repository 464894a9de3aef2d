"""Reading and writing photos and depth maps, resizing, colour maps and panels."""

from __future__ import annotations
