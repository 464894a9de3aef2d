"""The page in a real browser, against what the library and the files say."""

from __future__ import annotations

import hashlib
import re
import threading
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from browser import Page
from PIL import Image
from services import METHOD, Live, make_pool, running

from neardepth import DepthEstimator, DepthResult, Pool
from neardepth.geometry.cloud import back_project
from neardepth.imaging.colour import _table, colourise
from neardepth.imaging.depthmaps import read_depth
from neardepth.service import pagefiles
from neardepth.service.app import create_app
from neardepth.service.catalogue import Catalogue
from scenes import scene

WIDTH, HEIGHT = 128, 96


def metres(page: Page) -> float:
    return float(page.text("#metres").removesuffix(" m"))


def place(page: Page) -> tuple[int, int]:
    found = re.search(r"at (\d+), (\d+) px", page.text("#spread"))
    assert found
    return int(found[1]), int(found[2])


def test_the_value_under_the_pointer_is_the_files(page: Page, expected: DepthResult) -> None:
    for x, y in ((3, 2), (64, 48), (120, 90)):
        page.point(x, y, WIDTH, HEIGHT)
        assert place(page) == (x, y)
        assert metres(page) == pytest.approx(expected.depth[y, x], abs=0.00051)
        spread = re.search(r"± ([\d.]+) m \(68 %\)", page.text("#spread"))
        assert spread
        assert float(spread[1]) == pytest.approx(expected.uncertainty[y, x], abs=0.0051)


def test_depth_is_shown_in_the_colours_of_the_library(page: Page, expected: DepthResult) -> None:
    pixels = page.driver.execute_script(
        "const c = document.getElementById('canvas');"
        "return [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"
    )
    shown = np.array(pixels, np.uint8).reshape(HEIGHT, WIDTH, 4)[..., :3]
    # The ends of the colour bar are those of the preview that the library draws.
    from neardepth.imaging.colour import depth_range

    own = colourise(expected.depth, *depth_range(expected.depth))
    assert (np.abs(shown.astype(int) - own).max(axis=-1) <= 8).mean() > 0.995
    assert "m" in page.text("#ticks")


def test_colour_tables_are_the_librarys() -> None:
    text = pagefiles.page_files()["/page/colours.js"][0].decode()
    tables = re.findall(r"= table\((.*?)\);", text, re.DOTALL)
    own = (_table(cv2.COLORMAP_TURBO, reverse=True), _table(cv2.COLORMAP_MAGMA, reverse=False))
    for found, table in zip(tables, own, strict=True):
        hexadecimal = "".join(re.findall(r'"([0-9a-f]+)"', found))
        assert bytes.fromhex(hexadecimal) == table[:256].tobytes()


def test_the_keyboard_reads_and_measures(page: Page, pool: Path, photo: Path) -> None:
    from selenium.webdriver.common.keys import Keys

    assert "without a focal length" in page.text("#distance")
    page.find("#focal").send_keys("150\t")
    page.until(lambda: "150 px" in page.text("#assumption"))
    expected = DepthEstimator(pool, METHOD, focal_px=150)(photo)
    page.driver.execute_script("document.getElementById('canvas').focus()")
    page.press(Keys.ARROW_RIGHT, Keys.ARROW_DOWN)
    assert place(page) == (65, 49)
    assert metres(page) == pytest.approx(expected.depth[49, 65], abs=0.00051)
    page.press(Keys.ENTER, *[Keys.ARROW_LEFT] * 30, Keys.ENTER)
    assert place(page) == (35, 49)
    camera = expected.intrinsics
    assert camera is not None
    points = back_project(expected.depth, camera)
    apart = float(np.linalg.norm(points[49, 65] - points[49, 35]))
    found = re.fullmatch(r"([\d.]+) m ± ([\d.]+) m \(68 %\)", page.text("#distance"))
    assert found
    assert float(found[1]) == pytest.approx(apart, abs=0.0051)
    ends, shares = points[49, [65, 35]], (expected.uncertainty / expected.depth)[49, [65, 35]]
    moved = ends * (1 + shares[:, None])
    together = abs(np.linalg.norm(moved[0] - moved[1]) - apart)
    alone = np.hypot(*(ends @ (ends[0] - ends[1]) / apart * shares))
    assert float(found[2]) == pytest.approx(max(together, alone), abs=0.0051)
    assert f"{camera.fx:.0f} px" in page.text("#assumption")
    page.press(Keys.ESCAPE)
    assert "two points" in page.text("#distance")


