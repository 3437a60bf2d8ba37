"""Shipped models that are converted, and asked where there is neither TensorFlow nor the zoo."""

import json
import subprocess
import sys
from pathlib import Path

import zoo
from zoo.edge import convert, runtime

SAVED_MODELS = Path(__file__).parents[1] / "saved_models"
_PROGRAM = """
import sys, runpy
for name in ("tensorflow", "keras", "zoo", "scipy", "pandas", "tf2onnx"): sys.modules[name] = None
sys.argv = sys.argv[1:]; sys.path.insert(0, sys.argv[0].rsplit("/", 1)[0])
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def converted(name, factory, to="onnx"):
    """Returns a saved model, the folder that it is converted into, and what opens that."""
    folder = factory.mktemp("converted") / name
    model = zoo.load(str(SAVED_MODELS / name))
    convert(model, folder, to)
    return model, folder, runtime.load(folder)


def asked(folder, *arguments, given=""):
    """Returns the rows that ask.py prints where there is nothing but numpy and what runs the network."""
    command = [sys.executable, "-c", _PROGRAM, str(folder / "ask.py"), *map(str, arguments)]
    done = subprocess.run(command, input=given, capture_output=True, text=True, cwd="/")
    assert not done.returncode, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]
