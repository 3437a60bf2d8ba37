"""Files of clips, as people have them."""

import io

import numpy as np
import pytest
from PIL import Image

from zoo import images
from zoo.data.own import clip_files, picture_files
from zoo.errors import ZooError

SHADES = (10, 60, 110, 160)


def plain(shade: int, size=(8, 6)) -> Image.Image:
    return Image.new("RGB", size, (shade, 0, 0))


def write(path, shades=SHADES, kind="GIF", size=(8, 6), **options):
    made = [plain(shade, size) for shade in shades]
    made[0].save(path, kind, save_all=True, append_images=made[1:], **{"duration": 100, **options})
    return path


def mpo(path):
    """A camera's JPEG, which holds a preview."""
    plain(1).save(path, "MPO", save_all=True, append_images=[plain(9)])


def grown(path):
    """A GIF whose frames are larger than the canvas of its header."""
    content = bytearray(write(path, size=(20_000, 5)).read_bytes())
    content[6:10] = b"\x08\0\x05\0"
    path.write_bytes(content)


def cut(path):
    path.write_bytes(path.read_bytes()[:-30])


def folder_of(path, shades=SHADES, name="frame{}.png"):
    path.mkdir()
    for number, shade in enumerate(shades, 8):  # so that frame10 follows frame9
        plain(shade).save(path / name.format(number))
    return path


def seen(source, frames: int) -> list[int]:
    """Returns the red of each frame that is packed."""
    return images.decode_all(clip_files.packed(source, frames))[:, 0, 0, 0].numpy().tolist()


@pytest.mark.parametrize(("kind", "options"), [("GIF", {}), ("PNG", {}), ("WEBP", {"lossless": True})])
def test_an_animation_is_read_whatever_its_format_from_a_file_or_its_bytes(tmp_path, kind, options):
    path = write(tmp_path / "clip", kind=kind, **options)
    assert seen(path, 4) == seen(path.read_bytes(), 4) == list(SHADES)
    assert seen(path, 2) == [SHADES[1], SHADES[3]]
    assert clip_files.refusal(path) == ""


def test_a_folder_of_frames_is_a_clip_in_the_order_of_its_numbers(tmp_path):
    assert seen(folder_of(tmp_path / "a"), 4) == list(SHADES)


def test_frames_are_spread_evenly_over_the_time_that_they_are_seen(tmp_path):
    path = write(tmp_path / "clip.gif", duration=[700, 100, 100, 100])
    assert seen(path, 10) == [SHADES[0]] * 7 + list(SHADES[1:])


def test_what_a_gif_clears_is_cleared_and_what_is_transparent_stays_so(tmp_path):
    made = []
    for place in (0, 4):
        frame = np.zeros((6, 8, 4), np.uint8)
        frame[:, place : place + 2] = (200, 0, 0, 255)
        made.append(Image.fromarray(frame))
    made[0].save(tmp_path / "clip.gif", save_all=True, append_images=made[1:], disposal=2, duration=100)
    found = images.decode_all(clip_files.packed(tmp_path / "clip.gif", 2)).numpy()
    assert found[0, 0, :, 3].tolist() == [255] * 2 + [0] * 6
    assert found[1, 0, :, 3].tolist() == [0] * 4 + [255] * 2 + [0] * 2


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_text("no clip"), "is no JPEG, PNG, GIF, BMP or WebP picture"),
        (lambda path: plain(1).save(path, "PNG"), "is a still picture, no clip"),
        (lambda path: plain(1).save(path, "GIF"), "is a still picture, no clip"),
        (lambda path: write(path, [n % 256 for n in range(1_200)]), "has 1,200 frames, more than 1,000"),
        (lambda path: path.write_bytes(write(path, kind="PNG").read_bytes()[:-50]), "is damaged or cut off"),
        (lambda path: folder_of(path, SHADES[:1]), "holds a single picture"),
        (lambda path: mpo(path), "is a still picture, no clip"),
        (lambda path: write(path, SHADES[:2], size=(20_000, 4)), "20,000 x 4 pixels, and 16,383 is the most"),
        (lambda path: grown(path), "has frames of 20,000 x 5 pixels"),
        (lambda path: cut(folder_of(path) / "frame10.png"), "holds frame10.png, which is damaged or cut off"),
        (lambda path: plain(9, (9, 9)).save(folder_of(path) / "frame9.png"), "frame9.png 9 x 9"),
        (
            lambda path: (folder_of(path) / "frame9.png").write_bytes(b"x"),
            "holds frame9.png, which is no JPEG",
        ),
    ],
)
def test_what_is_no_clip_is_told_and_no_model_takes_it_for_one(tmp_path, made, reason):
    made(tmp_path / "clip")
    assert reason in clip_files.refusal(tmp_path / "clip")
    assert clip_files.packed(tmp_path / "clip", 3) == b""


