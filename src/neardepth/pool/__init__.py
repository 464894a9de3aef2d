"""The pool of RGB-D pairs on disk: store, build and check."""

from __future__ import annotations

from neardepth.pool.build import BuildReport, add_pairs, build_pool, remove_pairs
from neardepth.pool.check import Finding, check_pool
from neardepth.pool.descriptors import DescriptorColumn
from neardepth.pool.encode import encode_pool, ensure_descriptors
from neardepth.pool.info import PoolInfo, pool_info
from neardepth.pool.pipeline import Progress
from neardepth.pool.schema import PairRecord
from neardepth.pool.shipped import open_pool
from neardepth.pool.store import Pool

__all__ = [
    "BuildReport",
    "DescriptorColumn",
    "Finding",
    "PairRecord",
    "Pool",
    "PoolInfo",
    "Progress",
    "add_pairs",
    "build_pool",
    "check_pool",
    "encode_pool",
    "ensure_descriptors",
    "open_pool",
    "pool_info",
    "remove_pairs",
]
