"""Pictures of every view of the lab for the documents: scripts/lab_pictures.py [VIEW]..."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
CHROMIUM = "/usr/bin/chromium"
ADDRESSES = {
    "train": "view=train&recipe=default",
    "net": "view=net&recipe=tutorial-return",
    "shapes": "view=shapes&seq_len=5",
    "backwards": "view=backwards&recipe=tutorial-return&seq_len=20",
    "ladder": "view=ladder",
    "breaks": "view=breaks&recipe=tutorial-return",
    "take": "view=take",
}
SETTLED = 6000
"""Milliseconds that the slowest view takes to fill in."""


def main() -> None:
    wanted = sys.argv[1:] or list(ADDRESSES)
    command = [sys.executable, "-m", "nextclose", "lab", "sample:AAPL", "--no-open"]
    with (
        tempfile.TemporaryDirectory() as data,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "NEXTCLOSE_DATA": data}) as lab,
    ):
        try:
            assert lab.stdout is not None
            base = next(word for word in lab.stdout.readline().split() if word.startswith("http"))
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
                page = browser.new_page(viewport={"width": 1280, "height": 720})
                for view in wanted:
                    shoot(page, f"{base}?theme=light&{ADDRESSES[view]}", PICTURES / f"lab-{view}.png")
                browser.close()
        finally:
            lab.terminate()


def shoot(page: Page, address: str, path: Path) -> None:
    page.goto(address)
    page.wait_for_function("() => window.lab?.verdict")
    page.wait_for_timeout(SETTLED)
    page.screenshot(path=path)
    print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