def test_a_short_clip_of_large_frames_is_measured_as_it_is_packed(tmp_path):
    path = write(tmp_path / "clip.gif", SHADES[:2], size=(2_600, 2_200))
    assert clip_files.refusal(path) == ""
    assert "68,640,000 pixels in 12 frames" in clip_files.refusal(path, 12)
    assert clip_files.packed(path, 12) == b""


def test_frames_of_a_folder_are_read_as_models_read_pictures(tmp_path):
    (tmp_path / "turned").mkdir()
    (tmp_path / "deep").mkdir()
    for number in range(2):
        exif = Image.Exif()
        exif[0x0112] = 6
        plain(90, (16, 8)).save(tmp_path / "turned" / f"{number}.jpg", exif=exif)
        deep = np.arange(48, dtype=np.uint16).reshape(6, 8) * 1_300
        Image.fromarray(deep).save(tmp_path / "deep" / f"{number}.png")
    assert images.decode_all(clip_files.packed(tmp_path / "turned", 2)).shape == (2, 16, 8, 4)
    found = images.decode_all(clip_files.packed(tmp_path / "deep", 2))[0]
    np.testing.assert_array_equal(found, images.decode((tmp_path / "deep" / "0.png").read_bytes()))


def test_a_delay_that_browsers_do_not_keep_is_not_kept(tmp_path):
    path = write(tmp_path / "clip.gif", duration=[10, 100, 100, 100])
    assert seen(path, 4) == list(SHADES)


def test_a_folder_stands_for_its_clips_or_for_the_one_that_its_frames_make(tmp_path):
    frames = folder_of(tmp_path / "frames")
    clips = tmp_path / "clips"
    clips.mkdir()
    files = [write(clips / name) for name in ("a.gif", "b.gif")]
    found = clip_files.given([str(frames), str(clips), str(files[1])])
    assert [picture.file for picture in found] == [frames, *files, files[1]]
    (tmp_path / "none").mkdir()
    for path, words in ((tmp_path / "none", "holds no clips"), (tmp_path / "away.gif", "no such file")):
        with pytest.raises(ZooError, match=words):
            clip_files.given([str(path)])


def test_stills_in_a_table_may_not_be_folders_and_clips_may(tmp_path):
    folder_of(tmp_path / "frames")
    (tmp_path / "list.txt").write_text("frames\n")
    assert [p.file for p in picture_files.listed(tmp_path / "list.txt", folders=True)] == [
        tmp_path / "frames"
    ]
    with pytest.raises(ZooError, match="is a folder"):
        picture_files.listed(tmp_path / "list.txt")


def test_packed_is_what_pillow_reads_too():
    made = [plain(shade).convert("RGBA") for shade in (5, 5, 9)]
    with Image.open(io.BytesIO(clip_files.as_webp(made, 70))) as file:
        assert (file.n_frames, file.size) == (3, (8, 6))
        file.seek(2)
        file.load()
        assert file.info["duration"] == 70 and file.convert("RGB").getpixel((0, 0)) == (9, 0, 0)
