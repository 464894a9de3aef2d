"""Rules for furnishing each kind of room: what goes where, and what goes on it."""

from __future__ import annotations
