"""NearDepth: metric depth from one photo, by example; a pool of RGB-D pairs is the model."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neardepth.errors import NearDepthError
    from neardepth.estimator import DepthEstimator
    from neardepth.methods import METHODS, Method
    from neardepth.pool import Pool
    from neardepth.result import DepthResult, Neighbour

__version__ = "0.1.0"

__all__ = [
    "METHODS",
    "DepthEstimator",
    "DepthResult",
    "Method",
    "NearDepthError",
    "Neighbour",
    "Pool",
    "__version__",
]

# Imported when first used, so that `neardepth --help` does not wait for NumPy and the networks.
_HOMES = {
    "METHODS": "neardepth.methods",
    "DepthEstimator": "neardepth.estimator",
    "DepthResult": "neardepth.result",
    "Method": "neardepth.methods",
    "NearDepthError": "neardepth.errors",
    "Neighbour": "neardepth.result",
    "Pool": "neardepth.pool",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'neardepth' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
