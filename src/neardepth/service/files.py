"""Routes of the files of results that are kept."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response

from neardepth.service import formats
from neardepth.service.depth import RESULT, download
from neardepth.service.documents import file_answer, problems
from neardepth.service.problems import Problem
from neardepth.service.state import state_of

router = APIRouter()

Key = Annotated[str, Path(max_length=64, pattern="^[A-Za-z0-9_-]+$", examples=["qFhY0zWq3vVbq1c2"])]
FileName = Annotated[str, Path(max_length=64, json_schema_extra={"enum": list(formats.FILES)})]


@router.get(
    f"{RESULT}/maps",
    response_class=Response,
    responses={**problems(404, 429, 503, 504), **file_answer("application/octet-stream")},
)
async def get_maps(
    request: Request,
    key: Key,
    most_side: Annotated[int, Query(ge=16, le=20000, description="Pixels")] = 20000,
) -> Response:
    """Depth, then uncertainty, as little-endian float32 metres, row by row, NaN = unknown.

    Larger maps are thinned out to every NearDepth-Stride-th pixel of every such row; the headers
    NearDepth-Width and NearDepth-Height give the size that is left.
    """
    state = state_of(request)
    kept = state.results.find(key)
    data, headers = await state.work(request, lambda: formats.maps_binary(kept.result, most_side))
    return Response(data, media_type="application/octet-stream", headers=headers)


@router.get(
    f"{RESULT}/photo",
    response_class=Response,
    responses={**problems(404, 429, 503, 504), **file_answer("image/jpeg")},
)
async def get_photo(
    request: Request,
    key: Key,
    most_side: Annotated[int, Query(ge=16, le=20000, description="Pixels")] = 1280,
) -> Response:
    """Give the photo as it was estimated: upright, RGB, of at most so many pixels a side."""
    state = state_of(request)
    kept = state.results.find(key)
    data = await state.work(request, lambda: formats.photo_jpeg(kept.result, most_side))
    return Response(data, media_type="image/jpeg")


@router.get(
    f"{RESULT}/neighbours/{{number}}/{{kind}}",
    response_class=Response,
    responses={**problems(404, 409, 429, 503, 504), **file_answer("image/jpeg", "image/png")},
)
async def get_neighbour(
    request: Request,
    key: Key,
    number: Annotated[int, Path(ge=0, le=1000)],
    kind: Literal["photo", "depth"],
) -> Response:
    """Give the photo of a pool image that the result rests on, or its depth in colours."""
    state = state_of(request)
    kept = state.results.find(key)
    picture = None
    if number < len(kept.result.neighbours):
        picture = await state.work(
            request, lambda: formats.neighbour_picture(kept.result, number, kind)
        )
    if picture is None:
        raise Problem(404, "There is no such picture", "Only a pool's own pictures are shown.")
    return Response(picture[0], media_type=picture[1])


@router.get(
    f"{RESULT}/{{name}}",
    response_class=Response,
    responses={
        **problems(404, 429, 503, 504),
        **file_answer(*sorted({kind for _, kind in formats.FILES.values()})),
    },
)
async def get_file(request: Request, key: Key, name: FileName) -> Response:
    """Give a result as a file."""
    state = state_of(request)
    kept = state.results.find(key)
    if name not in formats.FILES:
        raise Problem(404, "There is no such file", "The answer's links name those there are.")
    make, kind = formats.FILES[name]
    content = await state.work(request, lambda: make(kept.result, kept.pool_name))
    return download(content, name, kind)


@router.delete(RESULT, status_code=204, responses=problems(404))
async def delete_result(request: Request, key: Key) -> None:
    """Drop a result before its time."""
    state_of(request).results.forget(key)
