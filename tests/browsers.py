"""A browser, as tests of the page and the script that takes its pictures start it."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from typing import Any

SHIPPED = (
    "sentiment_tweets",
    "tagging_python",
    "translation_cldr_en_fr",
    "captioning_emoji",
    "captioning_moving_emoji",
    "generation_python",
    "forecasting_seattle",
    "recognition_exercises",
    "transcription_lines",
    "drawing_kanji",
)
"""A model of each mapping."""
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


def installed() -> str | None:
    """Returns the path of a browser that is installed."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


@contextlib.contextmanager
def headless(path: str) -> Iterator[Any]:
    """Starts a browser without a window, and ends it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()
