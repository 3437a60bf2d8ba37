"""Takes the README's pictures of the page: python tests/page_pictures.py docs/pictures."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import browsers
from PIL import Image
from servers import started

MODELS = {
    "classification": "sentiment_tweets",
    "tagging": "tagging_conll2003",
    "translation": "translation_de_en",
    "captioning": "captioning_emoji",
    "text": "generation_python",
    "series": "forecasting_seattle",
    "recognition": "recognition_exercises",
    "transcription": "transcription_lines",
    "drawing": "drawing_kanji",
}
LOOKED = {"translation": 3, "captioning": 1, "transcription": 5}  # which word is pointed at
WIDTH, LEAST, MOST = 1200, 620, 1000  # pixels
_COLOURS = 128
_WAIT = 300_000  # milliseconds


def main(folder: Path) -> None:
    """Takes a picture of each mapping."""
    path = browsers.installed()
    if path is None:
        sys.exit("NO chromium (apt-get install chromium): there is nothing to take pictures with")
    folder.mkdir(parents=True, exist_ok=True)
    with started("demo", *MODELS.values(), "--no-open") as server, browsers.headless(path) as browser:
        tab = browser.new_page(viewport={"width": WIDTH, "height": LEAST}, color_scheme="light")
        tab.set_default_timeout(_WAIT)
        for mapping, name in MODELS.items():
            file = folder / f"demo-{mapping}.png"
            file.write_bytes(_small(_taken(tab, f"http://127.0.0.1:{server.port}/#{name}", mapping)))
            print(f"{file}: {file.stat().st_size / 1000:.0f} kB")


def _taken(tab, address: str, mapping: str) -> bytes:
    tab.set_viewport_size({"width": WIDTH, "height": LEAST})
    tab.goto(address)
    tab.reload()
    if mapping == "text":
        tab.get_by_label("length", exact=True).fill("220")
        tab.get_by_role("button", name="Write").click()
        tab.locator(".done").wait_for()
    tab.locator(".answer:not([aria-busy]) > *").first.wait_for()
    if mapping == "drawing":
        tab.wait_for_timeout(2_000)  # until it is drawn
    if mapping in LOOKED:
        tab.locator(".word").nth(LOOKED[mapping]).focus()
    bottom = tab.locator("main").evaluate("main => main.getBoundingClientRect().bottom")
    tab.set_viewport_size({"width": WIDTH, "height": round(min(MOST, max(LEAST, bottom + 28)))})
    tab.wait_for_timeout(500)  # until colours have changed
    taken: bytes = tab.screenshot()
    return taken


def _small(taken: bytes) -> bytes:
    """Returns a picture with few colours, which the page has."""
    content = io.BytesIO()
    Image.open(io.BytesIO(taken)).convert("RGB").quantize(_COLOURS).save(content, "PNG", optimize=True)
    return content.getvalue()


if __name__ == "__main__":
    main(Path(*sys.argv[1:] or ["docs/pictures"]))
