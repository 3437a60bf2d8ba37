"""The rooms: the documentation, the contract in pyproject.toml, the folders and the imports agree."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def rooms_in_order() -> list[str]:
    """Rooms of the contract, the highest first, each once."""
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    (contract,) = tool["importlinter"]["contracts"]
    modules = [name for layer in contract["layers"] for name in re.split(r" [|:] ", layer)]
    return list(dict.fromkeys(".".join(name.split(".")[:2]) for name in modules))


def test_the_table_names_the_rooms_in_the_order_of_the_contract():
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(zoo\.\w+)` \|", text, re.MULTILINE) == rooms_in_order()


def test_every_folder_is_a_room_and_nothing_else_lies_loose():
    found = {
        path.stem
        for path in (ROOT / "zoo").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert found - {"__init__"} == {room.removeprefix("zoo.") for room in rooms_in_order()}


def test_no_import_goes_up():
    command = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command as c; c()",
        "--no-cache",
    ]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
    assert "1 kept, 0 broken" in run.stdout


def test_recipes_import_rooms_and_never_files_below_them():
    for recipe in sorted((ROOT / "zoo/recipes").glob("[a-z]*.py")):
        names = re.findall(
            r"^(?:from|import) (zoo\.[\w.]+)", recipe.read_text(encoding="utf-8"), re.MULTILINE
        )
        assert [name for name in names if name.count(".") > 1] == [], recipe.name


def test_functions_that_tensorflow_may_translate_name_only_what_they_can_see():
    """AutoGraph runs a function's source anew, annotations too, and sees of others what the body names."""
    found = []
    for path in sorted((ROOT / "zoo").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        imported = {
            alias.asname or alias.name
            for node in tree.body
            if isinstance(node, ast.Import)
            for alias in node.names
        }
        if "tf" in imported:
            continue
        outer = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        for inner in {node for each in outer for node in ast.walk(each) if node is not each}:
            if isinstance(inner, ast.FunctionDef):
                said = [argument.annotation for argument in inner.args.args] + [inner.returns]
                if _names_tf(filter(None, said)) and not _names_tf(inner.body):
                    found.append(f"{path.relative_to(ROOT)}:{inner.lineno} {inner.name}")
    assert not found, "say Any instead"


def _names_tf(nodes) -> bool:
    return any(isinstance(node, ast.Name) and node.id == "tf" for each in nodes for node in ast.walk(each))
