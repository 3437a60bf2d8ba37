import pytest

from zoo.data.own import picture_files
from zoo.errors import ZooError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of files with the names of pictures, and others; it is the current one."""
    (tmp_path / "album").mkdir()
    for name in ("b.PNG", "a.jpeg", "c.bmp", "._a.jpeg", "notes.txt", "d.gif"):
        (tmp_path / "album" / name).write_bytes(name.encode())
    (tmp_path / "one.jpg").write_bytes(b"one")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_stands_for_its_pictures_in_order(folder):
    found = picture_files.given(["one.jpg", "album", "album/notes.txt"])
    names = ["one.jpg", "album/a.jpeg", "album/b.PNG", "album/c.bmp", "album/d.gif", "album/notes.txt"]
    assert [picture.name for picture in found] == [str(picture.file) for picture in found] == names
    assert picture_files.read(found[2].file) == b"b.PNG"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("list.txt", "a.jpeg\n\n  b.PNG \r\n"),
        ("list.csv", "caption,image\nx,a.jpeg\ny,b.PNG\n"),
        ("list.tsv", "image\na.jpeg\nb.PNG\n"),
        ("list.jsonl", '{"image": "a.jpeg"}\n{"image": "b.PNG"}\n'),
    ],
)
def test_a_list_names_pictures_from_its_own_folder(folder, name, content):
    path = folder / "album" / name
    path.write_text(content)
    found = picture_files.listed(path)
    assert [picture.name for picture in found] == ["a.jpeg", "b.PNG"]
    assert [picture.file for picture in found] == [folder / "album/a.jpeg", folder / "album/b.PNG"]


def test_captions_of_a_picture_are_gathered_from_all_its_rows(folder):
    table = folder / "album" / "captions.csv"
    table.write_text("image,caption\na.jpeg,one\nb.PNG,two\na.jpeg,three\n")
    found = picture_files.with_captions(table)
    assert {picture.name: captions for picture, captions in found.items()} == {
        "a.jpeg": ["one", "three"],
        "b.PNG": ["two"],
    }


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: picture_files.given(["one.jpg", "two.jpg"]), "^two.jpg: no such file; give the path"),
        (lambda: picture_files.given(["x" * 5000]), "x: no such file"),
        (lambda: picture_files.given(["empty"]), r"^empty: holds no pictures \(.jpg, "),
        (lambda: picture_files.listed(picture_files.Path("blank.txt")), "blank.txt: the file is empty"),
        (lambda: picture_files.listed(picture_files.Path("gone.csv")), "gone.png: no such file"),
        (
            lambda: picture_files.listed(picture_files.Path("blank.csv")),
            "line 2 has a blank image; fill it in",
        ),
        (lambda: picture_files.listed(picture_files.Path("header.csv")), "no rows below its first line"),
        (lambda: picture_files.listed(picture_files.Path("none.csv")), "none.csv: no such file"),
        (lambda: picture_files.with_captions(picture_files.Path("gone.csv")), "no column 'caption'"),
        (lambda: picture_files.check([picture_files.Path("album")]), "album: is a folder"),
    ],
)
def test_what_is_missing_is_named(folder, call, told):
    (folder / "blank.txt").write_text("\n \n")
    (folder / "gone.csv").write_text("image\none.jpg\ngone.png\n")
    (folder / "blank.csv").write_text("image,n\n ,1\n")
    (folder / "header.csv").write_text("image\n")
    with pytest.raises(ZooError, match=told):
        call()
