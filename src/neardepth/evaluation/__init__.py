"""Measures and evaluation protocols."""

from __future__ import annotations
