"""From a photo to its depth, by one kind of weighting or the other."""

from __future__ import annotations
