"""Readers of RGB-D sets: each yields references to pairs that are loaded on demand."""

from __future__ import annotations
