"""python -m zoo demo."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

import tyro

from zoo import models
from zoo.cli.parse import extra
from zoo.errors import ZooError

_SECONDS = 120.0  # for an answer: the first one of a model waits until it is loaded


@dataclass(frozen=True)
class Demo:
    """Opens a page on which all models can be tried, until Ctrl-C; needs the extra demo."""

    names: Annotated[tuple[str, ...], tyro.conf.Positional] = ()
    """Names or paths of saved models; by default all that are here. Each is loaded when it is first asked."""
    host: str = "127.0.0.1"
    """Address to listen at: by default this machine alone reaches it."""
    port: int = 8080
    """Port of the page; 0 for one that is free."""
    open: bool = True
    """Open the page in a browser."""

    def run(self) -> None:
        """Serves the page."""
        if not 0 <= self.port < 1 << 16:
            raise ZooError(f"--port {self.port}: must lie between 0 and 65535")
        with extra("demo"):
            from zoo.serve import page, rest, server
            from zoo.serve.served import Limits, Served
        found = [models.find(name) for name in self.names] or models.list_models()
        if not found:
            raise ZooError("there is no model here yet; train one: python -m zoo.recipes.sentiment")
        bound = server.bind(self.host, self.port)
        offered = {saved.name: saved for saved in found}
        served = Served([], Limits(seconds=_SECONDS))
        application = rest.application(served, page.routes(served, offered))

        def ready(port: int) -> None:
            address = f"http://{self.host}:{port}/"
            print(f"{len(offered)} models at {address}; Ctrl-C ends", flush=True)
            if self.open:
                import webbrowser

                webbrowser.open(address)

        async def first_ahead() -> Callable[[], Awaitable[None]]:
            """Loads the model that the page opens with, while somebody opens it."""
            loading = asyncio.create_task(served.loaded(found[0]))

            async def end() -> None:
                loading.cancel()
                await asyncio.gather(loading, return_exceptions=True)  # whoever asks is told what is wrong

            return end

        try:
            server.serve(application, bound, ready=ready, beside=first_ahead)
        finally:
            served.close()
        print("stopped")