def test_another_method_gives_its_own_depth(page: Page, pool: Path, photo: Path) -> None:
    page.choose("method", "knn")
    assert "knn" in page.text("#facts")
    own = DepthEstimator(pool, "knn")(photo)
    page.point(40, 60, WIDTH, HEIGHT)
    assert metres(page) == pytest.approx(own.depth[60, 40], abs=0.00051)
    assert "without a focal length" in page.text("#distance")
    page.find("#focal").send_keys("150\t")
    page.settle()
    assert "150 px" in page.text("#assumption")
    page.choose("pool", "none")  # knn needs a pool: another method is taken
    assert "kernel" in page.text("#facts")


def test_evidence_names_the_neighbours_with_their_weights(
    page: Page, expected: DepthResult, pool: Path
) -> None:
    names = [item.text for item in page.driver.find_elements("css selector", "#evidence .name")]
    assert names == [neighbour.id for neighbour in expected.neighbours]
    own = sum(neighbour.id in Pool.open(pool) for neighbour in expected.neighbours)
    images = page.driver.find_elements("css selector", "#evidence img")
    assert len(images) == 2 * own > 0
    page.until(lambda: all(image.get_property("naturalWidth") == WIDTH for image in images))
    first = page.text("#evidence .weight")
    assert f"{abs(expected.neighbours[0].weight):.2f}" in first


def test_every_view_is_shown(page: Page) -> None:
    def drawn(canvas: str) -> int:
        return int(
            page.driver.execute_script(
                "const c = document.getElementById(arguments[0]);"
                "const t = new OffscreenCanvas(c.width, c.height).getContext('2d');"
                "t.drawImage(c, 0, 0); const d = t.getImageData(0, 0, c.width, c.height).data;"
                "return new Set(new Uint32Array(d.buffer)).size",
                canvas,
            )
        )

    for view in ("uncertainty", "photo", "depth"):
        page.find(f"[data-view={view}]").click()
        assert page.find("#panel").accessible_name.lower() == view
        assert drawn("canvas") > 50
    page.find("[data-view=points]").click()
    before = drawn("space")
    assert before > 50
    still = page.driver.execute_script("return document.getElementById('space').toDataURL()")
    page.actions().drag_and_drop_by_offset(page.find("#space"), 80, 30).perform()
    turned = page.driver.execute_script("return document.getElementById('space').toDataURL()")
    assert turned != still
    for view, width in (("stereo", 2 * WIDTH), ("anaglyph", WIDTH)):
        page.find(f"[data-view={view}]").click()
        image = page.find("#pair-image")
        page.until(lambda image=image, width=width: image.get_property("naturalWidth") == width)
    assert page.complaints() == []


def test_downloads_are_the_files(page: Page, downloads: Path, expected: DepthResult) -> None:
    for name in ("depth.png", "depth.exr", "depth.npz"):
        page.find(f"#downloads button[title='Download {name}']").click()
        path = downloads / name
        page.until(path.exists)
        np.testing.assert_allclose(read_depth(path), expected.depth, atol=0.0006)
    for name in ("cloud.ply", "cloud.las", "mesh.glb", "stereo-half-sbs.png"):
        page.find(f"#downloads button[title='Download {name}']").click()
        page.until((downloads / name).exists)


