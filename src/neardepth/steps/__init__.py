"""The six steps of the method, one file each: pure functions on arrays."""

from __future__ import annotations
