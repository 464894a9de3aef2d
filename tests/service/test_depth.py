"""Photos in, depth out: each form of the answer against what the library gives."""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from PIL import Image
from services import METHOD, PHOTO, Live, jpeg, running, until

from neardepth import DepthEstimator, DepthResult
from neardepth.imaging.depthmaps import read_depth
from neardepth.service.app import create_app
from neardepth.service.catalogue import Catalogue
from neardepth.service.limits import Limits


@pytest.fixture(scope="module")
def expected(pool: Path) -> DepthResult:
    return DepthEstimator(pool, METHOD)(PHOTO)


@pytest.fixture(scope="module")
def answer(live: Live) -> dict[str, Any]:
    response = live.client.post("/v1/depth", files={"photo": PHOTO})
    assert response.status_code == 200, response.text
    data: dict[str, Any] = response.json()
    return data


def test_json_says_what_the_library_says(answer: dict[str, Any], expected: DepthResult) -> None:
    summary, own = answer["summary"], expected.summary()
    assert summary["depth"] == pytest.approx(own["depth"], abs=2e-4)
    assert [n["id"] for n in summary["neighbours"]] == [n.id for n in expected.neighbours]
    assert summary["low_confidence"] == expected.low_confidence
    assert summary["pool"]["path"] == "site"
    assert answer["display"]["low"] < answer["display"]["high"]


@pytest.mark.parametrize(
    ("accept", "ending"),
    [("image/png", "png"), ("application/x-npz", "npz"), ("image/x-exr", "exr")],
)
@pytest.mark.parametrize("form", [True, False])
def test_accept_chooses_the_file(
    live: Live, expected: DepthResult, tmp_path: Path, accept: str, ending: str, form: bool
) -> None:
    body = {"files": {"photo": PHOTO}} if form else {"content": PHOTO}
    response = live.client.post("/v1/depth", headers={"Accept": accept}, **body)
    assert (response.status_code, response.headers["content-type"]) == (200, accept)
    path = tmp_path / f"depth.{ending}"
    path.write_bytes(response.content)
    np.testing.assert_allclose(read_depth(path), expected.depth, atol=0.0006)


def test_links_lead_to_the_same_result(
    live: Live, answer: dict[str, Any], expected: DepthResult, tmp_path: Path
) -> None:
    for name in ("depth.png", "depth.npz", "depth.exr"):
        path = tmp_path / name
        path.write_bytes(live.client.get(answer["links"][name]).raise_for_status().content)
        np.testing.assert_allclose(read_depth(path), expected.depth, atol=0.0006)
    assert json.loads(live.client.get(answer["links"]["summary.json"]).content) == answer["summary"]
    with np.load(tmp_path / "depth.npz") as arrays:
        assert json.loads(str(arrays["json"])) == answer["summary"]
        np.testing.assert_allclose(arrays["uncertainty"], expected.uncertainty, atol=1e-4)
    preview = Image.open(io.BytesIO(live.client.get(answer["links"]["preview.png"]).content))
    assert preview.width > 128


@pytest.mark.parametrize("most_side", [20000, 50])
def test_maps_are_the_results_pixels(
    live: Live, answer: dict[str, Any], expected: DepthResult, most_side: int
) -> None:
    response = live.client.get(answer["links"]["maps"], params={"most_side": most_side})
    width, height, stride = (
        int(response.headers[f"neardepth-{name}"]) for name in ("width", "height", "stride")
    )
    depth, uncertainty = np.frombuffer(response.content, "<f4").reshape(2, height, width)
    assert max(width, height) <= most_side
    np.testing.assert_allclose(depth, expected.depth[::stride, ::stride], rtol=1e-4)
    np.testing.assert_allclose(uncertainty, expected.uncertainty[::stride, ::stride], rtol=1e-3)


def test_only_the_pools_own_pictures_are_shown(
    live: Live, answer: dict[str, Any], pool: Path
) -> None:
    from neardepth import Pool

    own = Pool.open(pool)
    neighbours = answer["summary"]["neighbours"]
    assert len(answer["pictures"]) == len(neighbours) > 0
    for number, (neighbour, links) in enumerate(zip(neighbours, answer["pictures"], strict=True)):
        path = f"/v1/results/{answer['id']}/neighbours/{number}/photo"
        if neighbour["id"] not in own:
            assert links == {"photo": None, "depth": None}
            assert live.client.get(path).status_code == 404
            continue
        shown = cv2.imdecode(np.frombuffer(live.client.get(path).content, np.uint8), 1)[..., ::-1]
        photo = own.photo(neighbour["id"]).image
        assert np.abs(shown.astype(int) - photo).mean() < 6
        assert live.client.get(links["depth"]).headers["content-type"] == "image/png"