def test_photos_come_by_paste_drop_and_camera(driver: Any, live: Live) -> None:
    for event, field in (("paste", "clipboardData"), ("drop", "dataTransfer")):
        page = Page(driver, live.address)
        driver.execute_async_script(
            """
            const [event, field, done] = arguments;
            const canvas = new OffscreenCanvas(128, 96);
            const context = canvas.getContext("2d");
            context.fillStyle = "brown"; context.fillRect(20, 20, 50, 50);
            canvas.convertToBlob({ type: "image/jpeg" }).then((blob) => {
              const data = new DataTransfer();
              data.items.add(new File([blob], "a.jpg", { type: "image/jpeg" }));
              const made = event === "paste"
                ? new ClipboardEvent(event, { clipboardData: data, bubbles: true })
                : new DragEvent(event, { dataTransfer: data, bubbles: true, cancelable: true });
              document.getElementById("stage").dispatchEvent(made);
              done();
            });
            """,
            event,
            field,
        )
        page.until(lambda page=page: page.state == "done")
    page = Page(driver, live.address)
    page.find("#drop [data-open=camera]").click()
    video = page.until(lambda: page.find("#video"))
    page.until(lambda: video.get_property("videoWidth") > 0)
    page.find("#shoot").click()
    page.until(lambda: page.state == "done")
    assert not page.find("#camera").is_displayed()


def contrast(page: Page, selector: str) -> float:
    """Of an element's border with what is around it (WCAG 2, 1.4.11 asks for 3)."""

    def light(element: Any, what: str) -> float:
        parts = re.findall(r"[\d.]+", element.value_of_css_property(what))[:3]
        linear = [
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
            for c in (float(part) / 255 for part in parts)
        ]
        return float(np.dot((0.2126, 0.7152, 0.0722), linear)) + 0.05

    element = page.find(selector)
    pair = light(element, "border-top-color"), light(element, "background-color")
    return max(pair) / min(pair)


def test_a_phone_and_dark_mode_fit(page: Page) -> None:
    driver = page.driver
    assert contrast(page, "#focal") >= 3
    light = page.find("body").value_of_css_property("background-color")
    try:
        features = [{"name": "prefers-color-scheme", "value": "dark"}]
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        assert page.find("body").value_of_css_property("background-color") != light
        assert contrast(page, "#focal") >= 3
        for width in (320, 360, 768):
            screen = {"width": width, "height": 780, "deviceScaleFactor": 2, "mobile": True}
            driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
            page.until(lambda width=width: page.scroll_width <= width, 5)
            assert page.find("#canvas").rect["width"] > 0.6 * min(width, 700)
    finally:
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_same_point_twice_is_no_distance(page: Page) -> None:
    page.find("#focal").send_keys("150\t")
    page.until(lambda: "150 px" in page.text("#assumption"))
    page.point(64, 48, WIDTH, HEIGHT, click=True)
    page.point(64, 48, WIDTH, HEIGHT, click=True)
    assert page.text("#distance") == "Now the other end."


def test_what_is_dropped_on_a_field_is_the_fields(page: Page) -> None:
    drop = (
        "const dataTransfer = new DataTransfer(); dataTransfer.items.add(new File(['x'], 'x.png'));"
        "const event = new DragEvent('drop', {dataTransfer, bubbles: true, cancelable: true});"
        "document.querySelector(arguments[0]).dispatchEvent(event); return event.defaultPrevented"
    )
    page.driver.execute_script("document.querySelector('#teach-depth').disabled = false")
    assert not page.driver.execute_script(drop, "#teach-depth")
    assert page.state == "done"
    assert page.driver.execute_script(drop, "#stage")
    page.until(lambda: page.state == "failed")
    page.complaints()


