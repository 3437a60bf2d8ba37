"""python -m zoo serve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import tyro

from zoo import models
from zoo.cli.parse import extra
from zoo.errors import ZooError


@dataclass(frozen=True)
class Serve:
    """Answers over HTTP as TensorFlow Serving does, until Ctrl-C; needs the extra serve."""

    names: Annotated[tuple[str, ...], tyro.conf.Positional]
    """Names or paths of saved models."""
    host: str = "127.0.0.1"
    """Address to listen at: by default this machine alone reaches it; 0.0.0.0 for all that can. There is no
    password: put what checks one before it."""
    port: int = 8501
    """Port of REST; 0 for one that is free."""
    grpc_port: int = 0
    """Port of gRPC, 8500 say, which needs the extra grpc; 0: none."""
    max_body: int = 8_000_000
    """Most bytes of a request."""
    max_rows: int = 1024
    """Most rows of a request."""
    max_waiting: int = 4096
    """Most rows that wait for an answer; whoever comes then is told to come again."""
    timeout: float = 30.0
    """Seconds for a request to arrive, and for its answer."""

    def run(self) -> None:
        """Loads the models, and serves them."""
        if not self.names:
            raise ZooError("name the models: python -m zoo serve sentiment_tweets")
        low = {"max_body": self.max_body, "max_rows": self.max_rows, "max_waiting": self.max_waiting}
        for name, value in {**low, "timeout": self.timeout}.items():
            if value <= 0:
                raise ZooError(f"--{name.replace('_', '-')} {value}: must be more than 0")
        for name, value in {"port": self.port, "grpc_port": self.grpc_port}.items():
            if not 0 <= value < 1 << 16:
                raise ZooError(f"--{name.replace('_', '-')} {value}: must lie between 0 and 65535")
        with extra("serve"):
            from zoo.serve import rest, server
            from zoo.serve.served import Limits, Served, one_core_each
        beside, bound = None, server.bind(self.host, self.port)
        found = [models.find(name) for name in self.names]
        if self.grpc_port:
            with extra("grpc"):
                from zoo.serve import grpc
        one_core_each()
        limits = Limits(self.max_body, self.max_rows, self.max_waiting, self.timeout)
        served = Served([models.Model(saved) for saved in found], limits)
        served.warm_up()
        if self.grpc_port:
            beside = grpc.beside(served, self.host, self.grpc_port)

        def ready(port: int) -> None:
            for name in served.models:
                print(f"{name}: http://{self.host}:{port}/v1/models/{name}:predict", flush=True)
            print("health at /health, figures for Prometheus at /metrics; Ctrl-C ends", flush=True)

        try:
            server.serve(rest.application(served), bound, self.timeout, ready, beside)
        finally:
            served.close()
        print("stopped")
