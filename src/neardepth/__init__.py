"""NearDepth: metric depth from one photo, by example; a pool of RGB-D pairs is the model."""

from __future__ import annotations

__version__ = "0.1.0"
