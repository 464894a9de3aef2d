"""Errors for input that NearDepth cannot use: each names the file and what to do."""

from __future__ import annotations


class NearDepthError(Exception):
    """Base of every error raised on purpose; its text is one sentence for the user."""


class PhotoError(NearDepthError):
    """A photo cannot be read or is not usable."""


class VideoError(NearDepthError):
    """A video cannot be read, written or is not usable."""


class DepthMapError(NearDepthError):
    """A depth map cannot be read, written or is not usable."""


class CheckpointError(NearDepthError):
    """A network checkpoint is damaged, unsafe or of an unknown layout."""


class EncoderError(NearDepthError):
    """An encoder is unknown, its weights are missing, or its network does not fit."""


class PoolError(NearDepthError):
    """A pool or a source of RGB-D pairs is missing, damaged or does not fit the request."""


class MethodError(NearDepthError):
    """A method is unknown or one of its settings is out of range."""


class ModelError(NearDepthError):
    """A model file is missing, damaged, or has seen the photos it is to be judged on."""


class ServiceError(NearDepthError):
    """The web service cannot be started as asked."""


class GeometryError(NearDepthError):
    """A cloud, mesh or stereo picture cannot be made or written."""
