"""Routes about pools and methods."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response

from neardepth.datasets.pair import RgbdPair
from neardepth.imaging.depthmaps import parse_depth
from neardepth.imaging.photos import decode_photo
from neardepth.methods import METHODS
from neardepth.pool.schema import inspect_pair
from neardepth.retrieval.camera import with_camera
from neardepth.service.catalogue import SOURCE, Catalogue, ServedPool, failure_of, is_available
from neardepth.service.documents import PAIR_BODY, WORK, problems
from neardepth.service.schemas import Added, MethodFacts, PoolFacts
from neardepth.service.state import State, state_of
from neardepth.service.uploads import check_kind

router = APIRouter()


@router.get("/v1/pools", responses=problems())
async def get_pools(request: Request) -> list[PoolFacts]:
    """List the pools that are served; the first is the default."""
    catalogue = state_of(request).catalogue
    return [_facts(catalogue, served) for served in catalogue.pools.values()]


@router.get("/v1/methods", responses=problems())
async def get_methods(request: Request) -> list[MethodFacts]:
    """List the methods."""
    default = state_of(request).method
    return [
        MethodFacts(
            name=method.name,
            summary=method.summary,
            citation=method.citation,
            available=is_available(method),
            needs_pool=method.weights != "solved",
            scales_by_focal_length=method.weights == "solved",
            default=method.name == default,
        )
        for method in METHODS.values()
    ]


@router.post(
    "/v1/pools/{name}/pairs",
    status_code=201,
    responses={
        **problems(*WORK),
        200: {"model": Added, "description": "The pool had this photo already"},
    },
    openapi_extra=PAIR_BODY,
)
async def post_pair(
    request: Request,
    response: Response,
    name: Annotated[str, Path(max_length=100, examples=["site"])],
    depth_scale: Annotated[
        float, Query(ge=1e-3, le=1e6, description="Counts of a PNG a metre; 1000: millimetres")
    ] = 1000.0,
    depth_kind: Annotated[
        Literal["z", "ray"], Query(description="Along the optical axis, or along each pixel's ray")
    ] = "z",
    focal_px: Annotated[
        float | None, Query(gt=0, le=1e6, description="Focal length, pixels; else from EXIF")
    ] = None,
) -> Added:
    """Add a photo with its depth to a pool; the answers that follow rest on it too."""
    state = state_of(request)
    served = state.catalogue.find(name)

    def add(photo: bytes, depth: bytes) -> Added:
        pair = _pair(state, photo, depth, depth_scale, depth_kind, focal_px)
        known = served.pool is not None and pair.id in served.pool
        report = state.catalogue.add(served, pair)
        failure = failure_of(report)
        if failure is not None:
            raise failure
        return Added(
            id=pair.id,
            added=bool(report.added) and not known,
            pool=_facts(state.catalogue, served),
        )

    async with state.uploads.read(request, "photo", "depth") as (photo, depth):
        added = await state.fit(request, lambda: add(photo, depth), state.limits.adding_seconds)
    response.status_code = 201 if added.added else 200
    return added


def _pair(
    state: State,
    photo: bytes,
    depth: bytes,
    depth_scale: float,
    depth_kind: Literal["z", "ray"],
    focal_px: float | None,
) -> RgbdPair:
    """Make a pair of two files' contents; it is named after the photo's content.

    Raises:
        Problem: the photo is no picture.
        NearDepthError: one of them is not usable, or they do not belong together.
    """
    check_kind(photo)
    seen = with_camera(decode_photo(photo, "photo", state.limits.pixels), focal_px, None)
    pair = RgbdPair(
        id=f"{SOURCE}/{hashlib.sha256(photo).hexdigest()[:16]}",
        source=SOURCE,
        image=photo,
        depth=parse_depth(depth, "depth", depth_scale, state.limits.pixels),
        depth_kind=depth_kind,
        intrinsics=seen.intrinsics,
    )
    inspect_pair(pair)
    return pair


def _facts(catalogue: Catalogue, served: ServedPool) -> PoolFacts:
    pool = served.pool
    return PoolFacts(
        name=served.name,
        pairs=0 if pool is None else len(pool),
        version=None if pool is None else pool.version,
        depth_kind=None if pool is None else pool.depth_kind,
        writable=served.writable,
        default=served.name == catalogue.default,
    )
