"""Networks that turn tiles into features: registry, weights and ONNX Runtime sessions."""

from __future__ import annotations

from neardepth.encoders.encoder import Encoder, joint_info
from neardepth.encoders.loading import EncoderListing, fetch, list_encoders, load_encoder
from neardepth.encoders.preprocessing import Preprocessing

__all__ = [
    "Encoder",
    "EncoderListing",
    "Preprocessing",
    "fetch",
    "joint_info",
    "list_encoders",
    "load_encoder",
]
