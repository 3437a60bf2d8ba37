"""python -m zoo prepare."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Annotated

import tyro

from zoo.cli.parse import needs_beam


@dataclass(frozen=True)
class Prepare:
    """Prepares text that fits no memory, on one machine or many, by Apache Beam (needs the extra beam).

    The set is written once, in shards, and its words are counted in the same pass; generation then trains on
    it, read as a stream: python -m zoo.recipes.generation --dataset wiki40b/en --level word.
    """

    dataset: Annotated[str, tyro.conf.Positional]
    """A set of running text that tensorflow-datasets prepares by Beam, such as wiki40b/en."""
    runner: str = "DirectRunner"
    """DirectRunner, which is this machine, DataflowRunner, FlinkRunner, SparkRunner ..."""
    runner_options: str = ""
    """Options of the runner, in one string: --runner-options="--project=mine --region=europe-west1"."""
    level: str = "word"
    """What is counted: word, char or token, as --level of generation."""

    def run(self) -> None:
        """Prepares, and says where."""
        import zoo.tasks  # noqa: F401 - which data sets there are

        with needs_beam("prepare"):
            from zoo.prepared import prepare
        print(prepare(self.dataset, self.runner, shlex.split(self.runner_options), self.level))
