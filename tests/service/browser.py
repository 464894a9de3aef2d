"""Headless Chromium at the page, as a user would sit there."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> tuple[str, str]:
    """Paths of the browser and its driver; the test is skipped, aloud, where one is missing."""
    pytest.importorskip("selenium", reason="selenium is not installed")
    browser = next(filter(None, map(shutil.which, CHROMIUM)), None)
    driver = shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.skip("no Chromium with its driver: apt-get install chromium chromium-driver")
    return browser, driver


@contextmanager
def chromium(downloads: Path) -> Iterator[Any]:
    """A headless browser with a made-up camera."""
    browser, driver_path = find_chromium()
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for argument in (
        "--headless=new",
        "--disable-dev-shm-usage",
        "--enable-unsafe-swiftshader",
        "--hide-scrollbars",
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        *(["--no-sandbox"] if os.geteuid() == 0 else []),
    ):
        options.add_argument(argument)
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(driver_path))
    driver.set_window_size(1280, 900)
    try:
        yield driver
    finally:
        driver.quit()


class Page:
    """The page, by what a user sees and does."""

    def __init__(self, driver: Any, address: str) -> None:
        from selenium.webdriver.common.action_chains import ActionChains

        self.driver, self.actions = driver, lambda: ActionChains(driver, duration=20)
        driver.get("about:blank")
        self.complaints()  # of the page before, whose service may have stopped
        driver.get(f"{address}/")
        self.until(lambda: self.find("#pool option"))

    def find(self, selector: str) -> Any:
        found = self.driver.find_elements("css selector", selector)
        return found[0] if found else None

    def text(self, selector: str) -> str:
        return str(self.find(selector).text)

    def until(self, condition: Callable[[], Any], seconds: float = 60) -> Any:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = condition()
            if found:
                return found
            time.sleep(0.05)
        raise AssertionError(f"waited {seconds} s in vain; the page says: {self.text('body')}")

    @property
    def state(self) -> str:
        return str(self.find("body").get_attribute("data-state"))

    @property
    def scroll_width(self) -> int:
        """Pixels that the page is wide, on the screen or beyond."""
        return int(self.driver.execute_script("return document.scrollingElement.scrollWidth"))

    def settle(self) -> None:
        """Wait until the answer to what was done last is on show."""
        self.until(lambda: self.state != "loading" and not self.find("#busy").is_displayed())

    def upload(self, path: Path) -> None:
        self.find("#file").send_keys(str(path))
        self.settle()

    def choose(self, select: str, value: str) -> None:
        self.find(f"#{select} option[value='{value}']").click()
        self.settle()

    def point(self, x: int, y: int, width: int, height: int, *, click: bool = False) -> None:
        """Move the pointer to the middle of a pixel of a width × height picture."""
        canvas = self.find("#canvas")
        box = canvas.rect
        right = round((x + 0.5) / width * box["width"] - box["width"] / 2)
        down = round((y + 0.5) / height * box["height"] - box["height"] / 2)
        actions = self.actions().move_to_element_with_offset(canvas, right, down)
        (actions.click() if click else actions).perform()

    def press(self, *keys: str) -> None:
        self.actions().send_keys(*keys).perform()

    def complaints(self) -> list[str]:
        """Errors of the console: failed scripts, and what the security policy refused."""
        return [
            entry["message"]
            for entry in self.driver.get_log("browser")
            if entry["level"] == "SEVERE"
        ]