def test_fingers_read_and_measure(driver: Any, live: Live, photo: Path, pool: Path) -> None:
    expected = DepthEstimator(pool, METHOD, focal_px=150)(photo)

    def send(command: str, **arguments: object) -> None:
        driver.execute_cdp_cmd(f"Emulation.{command}", arguments)

    try:
        send("setDeviceMetricsOverride", width=390, height=780, deviceScaleFactor=2, mobile=True)
        send("setTouchEmulationEnabled", enabled=True)
        send("setEmitTouchEventsForMouse", enabled=True, configuration="mobile")
        page = Page(driver, live.address)
        page.upload(photo)
        page.find("#focal").send_keys("150\t")
        page.until(lambda: "150 px" in page.text("#assumption"))
        assert page.text("#hint") == "Tap two points to measure."
        assert page.text("#spread") == "Touch the picture."
        box = driver.execute_script(
            "const {x, y, width, height} = document.querySelector('#canvas')"
            ".getBoundingClientRect(); return [x, y, width, height]"
        )
        for column, row in ((30, 40), (90, 60)):
            finger = {
                "x": box[0] + (column + 0.5) / WIDTH * box[2],
                "y": box[1] + (row + 0.5) / HEIGHT * box[3],
            }
            for kind, fingers in (("touchStart", [finger]), ("touchEnd", [])):
                driver.execute_cdp_cmd(
                    "Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers}
                )
            page.until(lambda at=f"{column}, {row} px": page.text("#spread").endswith(at))
            assert metres(page) == pytest.approx(expected.depth[row, column], abs=0.00051)
        assert re.match(r"[\d.]+ m ± [\d.]+ m", page.text("#distance"))
    finally:
        send("setEmitTouchEventsForMouse", enabled=False)
        send("setTouchEmulationEnabled", enabled=False)
        send("clearDeviceMetricsOverride")


def test_the_photo_on_show_is_added_though_another_is_being_estimated(
    driver: Any, tmp_path: Path, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool, truth, other = make_pool(tmp_path, count=6), tmp_path / "truth.png", tmp_path / "b.jpg"
    Image.fromarray((scene(50)[1] * 1000).astype(np.uint16)).save(truth)
    Image.fromarray(scene(51)[0]).save(other)
    catalogue, release = Catalogue([pool]), threading.Event()
    estimator = catalogue.estimator

    def slow(*arguments: Any) -> DepthEstimator:
        assert release.wait(60)
        return estimator(*arguments)

    with running(create_app(catalogue, method="knn")) as live:
        page = Page(driver, live.address)
        page.upload(photo)
        page.find("#teach-shown").click()
        page.find("#teach-depth").send_keys(str(truth))
        monkeypatch.setattr(catalogue, "estimator", slow)
        try:
            page.find("#file").send_keys(str(other))
            page.until(page.find("#busy").is_displayed)
            page.find("#teach button").click()
            page.until(lambda: len(Pool.open(pool)) == 7)
        finally:
            release.set()
        name = hashlib.sha256(photo.read_bytes()).hexdigest()[:16]
        assert f"added/{name}" in Pool.open(pool)
        page.until(lambda: "7 pairs now. The photo" in page.text("#taught"))


def test_adding_a_pair_changes_the_next_answer(driver: Any, tmp_path: Path, photo: Path) -> None:
    pool = make_pool(tmp_path, count=6)
    truth = tmp_path / "truth.png"
    Image.fromarray((scene(50)[1] * 1000).astype(np.uint16)).save(truth)
    with running(create_app(Catalogue([pool]), method="knn")) as live:
        page = Page(driver, live.address)
        page.upload(photo)
        before = page.text("#facts")
        page.find("#teach-shown").click()
        page.find("#teach-depth").send_keys(str(truth))
        assert page.find("#teach-kind").get_property("value") == "z"
        page.find("#teach-focal").send_keys("150")
        page.find("#teach button").click()
        page.until(lambda: "7 pairs now. The photo" in page.text("#taught"))
        assert len(Pool.open(pool)) == 7
        intrinsics = Pool.open(pool).photo(page.text("#evidence .name")).intrinsics
        assert intrinsics is not None
        assert intrinsics.fx == 150
        assert page.text("#facts") != before
        assert page.text("#evidence .name").startswith("added/")
        own = DepthEstimator(pool, "knn")(photo)
        page.point(64, 48, WIDTH, HEIGHT)
        assert metres(page) == pytest.approx(own.depth[48, 64], abs=0.00051)
        page.find("#teach button").click()
        page.until(lambda: "had this photo already" in page.text("#taught"))
        page.choose("pool", "none")
        assert not page.find("#teach button").is_enabled()
        assert page.complaints() == []
