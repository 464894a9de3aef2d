"""The kernel method: the weights of the pool's depth maps are solved, not assumed."""

from __future__ import annotations
