"""python -m zoo models: fetching models by name, and packing them for others to fetch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from zoo import models
from zoo.errors import ZooError


@dataclass(frozen=True)
class Models:
    """Fetches models by name, or packs those that are here for others to fetch."""

    action: Annotated[Literal["get", "pack"], tyro.conf.Positional]
    """get fetches models from ZOO_MODELS, a folder or an address, into the cache, and anew what differs there
    by now; pack writes a folder that ZOO_MODELS can name: an archive of each model, and their index."""
    names: Annotated[tuple[str, ...], tyro.conf.Positional] = ()
    """Of get, the models; of pack, the folder to fill, and then the models, if not all that are here."""
    all: bool = False
    """Of get, all models that there are."""
    wheels: bool = False
    """Of pack, write a wheel for each mapping instead, `sequence-zoo-models-<mapping>`, for those who reach
    nothing but an index of packages: installed, its models are found by name."""

    def run(self) -> None:
        """Fetches or packs."""
        if self.action == "pack":
            self._pack()
        elif self.wheels:
            raise ZooError("--wheels is for pack; leave it out for get")
        else:
            self._get()

    def _get(self) -> None:
        from zoo.models.store import Store

        if bool(self.names) == self.all:
            raise ZooError("name the models, or give --all: python -m zoo models get translation_en_fr")
        store = Store()
        for name in self.names or sorted(store.index()):
            print(store.get(name))

    def _pack(self) -> None:
        from zoo.models import store, wheels

        if self.all:
            raise ZooError("--all is for get; pack takes all models unless some are named")
        if not self.names:
            raise ZooError("name the folder to fill: python -m zoo models pack DIR")
        folder, *names = self.names
        here = {saved.name: saved for saved in models.list_models()}
        chosen = {name: models.find(name) for name in names} or here
        try:
            written = (wheels if self.wheels else store).pack(chosen, Path(folder))
        except OSError as error:
            raise ZooError(f"{folder}: cannot be written ({error.strerror}); give another folder") from None
        for path in written:
            print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
