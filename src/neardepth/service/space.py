"""Routes that answer a photo with points, a mesh or a stereo pair."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from neardepth.result import DepthResult
from neardepth.service import spatial
from neardepth.service.catalogue import ServedPool
from neardepth.service.depth import Question, download, estimate
from neardepth.service.documents import PHOTO_BODY, WORK, file_answer, problems
from neardepth.service.formats import FILES
from neardepth.service.negotiation import best_match
from neardepth.service.problems import Problem
from neardepth.service.state import state_of

router = APIRouter()

Layout = Annotated[str, Query(max_length=40, json_schema_extra={"enum": list(spatial.ONE_PICTURE)})]


@router.post(
    "/v1/cloud",
    response_class=Response,
    responses={**problems(*WORK, 406), **file_answer(*spatial.CLOUDS)},
    openapi_extra=PHOTO_BODY,
)
async def post_cloud(
    request: Request,
    question: Annotated[Question, Depends()],
    mesh: Annotated[bool, Query(description="Triangles between the points; not as LAS")] = False,
    accept: Annotated[str | None, Header(max_length=1000)] = None,
) -> Response:
    """Estimate a photo and answer with a coloured point for each pixel, or a mesh, in metres.

    PLY, glTF and OBJ have y up, LAS z up; Accept chooses.
    """
    state = state_of(request)
    offered = spatial.MESHES if mesh else spatial.CLOUDS
    kind = best_match(accept, tuple(offered))
    if kind is None:
        raise Problem(406, "Not a media type of answers", f"There are {', '.join(offered)}.")
    name = offered[kind]

    def draw(result: DepthResult, served: ServedPool) -> bytes:
        return FILES[name][0](result, served.name)

    async with state.uploads.read(request, "photo") as (data,):
        return download(await estimate(request, data, question, draw), name, kind)


@router.post(
    "/v1/stereo",
    response_class=Response,
    responses={**problems(*WORK), **file_answer("image/png")},
    openapi_extra=PHOTO_BODY,
)
async def post_stereo(
    request: Request,
    question: Annotated[Question, Depends()],
    layout: Layout = spatial.ONE_PICTURE[0],
    eye_mm: Annotated[
        float | None, Query(ge=0, le=1000, description="Millimetres between the eyes; 63")
    ] = None,
    max_disparity: Annotated[
        float | None,
        Query(ge=0, le=20, description="Largest parallax, per cent of the width, instead"),
    ] = None,
    convergence: Annotated[
        float | None,
        Query(gt=0, le=1000, description="Metres: depth seen on the screen itself; the median"),
    ] = None,
    keep: Annotated[
        Literal["left", "right"] | None, Query(description="Eye that is the photo itself")
    ] = None,
) -> Response:
    """Estimate a photo and answer with what two eyes would have seen, as one picture."""
    state = state_of(request)
    if layout not in spatial.ONE_PICTURE:
        known = ", ".join(spatial.ONE_PICTURE)
        raise Problem(422, "There is no such layout", f"There are {known}.")

    def draw(result: DepthResult, served: ServedPool) -> bytes:
        pair = spatial.stereo_of(
            result,
            served.name,
            eye_mm=eye_mm,
            max_disparity=max_disparity,
            convergence=convergence,
            keep=keep,
        )
        return spatial.stereo_png(pair, layout)

    async with state.uploads.read(request, "photo") as (data,):
        content = await estimate(request, data, question, draw)
        return download(content, f"stereo-{layout}.png", "image/png")
