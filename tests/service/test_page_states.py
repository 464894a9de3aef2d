"""What the page says where something is not as it should be: honest, and a way on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import Page
from PIL import Image
from services import METHOD, Live, running
from test_page import HEIGHT, WIDTH

from neardepth import DepthEstimator
from neardepth.service.app import create_app
from neardepth.service.catalogue import Catalogue

Keys = pytest.importorskip("selenium.webdriver.common.keys").Keys


def test_a_failure_is_told_and_the_next_photo_works(
    page: Page, tmp_path: Path, photo: Path
) -> None:
    bad = tmp_path / "notes.jpg"
    bad.write_text("no picture")
    page.upload(bad)
    assert page.state == "failed"
    assert "Not a photo" in page.text("#failed")
    assert not page.find("#viewer").is_displayed()
    assert not page.find("#unsure").is_displayed()
    page.complaints()  # the browser logs the refused request itself
    page.upload(photo)
    assert page.state == "done"


def test_an_unsure_answer_says_so(page: Page, tmp_path: Path, pool: Path) -> None:
    odd = tmp_path / "chessboard.png"
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    Image.fromarray(((rows // 8 + columns // 8) % 2 * 255).astype(np.uint8)).save(odd)
    assert DepthEstimator(None, METHOD)(odd).low_confidence
    assert not page.find("#unsure").is_displayed()
    page.choose("pool", "none")
    page.upload(odd)
    assert "do not rely" in page.text("#unsure")
    bad = tmp_path / "notes.jpg"
    bad.write_text("no picture")
    page.upload(bad)
    assert not page.find("#unsure").is_displayed()


def test_a_refused_camera_leaves_the_answer_on_show(page: Page) -> None:
    page.driver.execute_script(
        "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no'))"
    )
    page.find("#again [data-open=camera]").click()
    page.until(lambda: "No camera" in page.text("#failed"))
    assert page.state == "done"
    assert page.find("#viewer").is_displayed()
    assert page.find("#downloads button").is_displayed()


def test_another_photo_turns_the_camera_off(driver: Any, live: Live, photo: Path) -> None:
    page = Page(driver, live.address)
    page.find("#drop [data-open=camera]").click()
    video = page.until(lambda: page.find("#video"))
    page.until(lambda: video.get_property("videoWidth") > 0)
    driver.execute_script("window.track = arguments[0].srcObject.getTracks()[0]", video)
    page.upload(photo)
    page.until(lambda: page.state == "done")
    assert driver.execute_script("return window.track.readyState") == "ended"
    assert not page.find("#camera").is_displayed()
    assert page.find("#viewer").is_displayed()


def test_a_failed_download_says_why(page: Page, live: Live) -> None:
    live.state.results.expire()
    for key in list(live.state.results._kept):
        live.state.results.forget(key)
    button = page.find("#downloads button[title='Download depth.png']")
    button.click()
    page.until(lambda: "depth.png: It was dropped" in page.text("#download-note"))
    assert button.text == "depth.png"
    page.complaints()


def test_a_start_that_failed_can_be_tried_again(
    driver: Any, live: Live, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("neardepth.service.pools._facts", fail)
    driver.get(f"{live.address}/")
    page = Page.__new__(Page)
    page.driver = driver
    page.until(lambda: "server failed" in page.text("#failed"))
    monkeypatch.undo()
    page.find("#failed button").click()
    page.until(lambda: page.find("#pool option"))
    assert not page.find("#failed").is_displayed()
    page.upload(photo)
    assert page.state == "done"
    page.complaints()


def test_the_page_asks_for_the_token(driver: Any, pool: Path, photo: Path) -> None:
    token = "a-token-of-some-length"
    app = create_app(Catalogue([pool]), method=METHOD, token=token)
    with running(app) as live:
        assert live.client.get("/v1/pools").status_code == 401
        driver.get(live.address)
        dialog = driver.find_element("id", "token")
        page = Page.__new__(Page)
        page.driver = driver
        page.until(dialog.is_displayed)
        dialog.send_keys(Keys.ESCAPE)
        page.until(lambda: "token is needed" in page.text("#failed"))
        page.find("#failed button").click()
        page.until(dialog.is_displayed)
        dialog.send_keys(Keys.ESCAPE)
        page.until(lambda: "token is needed" in page.text("#failed"))
        page.find("#file").send_keys(str(photo))  # instead of trying again
        for wrong in ("пароль-по-русски", "not-the-token-at-all"):
            page.until(dialog.is_displayed)
            dialog.send_keys(wrong + "\n")
            page.until(lambda: "not accepted" in page.text("#token-refused"))
            assert dialog.get_property("value") == ""
            kept = driver.execute_script("return sessionStorage.length")
            assert kept == 0
        dialog.send_keys(token + "\n")
        page.until(lambda: page.find("#pool option"))
        page.settle()
        assert page.state == "done"
        assert page.find("#method option")
        page.until(lambda: page.find("#evidence img").get_property("naturalWidth"))
