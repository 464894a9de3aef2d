"""Routes that estimate depth and give the results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from neardepth.imaging.photos import Photo, decode_photo
from neardepth.result import DepthResult
from neardepth.retrieval.camera import WIDEST, with_camera
from neardepth.service import formats
from neardepth.service.catalogue import ServedPool
from neardepth.service.documents import DEPTH_ANSWERS, PHOTO_BODY, WORK, problems
from neardepth.service.negotiation import best_match
from neardepth.service.problems import Problem
from neardepth.service.schemas import DepthAnswer, Display, Picture
from neardepth.service.state import State, state_of
from neardepth.service.uploads import check_kind

router = APIRouter()

T = TypeVar("T")

_JSON = "application/json"
RESULT = "/v1/results/{key}"


@dataclass(frozen=True)
class Question:
    """How a photo is to be estimated.

    The focal length scales the depth of methods of solved weights. That of the others is of their
    neighbours; distances and 3D need it all the same.
    """

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
        Query(ge=1, le=WIDEST, description="Horizontal field of view, degrees, instead"),
    ] = None


async def estimate(
    request: Request, data: bytes, question: Question, use: Callable[[DepthResult, ServedPool], T]
) -> T:
    """Estimate a photo from its file's content, and return what is made of it.

    A pool that has to be fitted first is fitted apart from the workers, which go on meanwhile.

    Args:
        request: whose body is read.
        data: the file's content.
        question: how to estimate it.
        use: what is made of the result and its pool, in a worker thread.

    Raises:
        Problem: there is no such pool, it is no picture, or it could not be done in time.
        NearDepthError: the picture or a setting is not usable.
    """
    state = state_of(request)
    catalogue = state.catalogue
    served = catalogue.find(question.pool)
    method = question.method or state.method
    catalogue.check(served, method)
    check_kind(data)

    def decoded() -> Photo:
        photo = decode_photo(data, "photo", state.limits.pixels)
        return with_camera(photo, question.focal_px, question.fov)

    if method not in served.estimators:
        catalogue.refuse_download(served, method)
        await state.work(request, decoded)  # no fit for a photo that cannot be answered
        await state.fit(request, lambda: catalogue.estimator(served, method))

    def work() -> T:
        result = catalogue.estimator(served, method)(decoded())
        state.metrics.estimates.labels(served.name, method, result.low_confidence).inc()
        return use(result, served)

    return await state.work(request, work)


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
            return await estimate(request, data, question, partial(_answer, state))
        return await estimate(request, data, question, partial(_file, formats.ANSWERS[kind]))


def _answer(state: State, result: DepthResult, served: ServedPool) -> DepthAnswer:
    key = state.results.keep(result, served.name)
    base = RESULT.format(key=key)
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


def _file(name: str, result: DepthResult, served: ServedPool) -> Response:
    make, kind = formats.FILES[name]
    return download(make(result, served.name), name, kind)


def download(content: bytes, name: str, kind: str) -> Response:
    """Answer with a file."""
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=kind, headers=disposition)
