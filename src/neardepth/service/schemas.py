"""The JSON that the service speaks, as OpenAPI describes it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class ProblemDetails(BaseModel):
    """An error (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "about:blank",
                    "title": "The queue is full",
                    "status": 429,
                    "detail": "Try again later.",
                }
            ]
        }
    )


class Display(BaseModel):
    """How to show a result: ends and marks of the colour bars, metres; the view in 3D."""

    low: float
    high: float
    ticks: list[float]
    uncertainty_high: float
    assumed_fov: float = Field(
        description="Degrees across that 3D takes where the focal length is not known"
    )


class Picture(BaseModel):
    """Where the pictures of a neighbour are; None where they are not at hand."""

    photo: str | None
    depth: str | None


class DepthAnswer(BaseModel):
    """A result: what is known of it, and where its files are for a while."""

    id: str
    kept_seconds: float = Field(description="How long the links work, unless room is needed")
    summary: dict[str, Any] = Field(
        description="As in the JSON that `neardepth estimate` writes: depth in metres, "
        "uncertainty, neighbours with their weights, camera, method and pool"
    )
    display: Display
    links: dict[str, str] = Field(description="By the name of the file")
    pictures: list[Picture] = Field(description="Of each of the summary's neighbours")

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "qFhY0zWq3vVbq1c2mXoJ4e7K",
                    "kept_seconds": 900,
                    "summary": {
                        "unit": "metre",
                        "photo": {"name": "photo", "width": 320, "height": 240},
                        "depth": {"min": 0.951, "median": 1.91, "max": 2.872, "known_share": 1.0},
                        "low_confidence": False,
                        "uncertainty": {"median_relative": 0.2942, "factor95": 2.1457},
                        "neighbours": [
                            {
                                "id": "rooms/100003",
                                "correlation": 0.98,
                                "weight": 0.354,
                                "kept": True,
                            }
                        ],
                    },
                    "display": {
                        "low": 0.9,
                        "high": 2.9,
                        "ticks": [1, 1.5, 2, 2.5],
                        "uncertainty_high": 0.8,
                        "assumed_fov": 55,
                    },
                    "links": {"depth.png": "/v1/results/qFhY0zWq3vVbq1c2mXoJ4e7K/depth.png"},
                    "pictures": [
                        {
                            "photo": "/v1/results/qFhY0zWq3vVbq1c2mXoJ4e7K/neighbours/0/photo",
                            "depth": "/v1/results/qFhY0zWq3vVbq1c2mXoJ4e7K/neighbours/0/depth",
                        }
                    ],
                }
            ]
        }
    )


class PoolFacts(BaseModel):
    """A pool that is served."""

    name: str
    pairs: int = Field(description="0: no pool, the model that ships answers")
    version: int | None = Field(description="Changes with the pool")
    depth_kind: str | None = Field(description="z: along the optical axis; ray; mixed")
    writable: bool = Field(description="Whether pairs can be added")
    default: bool

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "site",
                    "pairs": 60,
                    "version": 7,
                    "depth_kind": "z",
                    "writable": True,
                    "default": True,
                }
            ]
        }
    )


class MethodFacts(BaseModel):
    """A named method."""

    name: str
    summary: str
    citation: str
    available: bool = Field(description="Whether its network is on the server")
    needs_pool: bool
    scales_by_focal_length: bool = Field(
        description="Whether depth follows the focal length; else only distances and 3D do"
    )
    default: bool


class Added(BaseModel):
    """What adding a pair did."""

    id: str = Field(description="Of the pair, in the pool")
    added: bool = Field(description="False: the pool had this photo already")
    pool: PoolFacts


class Health(BaseModel):
    """That the service answers."""

    status: str = "ok"
    version: str
