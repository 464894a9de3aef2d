"""Make the pictures of the page in docs/: a rendered room in light and dark mode.

    neardepth serve --pool rooms --method kernel-fast
    python tools/page_pictures.py http://127.0.0.1:8000

Needs Chromium with its driver, and selenium.
"""

from __future__ import annotations

import io
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains

ROOT = Path(__file__).resolve().parent.parent
PHOTO = ROOT / "examples" / "rooms" / "rgb" / "100010.jpg"
SIZE = (1280, 800)
BITS = 7  # of each colour: the last one is noise that no eye sees, and half of the file


def main() -> None:
    """Write docs/page-light.png and docs/page-dark.png."""
    driver = browser()
    try:
        driver.get(sys.argv[1])
        time.sleep(2)
        driver.find_element("id", "file").send_keys(str(PHOTO))
        body = driver.find_element("tag name", "body")
        while body.get_attribute("data-state") != "done":
            time.sleep(0.5)
        time.sleep(3)  # until the neighbours' pictures are there
        canvas = driver.find_element("id", "canvas")
        for right, down in ((-95, 60), (130, 45)):
            ActionChains(driver).move_to_element_with_offset(canvas, right, down).click().perform()
        save(driver, "light")
        features = [{"name": "prefers-color-scheme", "value": "dark"}]
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        driver.find_element("css selector", "[data-view=points]").click()
        space = driver.find_element("id", "space")
        ActionChains(driver).drag_and_drop_by_offset(space, 70, 25).perform()
        time.sleep(1)
        save(driver, "dark")
    finally:
        driver.quit()


def browser() -> Any:
    """Open headless Chromium."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for argument in (
        "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars",
        "--enable-unsafe-swiftshader",
    ):  # fmt: skip
        options.add_argument(argument)
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    screen = {"width": SIZE[0], "height": SIZE[1], "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    return driver


def save(driver: Any, name: str) -> None:
    """Write what is on the screen."""
    path = ROOT / "docs" / f"page-{name}.png"
    shot = Image.open(io.BytesIO(driver.get_screenshot_as_png())).convert("RGB")
    ImageOps.posterize(shot, BITS).save(path, optimize=True)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
