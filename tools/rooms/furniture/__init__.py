"""Furniture and small things; each function draws one from chance.

What stands by itself comes as a `Piece`; small things are built into a given frame.
"""

from __future__ import annotations
