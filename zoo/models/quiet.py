"""Imports TensorFlow without the chatter that it prints before anything can silence it."""

import contextlib
import importlib
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from types import ModuleType


def import_tensorflow() -> ModuleType:
    """Imports TensorFlow, holding back its start-up messages unless the import fails.

    Set TF_CPP_MIN_LOG_LEVEL=0 to see them, for instance to learn why a GPU is not found.
    """
    if "tensorflow" in sys.modules or os.environ.get("TF_CPP_MIN_LOG_LEVEL") == "0":
        return importlib.import_module("tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            tensorflow = importlib.import_module("tensorflow")
            tensorflow.config.list_physical_devices()  # looks for a GPU, and says so
        except BaseException:
            held.seek(0)
            os.write(kept, held.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
    return tensorflow


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Holds back what TensorFlow's Python part logs: names that a stranger chose are in it."""
    logger = logging.getLogger("tensorflow")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before
