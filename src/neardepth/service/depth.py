"""Routes that estimate depth and give the results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response

from neardepth.errors import MethodError
from neardepth.imaging.photos import decode_photo
from neardepth.methods import METHODS
from neardepth.result import DepthResult
from neardepth.retrieval.camera import with_camera
from neardepth.service import formats
from neardepth.service.catalogue import ServedPool
from neardepth.service.documents import DEPTH_ANSWERS, PHOTO_BODY, WORK, file_answer, problems
from neardepth.service.negotiation import best_match
from neardepth.service.problems import Problem
from neardepth.service.results import Kept
from neardepth.service.schemas import DepthAnswer, Display, Picture
from neardepth.service.state import State, state_of
from neardepth.service.uploads import check_kind

router = APIRouter()

_JSON = "application/json"
_RESULT = "/v1/results/{key}"
Key = Annotated[str, Path(max_length=64, pattern="^[A-Za-z0-9_-]+$", examples=["qFhY0zWq3vVbq1c2"])]
FileName = Literal["depth.png", "depth.npz", "depth.exr", "preview.png", "summary.json"]


@dataclass(frozen=True)
class Question:
    """How a photo is to be estimated."""

    pool: Annotated[
        str | None,
        Query(max_length=100, description="A name that /v1/pools gives", examples=["none"]),
    ] = None
    method: Annotated[
        str | None,
        Query(max_length=100, description="A name that /v1/methods gives", examples=["kernel"]),
    ] = None
    focal_px: Annotated[
        float | None,
        Query(gt=0, le=1e6, description="Focal length, pixels; else from EXIF", examples=[525]),
    ] = None
    fov: Annotated[
        float | None,
        Query(ge=1, le=170, description="Horizontal field of view, degrees, instead"),
    ] = None


def estimate(state: State, data: bytes, question: Question) -> tuple[DepthResult, ServedPool]:
    """Estimate a photo from its file's content; called in a worker thread.

    Raises:
        Problem: there is no such pool, or it is no picture.
        NearDepthError: the picture or a setting is not usable.
    """
    served = state.catalogue.find(question.pool)
    method = question.method or state.method
    check_kind(data)
    photo = decode_photo(data, "photo", state.limits.pixels)
    if question.focal_px is not None or question.fov is not None:
        if method in METHODS and METHODS[method].weights != "solved":
            raise MethodError(
                f"method {method} takes no focal length: its depth is that of its neighbours; "
                "use kernel"
            )
        photo = with_camera(photo, question.focal_px, question.fov)
    result = state.catalogue.estimator(served, method)(photo)
    state.metrics.estimates.labels(served.name, method, result.low_confidence).inc()
    return result, served


@router.post(
    "/v1/depth",
    response_model=DepthAnswer,
    responses={**problems(*WORK, 406), **DEPTH_ANSWERS},
    openapi_extra=PHOTO_BODY,
)
async def post_depth(
    request: Request,
    question: Annotated[Question, Depends()],
    accept: Annotated[str | None, Header(max_length=1000)] = None,
) -> object:
    """Estimate the depth of a photo, in metres.

    The answer is JSON with links, or the file that Accept asks for: a 16-bit PNG with its unit in
    the text chunk DepthUnit, an NPZ of every map, or OpenEXR.
    """
    state = state_of(request)
    kind = best_match(accept, (_JSON, *formats.ANSWERS))
    if kind is None:
        offered = ", ".join((_JSON, *formats.ANSWERS))
        raise Problem(406, "Not a media type of answers", f"There are {offered}.")
    async with state.uploads.read(request, "photo") as (data,):
        if kind == _JSON:
            return await state.work(request, lambda: _answer(state, data, question))
        return await state.work(request, lambda: _file(state, data, question, kind))


def _answer(state: State, data: bytes, question: Question) -> DepthAnswer:
    result, served = estimate(state, data, question)
    key = state.results.keep(result, served.name, served.pool)
    base = _RESULT.format(key=key)
    at_hand = [
        served.pool is not None and neighbour.id in served.pool for neighbour in result.neighbours
    ]
    return DepthAnswer(
        id=key,
        kept_seconds=state.limits.kept_seconds,
        summary=formats.summary(result, served.name),
        display=Display(**formats.display(result)),
        links={name: f"{base}/{name}" for name in (*formats.FILES, "maps", "photo")},
        pictures=[
            Picture(
                photo=f"{base}/neighbours/{number}/photo" if there else None,
                depth=f"{base}/neighbours/{number}/depth" if there else None,
            )
            for number, there in enumerate(at_hand)
        ],
    )


def _file(state: State, data: bytes, question: Question, kind: str) -> Response:
    result, served = estimate(state, data, question)
    name = formats.ANSWERS[kind]
    return _download(formats.FILES[name][0](result, served.name), name, kind)


def _download(content: bytes, name: str, kind: str) -> Response:
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=kind, headers=disposition)


@router.get(
    f"{_RESULT}/maps",
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
    f"{_RESULT}/photo",
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
    f"{_RESULT}/neighbours/{{number}}/{{kind}}",
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
    f"{_RESULT}/{{name}}",
    response_class=Response,
    responses={
        **problems(404, 429, 503, 504),
        **file_answer(*sorted({kind for _, kind in formats.FILES.values()})),
    },
)
async def get_file(request: Request, key: Key, name: FileName) -> Response:
    """Give a result as a file."""
    state = state_of(request)
    kept: Kept = state.results.find(key)
    make, kind = formats.FILES[name]
    content = await state.work(request, lambda: make(kept.result, kept.pool_name))
    return _download(content, name, kind)


@router.delete(_RESULT, status_code=204, responses=problems(404))
async def delete_result(request: Request, key: Key) -> None:
    """Drop a result before its time."""
    state_of(request).results.forget(key)
