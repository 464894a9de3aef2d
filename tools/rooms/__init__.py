"""Rendered indoor rooms with exact depth: layout rules, furniture, materials, renderer, writer."""

from __future__ import annotations
