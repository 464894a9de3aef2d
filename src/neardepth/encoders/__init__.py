"""Networks that turn tiles into features: registry, weights and ONNX Runtime sessions."""

from __future__ import annotations
