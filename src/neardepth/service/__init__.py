"""The web service: a REST API and a page, on this machine unless a token guards it."""

from __future__ import annotations
