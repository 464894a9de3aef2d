"""The pool of RGB-D pairs on disk: store, build and check."""

from __future__ import annotations
