"""Makes the pictures of this folder: `.venv/bin/python docs/gallery/make.py`, once `./absah test` has set up."""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

from playwright.sync_api import sync_playwright

from cli import demo

FOLDER = pathlib.Path(__file__).parent
CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync", "--no-first-run"]
PHONE = {"width": 390, "height": 780}


def main() -> None:
    """Issue the samples in a home of their own, draw their pages, and photograph the verdict on a phone."""
    with tempfile.TemporaryDirectory() as folder:
        absah = [sys.executable, "-m", "cli.main"]
        done = subprocess.run(
            [*absah, "demo", "--exit", "--json", "--home", folder], check=True, capture_output=True, text=True
        )
        permits = json.loads(done.stdout.splitlines()[-1])["permits"]
        for permit, name in zip(permits, ("tower", "factory", "hospital"), strict=True):
            data = pathlib.Path(permit["pdf"]).read_bytes()
            for page in range(1, demo.page_count(data) + 1):
                demo.raster(data, page=page, dpi=84).quantize(64).save(FOLDER / f"{name}-{page}.png", optimize=True)
        server = subprocess.Popen(
            [*absah, "serve", "verifier", "--port", "0", "--home", folder], stdout=subprocess.PIPE, text=True
        )
        try:
            address = re.search(r"http://\S+", server.stdout.readline()).group()
            photograph(address, permits[0]["pdf"])
        finally:
            server.terminate()
            server.wait()


def photograph(address: str, pdf: str) -> None:
    """The first page, and the verdict on an uploaded file."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport=PHONE)
        page.goto(address)
        page.screenshot(path=FOLDER / "start.png")
        page.set_input_files("input[type=file]", pdf)
        page.click("button[type=submit]")
        page.wait_for_load_state()
        page.screenshot(path=FOLDER / "verdict.png")
        browser.close()


if __name__ == "__main__":
    main()
