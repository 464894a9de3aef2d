"""Points, meshes and stereo pictures over REST, read back by their formats' own libraries."""

from __future__ import annotations

import io
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from services import METHOD, PHOTO, Live, running

from neardepth import DepthEstimator
from neardepth.datasets.pair import PairRef, Source
from neardepth.errors import GeometryError
from neardepth.geometry.layouts import LAYOUTS
from neardepth.pool import Pool, add_pairs
from neardepth.service import spatial
from neardepth.service.app import create_app
from neardepth.service.catalogue import Catalogue
from neardepth.service.formats import FILES

KINDS = {
    "application/x-ply": "ply",
    "model/gltf-binary": "glb",
    "model/obj": "obj",
    "application/vnd.las": "las",
}


def points(content: bytes, ending: str) -> Any:
    if ending == "las":
        laspy = pytest.importorskip("laspy")
        return np.asarray(laspy.read(io.BytesIO(content)).xyz)
    trimesh = pytest.importorskip("trimesh")
    loaded = trimesh.load(io.BytesIO(content), file_type=ending)
    return np.asarray(loaded.to_geometry().vertices if ending == "glb" else loaded.vertices)


@pytest.mark.parametrize("accept", KINDS)
def test_clouds_hold_the_depth_of_every_pixel(live: Live, accept: str) -> None:
    response = live.client.post("/v1/cloud?pool=none", content=PHOTO, headers={"Accept": accept})
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith(accept)
    found = points(response.content, KINDS[accept])
    depth = DepthEstimator(None, METHOD)(PHOTO).depth
    assert len(found) == depth.size
    ahead = found[:, 1] if accept.endswith("las") else -found[:, 2]
    np.testing.assert_allclose(np.sort(ahead), np.sort(depth.ravel()), atol=2e-3)


def test_meshes_come_as_glb_and_not_as_las(live: Live) -> None:
    query = "/v1/cloud?pool=none&mesh=true"
    glb = live.client.post(query, content=PHOTO, headers={"Accept": "model/gltf-binary"})
    assert glb.content.startswith(b"glTF")
    las = live.client.post(query, content=PHOTO, headers={"Accept": "application/vnd.las"})
    assert las.status_code == 406


def test_stereo_pictures_are_those_of_the_library(live: Live) -> None:
    pair = DepthEstimator(None, METHOD)(PHOTO).stereo(eye_mm=30, keep="left")
    for layout in ("full-sbs", "anaglyph-dubois"):
        query = {"pool": "none", "layout": layout, "eye_mm": 30, "keep": "left"}
        response = live.client.post("/v1/stereo", params=query, content=PHOTO).raise_for_status()
        shown = np.asarray(Image.open(io.BytesIO(response.content))).astype(int)
        own = LAYOUTS[layout].arrange(pair.left, pair.right)[0]
        assert np.abs(shown - own).mean() < 0.5


@pytest.mark.parametrize(
    "query", ["layout=separate", "layout=sideways", "eye_mm=60&max_disparity=2", "eye_mm=-1"]
)
def test_impossible_stereo_is_told(live: Live, query: str) -> None:
    assert live.client.post(f"/v1/stereo?{query}", content=PHOTO).status_code == 422


def test_every_link_of_a_result_gives_its_file(live: Live) -> None:
    answer = live.client.post("/v1/depth?pool=none", content=PHOTO).json()
    assert set(FILES) < set(answer["links"])
    for name, (_, kind) in FILES.items():
        response = live.client.get(answer["links"][name])
        assert response.status_code == 200, name
        assert response.headers["content-type"].startswith(kind)
        assert len(response.content) > 100


def test_a_pool_of_both_kinds_of_depth_says_why_there_is_no_3d(pool: Path, tmp_path: Path) -> None:
    mixed = tmp_path / "mixed.pool"
    shutil.copytree(pool, mixed)
    own = Pool.open(mixed)
    pair = replace(own.pair(own.ids[0]), id="other/1", source="other", depth_kind="ray")
    add_pairs(mixed, Source("other", (PairRef(pair.id, lambda: pair),)))
    with running(create_app(Catalogue([mixed]), method=METHOD)) as live:
        answer = live.client.post("/v1/depth", content=PHOTO).raise_for_status().json()
        for response in (
            live.client.post("/v1/cloud", content=PHOTO),
            live.client.post("/v1/stereo", content=PHOTO),
            live.client.get(answer["links"]["mesh.glb"]),
            live.client.get(answer["links"]["stereo-cross.png"]),
        ):
            assert response.status_code == 422
            assert response.json()["detail"] == (
                "Mixed mixes z-depth and range: there is no 3D in its depth."
            )


def test_what_cannot_be_written_is_named_without_its_folder() -> None:
    result = DepthEstimator(None, METHOD)(PHOTO)
    nothing = replace(result, depth=np.full_like(result.depth, np.nan))
    with pytest.raises(GeometryError, match=r"^cloud\.ply is not written: no depth is known"):
        FILES["cloud.ply"][0](nothing, "none")


def test_large_scenes_are_thinned_out_without_moving() -> None:
    image = np.zeros((1500, 2500, 3), np.uint8)
    result = DepthEstimator(None, METHOD)(image)
    scene, whole = spatial.scene_of(result, "none"), result._scene()
    assert scene.depth.size <= spatial.MOST_POINTS
    corner = whole.point_cloud().points[2]
    np.testing.assert_allclose(scene.point_cloud().points[1], corner, rtol=1e-4)
