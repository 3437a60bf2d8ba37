"""Models that are fetched by name: from a folder, from a site whose connections break, and from wheels."""

import contextlib
import functools
import hashlib
import http.server
import json
import os
import shutil
import subprocess
import sys
import tarfile
import threading
from pathlib import Path

import pytest

import zoo
from zoo.cli.main import main
from zoo.models import store, wheels
from zoo.models.store import Store


@pytest.fixture
def place(trained, tmp_path, monkeypatch):
    """An empty machine, and a folder with the tiny model, packed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("ZOO_MODELS", raising=False)
    saved = zoo.models.find(trained / "saved_models/tiny")
    packed = tmp_path / "packed"
    assert [path.name for path in store.pack({"tiny": saved}, packed)] == ["tiny.tar", "models.json"]
    return packed


@pytest.fixture
def cached(tmp_path):
    return tmp_path / "cache/models"


class Site(http.server.SimpleHTTPRequestHandler):
    """Serves a folder; `breaks` says after how many bytes the connection of each answer breaks."""

    breaks: tuple[int, ...] = ()
    ranges = True
    asked: tuple[str, ...] = ()

    def do_GET(self):
        content = Path(self.translate_path(self.path)).read_bytes()
        wanted = self.headers.get("Range", "bytes=0-")
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if self.ranges else 0
        type(self).asked += (f"{self.path} {start}",)
        self.send_response(206 if self.ranges else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        end = len(content)
        if self.path.endswith(".tar") and self.breaks:
            end, *left = self.breaks
            type(self).breaks = tuple(left)
        self.wfile.write(content[start : max(start, end)])

    def log_message(self, *_):
        pass


@pytest.fixture
def site(place):
    """The same, behind an address: the handler, whose class says how it behaves."""
    handler = type("Behaving", (Site,), {})
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(handler, directory=str(place))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    handler.address = f"http://127.0.0.1:{server.server_port}"
    yield handler
    server.shutdown()
    server.server_close()


def test_a_model_is_fetched_by_name_on_first_use(place, cached, monkeypatch, capsys):
    with pytest.raises(zoo.ZooError, match=r"no saved model 'tiny'; .* set ZOO_MODELS to where others are"):
        zoo.load("tiny")
    monkeypatch.setenv("ZOO_MODELS", str(place))
    assert zoo.load("tiny").predict(["the soup was lovely"])[0]["label"] == "praise"
    assert f"fetching tiny: {(place / 'tiny.tar').stat().st_size / 1e6:.1f} MB" in capsys.readouterr().err
    assert [path.name for path in cached.iterdir()] == ["tiny"]
    shutil.rmtree(place)
    assert zoo.load("tiny").path == cached / "tiny"
    assert "tiny" in [saved.name for saved in zoo.list_models()]


def test_the_same_model_is_packed_to_the_same_bytes(place, trained, tmp_path):
    copy = tmp_path / "elsewhere/tiny"
    shutil.copytree(trained / "saved_models/tiny", copy)
    store.pack({"tiny": zoo.models.find(copy)}, tmp_path / "again")
    for name in ("tiny.tar", "models.json"):
        assert (tmp_path / "again" / name).read_bytes() == (place / name).read_bytes()


@pytest.mark.parametrize("ranges", [True, False])
def test_a_broken_connection_is_gone_on_with(site, place, cached, ranges, monkeypatch):
    size = (place / "tiny.tar").stat().st_size
    site.breaks, site.ranges = (size // 3, size // 2), ranges
    folder = Store(site.address).get("tiny")
    assert folder == cached / "tiny"
    starts = [int(line.split()[1]) for line in site.asked if ".tar" in line]
    assert starts == ([0, size // 3, size // 2] if ranges else [0, 0, 0])
    assert zoo.models.hashes(folder) == zoo.models.find(folder).manifest.files


def test_what_a_killed_process_left_is_gone_on_with(site, place, cached):
    content = (place / "tiny.tar").read_bytes()
    cached.mkdir(parents=True)
    (cached / ".tiny.tar.part").write_bytes(content[:5000])
    (cached / ".tiny.unpacked").mkdir()
    Store(site.address).get("tiny")
    assert site.asked[-1] == "/tiny.tar 5000"
    assert [path.name for path in cached.iterdir()] == ["tiny"]


def test_what_was_left_of_another_archive_is_not_gone_on_with(site, cached):
    cached.mkdir(parents=True)
    (cached / ".tiny.tar.part").write_bytes(b"of an older model" * 100)
    Store(site.address).get("tiny")
    assert [line for line in site.asked if ".tar" in line] == ["/tiny.tar 1700", "/tiny.tar 0"]
    assert zoo.models.hashes(cached / "tiny") == zoo.models.find(cached / "tiny").manifest.files


def change(path: Path, place: int):
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def say(place: Path, **entry):
    index = json.loads((place / "models.json").read_text())
    index["models"]["tiny"] |= entry
    (place / "models.json").write_text(json.dumps(index))


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda place: change(place / "tiny.tar", 3000), "gives other bytes than the index says"),
        (lambda place: say(place, bytes=10**6), "gives other bytes"),
        (lambda place: (place / "tiny.tar").unlink(), "tiny.tar: cannot be read"),
        (lambda place: (place / "models.json").write_text("[]"), "is no index of models"),
        (lambda place: (place / "models.json").write_text("[" * 100_000), "is no index of models"),
        (lambda place: say(place, bytes="many"), "a model has no mapping or no size"),
        (lambda place: (place / "models.json").unlink(), "check ZOO_MODELS and the connection"),
    ],
)
def test_other_bytes_than_promised_are_refused_and_nothing_is_left(place, cached, damage, told):
    damage(place)
    with pytest.raises(zoo.ZooError, match=told):
        Store(str(place)).get("tiny")
    assert not [path for path in cached.glob("*") if path.name != ".tiny.tar.part"]


def test_an_archive_that_is_no_model_is_refused(place, cached, tmp_path):
    """Its sha256 is right: whoever packed it packed something else, or something more."""
    for name, told in (("../../evil", "cannot be read"), ("notes.txt", "holds no model")):
        (tmp_path / "content").write_text("x")
        with tarfile.open(place / "tiny.tar", "w") as tar:
            tar.add(tmp_path / "content", name)
        content = (place / "tiny.tar").read_bytes()
        say(place, bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
        with pytest.raises(zoo.ZooError, match=told):
            Store(str(place)).get("tiny")
        assert not list(cached.glob("[!.]*"))
        with contextlib.suppress(FileNotFoundError):
            (cached / ".tiny.tar.part").unlink()
    assert not (tmp_path / "evil").exists()


def test_names_that_lead_out_of_the_folder_are_refused(place):
    index = json.loads((place / "models.json").read_text())
    index["models"]["../up"] = index["models"]["tiny"]
    (place / "models.json").write_text(json.dumps(index))
    with pytest.raises(zoo.ZooError, match=r"names a model '\.\./up'"):
        Store(str(place)).index()


def test_a_full_disk_is_told_with_the_mend(place, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "_unpack", full)
    with pytest.raises(zoo.ZooError, match=r"No space left on device\); make room, or set ZOO_CACHE"):
        Store(str(place)).get("tiny")


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("http://127.0.0.1:9", "cannot be read"),
        ("hf://someone/models", "huggingface_hub"),
        ("nonsense://x", "Protocol not known"),
    ],
)
def test_a_place_that_is_not_there_is_one_line(place, address, told):
    with pytest.raises(zoo.ZooError, match=told) as error:
        Store(address).get("tiny")
    assert "\n" not in str(error.value)


def test_a_model_that_has_changed_is_fetched_anew_when_asked_for_and_not_by_its_name(
    site, place, cached, trained, tmp_path, capsys, monkeypatch
):
    def index_and_archives():
        asked = [line.split()[0] for line in site.asked]
        site.asked = ()
        return asked

    monkeypatch.setenv("ZOO_MODELS", site.address)
    Store().get("tiny")
    index_and_archives()
    assert Store().get("tiny") == cached / "tiny"
    assert index_and_archives() == ["/models.json"]
    assert "differs" not in capsys.readouterr().err

    newer = tmp_path / "newer/tiny"
    shutil.copytree(trained / "saved_models/tiny", newer)
    (newer / "README.md").write_text("of a later training")
    store.pack({"tiny": zoo.models.find(newer)}, place)
    assert zoo.load("tiny").path == cached / "tiny"
    assert index_and_archives() == []
    assert (cached / "tiny/README.md").read_text() != "of a later training"
    assert Store().get("tiny") == cached / "tiny"
    assert index_and_archives() == ["/models.json", "/tiny.tar"]
    assert "tiny: what was fetched before differs from what is there now" in capsys.readouterr().err
    assert (cached / "tiny/README.md").read_text() == "of a later training"
    assert [path.name for path in cached.iterdir()] == ["tiny"]


def test_what_was_fetched_stays_where_what_is_newer_cannot_be(place, cached):
    Store(str(place)).get("tiny")
    say(place, sha256="0" * 64)
    with pytest.raises(zoo.ZooError, match="gives other bytes than the index says"):
        Store(str(place)).get("tiny")
    zoo.models.find(cached / "tiny").check()


def test_two_processes_fetch_one_model_at_once(site, cached, tmp_path):
    command = [sys.executable, "-m", "zoo", "models", "get", "tiny"]
    environment = {**os.environ, "ZOO_MODELS": site.address, "ZOO_CACHE": str(cached.parent)}
    environment["PYTHONPATH"] = str(Path(zoo.__file__).parents[1])
    both = [
        subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    assert [process.communicate()[0] for process in both] == [f"{cached / 'tiny'}\n"] * 2
    assert len([line for line in site.asked if ".tar" in line]) == 1
    assert [path.name for path in cached.iterdir()] == ["tiny"]


def test_the_command_packs_and_fetches_and_says_what_it_wants(
    place, cached, tmp_path, call, trained, monkeypatch
):
    monkeypatch.setenv("ZOO_SAVED_MODELS", str(trained / "saved_models"))

    def command(*arguments, code=0):
        return call(main, tmp_path, "models", *arguments, code=code)

    assert "tiny.tar: " in command("pack", "mine", "tiny").out
    monkeypatch.delenv("ZOO_SAVED_MODELS")
    monkeypatch.setenv("ZOO_MODELS", str(tmp_path / "mine"))
    assert command("get", "--all").out.split() == [str(cached / "tiny")]
    assert "no model 'huge'; there are: tiny" in command("get", "huge", code=2).err
    for arguments, told in (
        (["get"], "name the models, or give --all"),
        (["get", "tiny", "--all"], "name the models, or give --all"),
        (["get", "tiny", "--wheels"], "--wheels is for pack"),
        (["pack"], "name the folder to fill"),
        (["pack", "x", "--all"], "--all is for get"),
    ):
        assert told in command(*arguments, code=2).err
    monkeypatch.delenv("ZOO_MODELS")
    assert "set ZOO_MODELS to a folder" in command("get", "tiny", code=2).err


def test_an_installed_wheel_of_models_is_found_by_name(trained, tmp_path):
    saved = zoo.models.find(trained / "saved_models/tiny")
    (wheel,) = wheels.pack({"tiny": saved}, tmp_path / "wheels")
    assert wheel.name == "sequence_zoo_models_classification-0.1.0-py3-none-any.whl"
    (again,) = wheels.pack({"tiny": saved}, tmp_path / "again")
    assert again.read_bytes() == wheel.read_bytes()
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target"]
    subprocess.run([*pip, str(tmp_path / "site"), str(wheel)], check=True)
    code = "import zoo; print([m.path.parent.name for m in zoo.list_models() if m.name == 'tiny'])"
    path = f"{Path(zoo.__file__).parents[1]}:{tmp_path / 'site'}"
    environment = {**os.environ, "PYTHONPATH": path}
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert result.stdout == "['sequence_zoo_models']\n"