def test_focal_length_scales_depth(live: Live) -> None:
    def median(**query: object) -> float:
        response = live.client.post("/v1/depth", params=query, content=PHOTO).raise_for_status()
        return float(response.json()["summary"]["depth"]["median"])

    near, far = median(pool="none", focal_px=100), median(pool="none", focal_px=200)
    assert far / near == pytest.approx(2, rel=0.01)
    wide = 128 / 2 / np.tan(np.radians(60) / 2)
    assert median(pool="none", fov=60) == pytest.approx(median(pool="none", focal_px=wide))


def test_tile_methods_take_the_focal_length_for_space_only(live: Live) -> None:
    plain = live.client.post("/v1/depth?method=knn", content=PHOTO).json()["summary"]
    given = live.client.post("/v1/depth?method=knn&focal_px=100", content=PHOTO).json()["summary"]
    assert plain["depth"] == given["depth"]
    assert plain["intrinsics"] is None
    assert given["intrinsics"]["fx"] == 100


def test_results_are_dropped_on_request_and_by_time_and_room(live: Live) -> None:
    from neardepth.service.problems import Problem
    from neardepth.service.results import Results

    made = live.client.post("/v1/depth", content=PHOTO).json()
    path = f"/v1/results/{made['id']}"
    assert live.client.delete(path).status_code == 204
    assert live.client.get(made["links"]["depth.png"]).status_code == 404
    assert live.client.delete(path).status_code == 404

    kept = live.client.post("/v1/depth", content=PHOTO).json()
    result = live.state.results.find(kept["id"]).result
    small = Results(most_bytes=3 * live.state.results.find(kept["id"]).size, seconds=900)
    keys = [small.keep(result, "site") for _ in range(5)]
    assert len(small) == 3
    assert small.size <= small.most_bytes
    with pytest.raises(Problem):
        small.find(keys[1])
    assert small.find(keys[2]).result is result
    tiny = Results(most_bytes=1, seconds=900)
    keys = [tiny.keep(result, "site") for _ in range(2)]
    assert len(tiny) == 1
    assert tiny.find(keys[1]).result is result  # its links were given away: it is there
    over = Results(most_bytes=1 << 30, seconds=0)
    with pytest.raises(Problem):
        over.find(over.keep(result, "site"))
    assert over.size == 0


def test_results_are_dropped_while_nobody_asks(pool: Path) -> None:
    limits = Limits(kept_seconds=0.2)
    with running(create_app(Catalogue([pool]), limits=limits, method=METHOD)) as live:
        live.client.post("/v1/depth", content=PHOTO).raise_for_status()
        until(lambda: live.state.results.size == len(live.state.results) == 0)


def test_clients_at_a_time_each_get_their_own_answer(live: Live) -> None:
    photos = [jpeg(seed) for seed in range(80, 86)]
    estimator = live.state.catalogue.estimator(live.state.catalogue.find(None), METHOD)
    own = [estimator(photo).depth for photo in photos]
    assert len({depth.tobytes() for depth in own}) == len(photos)

    def ask(number: int) -> float:
        headers = {"Accept": "application/x-npz"}
        place = number % len(photos)
        response = httpx.post(
            f"{live.address}/v1/depth", content=photos[place], headers=headers, timeout=60
        )
        with np.load(io.BytesIO(response.raise_for_status().content)) as arrays:
            return float(np.abs(arrays["depth"] - own[place]).max())

    with ThreadPoolExecutor(8) as threads:
        assert max(threads.map(ask, range(24))) < 1e-4


def test_one_network_serves_every_pool_and_method(live: Live) -> None:
    for query in ("", "?pool=none", "?method=knn"):
        assert live.client.post(f"/v1/depth{query}", content=PHOTO).status_code == 200
    estimators = [
        estimator
        for served in live.state.catalogue.pools.values()
        for estimator in served.estimators.values()
    ]
    assert len(estimators) >= 3
    assert len({id(estimator.encoder) for estimator in estimators}) == 1
