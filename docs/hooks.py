"""What MkDocs does not do itself: gathers pages from the whole checkout, runs the notebooks, mends links.

A page keeps the path it has in the checkout, so that links between pages hold on the site as they do there.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import os
import posixpath
import re
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

import nbformat
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from nbclient import NotebookClient

ROOT = Path(__file__).parent.parent
GATHERED = ("*.md", "docs/*.md", "recipes/*/*.md", "saved_models/*/README.md")
SHOWN = ("docs/*.css", "docs/pictures/*.png", "recipes/*/*.png", "recipes/*/*.svg")
# zoo.md also has what `zoo.load` and `zoo.train` give back.
API = {"zoo": ("zoo", "zoo.models.Model")} | {
    room: (f"zoo.{room}",)
    for room in ("data", "decoding", "export", "layers", "metrics", "tasks", "text", "training")
}

_log = logging.getLogger("mkdocs.hooks.zoo")
_building = True
# Code is matched first, where nothing that looks like a link is one.
_LINK = re.compile(
    r"^```.*?^```|!?\[(?P<text>[^]]*)\]\((?P<target>[^)\s]+)\)|`+[^`\n]+`+", re.MULTILINE | re.DOTALL
)
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def on_startup(command: Literal["build", "gh-deploy", "serve"], **_: Any) -> None:
    """Notes whether the site is built; while one writes, notebooks are not run anew with each change."""
    global _building
    _building = command != "serve"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Replaces the files of docs/ by those of the whole checkout that are pages or are shown on one."""
    theme = [file for file in files if not Path(file.abs_src_path or "").is_relative_to(ROOT / "docs")]
    paths = [path for pattern in (*GATHERED, *SHOWN) for path in sorted(ROOT.glob(pattern))]
    gathered = [File.generated(config, str(path.relative_to(ROOT)), abs_src_path=str(path)) for path in paths]
    api = [File.generated(config, f"docs/api/{page}.md", content=_api(page)) for page in API]
    return Files([*theme, *gathered, *api, *_notebooks(config)])


def on_page_markdown(markdown: str, page: Page, files: Files, **_: Any) -> str:
    """Turns links to files that are no page into plain code, and those to a folder into its README's."""
    if page.file.src_uri.startswith("saved_models/"):
        page.meta = {}  # a card's header is for model hubs: none of it is for MkDocs
    if page.file.src_uri == "README.md":
        page.meta = {"hide": ["navigation"]}  # beside it there is nothing, and its table is wide
    folder = posixpath.dirname(page.file.src_uri)

    def mended(link: re.Match[str]) -> str:
        target = link["target"]
        if target is None or re.match(r"[a-z]+:|#", target):
            return link[0]
        path, _, anchor = target.partition("#")
        found = posixpath.normpath(posixpath.join(folder, path))
        if found in files.src_uris:
            return link[0]
        if posixpath.join(found, "README.md") in files.src_uris:
            return f"[{link['text']}]({posixpath.join(path, 'README.md')}{'#' * bool(anchor)}{anchor})"
        if not (ROOT / found).exists():
            return link[0]  # MkDocs complains of it
        return link["text"] if "`" in link["text"] else f"`{link['text']}`"

    return _LINK.sub(mended, markdown)


def on_page_content(html: str, **_: Any) -> str:
    """Leaves out the dash before what has no name and no type to stand before it."""
    return re.sub(r'(<li class="doc-section-item field-body">)\s*–\s*', r"\1", html)


def _api(page: str) -> str:
    return f"# {API[page][0]}\n\n" + "\n\n".join(f"::: {name}" for name in API[page])


# Notebooks --------------------------------------------------------------------------------------------------


def _notebooks(config: MkDocsConfig) -> Iterator[File]:
    paths = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))
    notebooks = {path: nbformat.read(path, as_version=4) for path in paths}
    if _building:
        asyncio.run(_run_all(notebooks))
    else:
        _log.info("Notebooks are shown without what they print: only a build runs them")
    for path, notebook in notebooks.items():
        name = path.relative_to(ROOT)
        yield File.generated(config, str(name), abs_src_path=str(path))
        shown = _Shown(path.stem)
        yield File.generated(config, str(name.with_suffix(".md")), content=shown.page(notebook.cells))
        for picture, content in shown.pictures.items():
            yield File.generated(config, str(name.with_name(picture)), content=content)


async def _run_all(notebooks: dict[Path, Any]) -> None:
    """Runs all at a time: much of what they do keeps one core busy and no more."""
    await asyncio.gather(*(_run(notebook, path.name) for path, notebook in notebooks.items()))


async def _run(notebook: Any, name: str) -> None:
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:  # where TMPDIR is too: nothing stays behind
        environment = {"ZOO_CACHE": folder, "TF_CPP_MIN_LOG_LEVEL": "3"} | os.environ | {"TMPDIR": folder}
        client = NotebookClient(notebook, timeout=600, kernel_name="python3")
        await client.async_execute(cwd=folder, env=environment)
    _log.info(f"{name} ran in {time.monotonic() - began:.0f} s")


class _Shown:
    """A notebook as Markdown, and the pictures that it drew."""

    def __init__(self, name: str):
        self.name = name
        self.pictures: dict[str, bytes] = {}

    def page(self, cells: Iterable[Any]) -> str:
        """Returns the page."""
        head, *parts = [part for cell in cells for part in self._cell(cell)]
        note = (
            f"*What you see was printed when this site was built, by [{self.name}.ipynb]({self.name}.ipynb).*"
        )
        return "\n\n".join([head, note, *parts])

    def _cell(self, cell: Any) -> Iterator[str]:
        if cell.cell_type == "markdown":
            yield cell.source
            return
        yield f"```python\n{cell.source}\n```"
        for output in [] if "remove-output" in cell.metadata.get("tags", []) else _merged(cell.outputs):
            data = output.get("data", {})
            if "image/png" in data:
                picture = f"{self.name}-{len(self.pictures) + 1}.png"
                self.pictures[picture] = base64.b64decode(data["image/png"])
                yield f"![what the code above draws]({picture})"
            elif "dataframe" in data.get("text/html", ""):
                frame = re.sub(r"<style.*?</style>\s*", "", data["text/html"], flags=re.DOTALL)
                yield frame.replace('<table border="1" class="dataframe">', "<table>")  # as the theme's are
            elif text := _as_printed(output.get("text") or data.get("text/plain", "")):
                yield f"```text\n{text}\n```"


def _merged(outputs: Iterable[Any]) -> Iterator[Any]:
    """Joins what is printed in a row; what goes to standard error is left out."""
    text = ""
    for output in outputs:
        data = output.get("data", {})
        if "image/png" in data or "dataframe" in data.get("text/html", ""):
            yield {"text": text}
            yield output
            text = ""
        elif output.get("name") != "stderr":
            text += output.get("text") or data.get("text/plain", "") + "\n"
    yield {"text": text}


def _as_printed(text: str) -> str:
    """What a terminal shows in the end: a progress bar once, without colours."""
    lines = _ANSI.sub("", text).replace("\b", "").rstrip().split("\n")
    return "\n".join(line.rstrip("\r").rpartition("\r")[2].rstrip() for line in lines)
