"""The site: what it names is there, what is there is named, and its hook mends links as it should."""

import base64
import importlib.util
import json
from pathlib import Path

import pytest
import yaml
from mkdocs.config import load_config
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))


class Loader(yaml.SafeLoader):
    """Reads mkdocs.yml, whose tags name objects of Python, as data."""


Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)


def named(entries):
    for entry in entries:
        for value in [entry] if isinstance(entry, str) else entry.values():
            yield from [value] if isinstance(value, str) else named(value)


@pytest.fixture(scope="module")
def hooks():
    spec = importlib.util.spec_from_file_location("docs_hooks", ROOT / "docs" / "hooks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shown(hooks, config, folder, path, content, others=()):
    """Returns a page and its Markdown, as the hook leaves it."""
    (folder / path).parent.mkdir(parents=True)
    (folder / path).write_text(content, "utf-8")
    first, *files = [File(name, str(folder), str(folder / "site"), True) for name in (path, *others)]
    files, page = Files(files), Page(None, first, config)
    page.read_source(config)
    return page, hooks.on_page_markdown(page.markdown, page=page, files=files)


@pytest.fixture(scope="module")
def config():
    return load_config(str(ROOT / "mkdocs.yml"))


def test_the_site_names_every_page_there_is(hooks):
    pages = set(named(yaml.load((ROOT / "mkdocs.yml").read_text("utf-8"), Loader)["nav"]))
    # A model that a newcomer exported beside the shipped ones is none of the site's.
    shipped = {path for path in pages if path.startswith("saved_models/")}
    there = {
        str(path.relative_to(ROOT))
        for pattern in hooks.GATHERED
        for path in ROOT.glob(pattern)
        if not pattern.startswith("saved_models/")
    }
    made = {f"docs/api/{page}.md" for page in hooks.API} | {
        f"docs/notebooks/{path.stem}.md" for path in NOTEBOOKS
    }
    assert pages - shipped == there | made
    assert all((ROOT / path).is_file() for path in shipped)
    assert {f"recipes/{path.parent.name}/README.md" for path in ROOT.glob("recipes/*/README.md")} <= pages


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_kept_without_what_they_printed(path):
    cells = [cell for cell in json.loads(path.read_text("utf-8"))["cells"] if cell["cell_type"] == "code"]
    assert cells
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells)


def test_links_to_pages_hold_and_others_become_code(hooks, config, tmp_path):
    text = (
        "[a](speed.md#x) [b](../zoo/errors.py) [`c`](../zoo/errors.py) [d](../recipes/tagging/#y) "
        "[e](https://a.b) [f](no.md) `[g](../zoo/errors.py)`\n\n```\n[h](../zoo/errors.py)\n```"
    )
    others = ["docs/speed.md", "recipes/tagging/README.md"]
    _, mended = shown(hooks, config, tmp_path, "docs/serving.md", text, others)
    assert mended == text.replace("[b](../zoo/errors.py)", "`b`", 1).replace(
        "[`c`](../zoo/errors.py)", "`c`"
    ).replace("tagging/#y", "tagging/README.md#y")


def test_a_cards_header_is_left_out(hooks, config, tmp_path):
    page, markdown = shown(
        hooks, config, tmp_path, "saved_models/a/README.md", "---\ntitle: no\ntags: [x]\n---\n# a\n"
    )
    assert (page.meta, markdown.strip()) == ({}, "# a")


def test_a_notebook_becomes_a_page(hooks):
    import nbformat.v4 as v4

    cell = v4.new_code_cell("f()")
    cell.outputs = [
        v4.new_output("stream", name="stdout", text="1/2\r2/2\n\x1b[1mdone\x1b[0m\n"),
        v4.new_output("stream", name="stderr", text="noise"),
        v4.new_output("display_data", {"image/png": base64.b64encode(b"png").decode(), "text/plain": "<F>"}),
        v4.new_output(
            "display_data", {"text/html": '<style>x\n</style>\n<table border="1" class="dataframe">'}
        ),
        v4.new_output("execute_result", {"text/plain": "3"}),
    ]
    told = hooks._Shown("n")
    page = told.page([v4.new_markdown_cell("# T"), cell])
    _, note, *parts = page.split("\n\n")
    assert "[n.ipynb](n.ipynb)" in note
    assert parts == [
        "```python\nf()\n```",
        "```text\n2/2\ndone\n```",
        "![what the code above draws](n-1.png)",
        "<table>",
        "```text\n3\n```",
    ]
    assert told.pictures == {"n-1.png": b"png"}
