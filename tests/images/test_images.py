import io
import random
import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps
from tiny import operations

from zoo import images
from zoo.models import harmless

HEIGHT, WIDTH = 13, 21  # odd, so that rows of few bits end within a byte


def picture(height=HEIGHT, width=WIDTH):
    """Waves of colour, alike at no turning."""
    y, x = np.mgrid[:height, :width] / max(height, width)
    waves = [np.sin(7 * x + 3 * y), np.cos(5 * y - x), np.sin(4 * x * y + 1)]
    return Image.fromarray(np.uint8(np.stack(waves, axis=-1) * 127 + 128))


def with_opacity(image):
    copy = image.copy()
    copy.putalpha(Image.linear_gradient("L").resize(image.size))
    return copy


PHOTO = picture()
GRAY = PHOTO.convert("L")
PALETTE = PHOTO.quantize(14)


def encoded(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def opened(content):
    return Image.open(io.BytesIO(content))


def rgba(image):
    return np.array(image.convert("RGBA"))


def decode(content):
    return images.decode(content).numpy()


def refused(content):
    with pytest.raises(tf.errors.InvalidArgumentError):
        images.decode(content)
    (image,), (valid,) = images.read([content], 4)
    assert not valid
    assert np.all(image == 255)
    return images.refusal(content)


# Formats against Pillow -------------------------------------------------------------------------------------

FILES = {
    "jpeg": encoded(PHOTO, "JPEG"),
    "progressive jpeg": encoded(PHOTO, "JPEG", progressive=True),
    "gray jpeg": encoded(GRAY, "JPEG"),
    "cmyk jpeg": encoded(PHOTO.convert("CMYK"), "JPEG"),
    "png": encoded(PHOTO, "PNG"),
    "png with opacity": encoded(with_opacity(PHOTO), "PNG"),
    "gray png": encoded(GRAY, "PNG"),
    "gray png with opacity": encoded(with_opacity(GRAY), "PNG"),
    "gray png with a transparent level": encoded(GRAY, "PNG", transparency=GRAY.getpixel((0, 0))),
    "png with a transparent colour": encoded(PHOTO, "PNG", transparency=PHOTO.getpixel((0, 0))),
    "black and white png": encoded(PHOTO.convert("1"), "PNG"),
    **{
        f"{bits} bit palette png": encoded(PHOTO.quantize(2**bits), "PNG", bits=bits) for bits in (1, 2, 4, 8)
    },
    "png with a transparent entry": encoded(PALETTE, "PNG", transparency=3),
    "png with half transparent entries": encoded(PALETTE, "PNG", transparency=bytes(range(0, 140, 10))),
    "gif": encoded(PALETTE, "GIF"),
    "interlaced gif": encoded(PALETTE, "GIF", interlace=True),
    "gif with a transparent entry": encoded(PALETTE, "GIF", transparency=3),
    "gray gif": encoded(GRAY, "GIF"),
    "animated gif": encoded(
        PALETTE, "GIF", save_all=True, append_images=[PHOTO.rotate(180).quantize(5)], comment=b"hello" * 99
    ),
    "bmp": encoded(PHOTO, "BMP"),
    "bmp without opacity": encoded(with_opacity(PHOTO), "BMP"),  # its fourth bytes mean nothing
    "gray bmp": encoded(GRAY, "BMP"),
    "palette bmp": encoded(PALETTE, "BMP"),
    "black and white bmp": encoded(PHOTO.convert("1"), "BMP"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_picture_decodes_as_pillow_decodes_it(name):
    found, expected = decode(FILES[name]), rgba(opened(FILES[name]))
    assert (found.dtype, found.shape) == (np.uint8, (HEIGHT, WIDTH, 4))
    assert tuple(images.header_size(FILES[name])) == (HEIGHT, WIDTH)
    np.testing.assert_array_equal(found[..., 3], expected[..., 3])
    seen = expected[..., 3] > 0
    levels = 4 if "jpeg" in name else 0  # decoders of JPEG may round differently
    np.testing.assert_allclose(found[seen].astype(int), expected[seen].astype(int), atol=levels)
    assert images.refusal(FILES[name]) == ""


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_of_16_bits_the_upper_8_are_kept(channels):
    values = np.random.default_rng(1).integers(0, 2**16, (5, 7, channels), dtype=np.uint16)
    found, upper = decode(tf.io.encode_png(values).numpy()), values >> 8
    colours = upper[..., :1] if channels < 3 else upper[..., :3]
    assert np.all(found[..., :3] == colours)
    assert np.all(found[..., 3] == (upper[..., -1] if channels in (2, 4) else 255))


def gif(canvas, left, top, image, colours):
    """A GIF whose one frame covers a part of the canvas and has colours of its own."""
    whole = encoded(image, "GIF")
    size = 3 << (whole[10] & 7) + 1
    pixels = whole[whole.index(b",", 13 + size) + 10 :]
    frame = struct.pack("<cHHHHB", b",", left, top, *image.size, 0x80 | whole[10] & 7)
    head = b"GIF89a" + struct.pack("<HH", *canvas) + bytes(3)
    return head + frame + colours[:size].ljust(size, b"\0") + pixels


def small_gif(canvas, left, top):
    image = Image.fromarray(np.uint8([[0, 1, 2], [3, 2, 1]]), "P")
    image.putpalette(bytes(range(12)))
    colours = bytes([10, 20, 30, 40, 50, 60, 70, 80, 90, 1, 2, 3])
    pixels = np.full((2, 3, 4), 255, np.uint8)
    pixels[..., :3] = np.reshape([*colours], (4, 3))[np.array(image)]
    return gif(canvas, left, top, image, colours), pixels


def test_outside_of_its_first_frame_a_gif_is_transparent():
    content, pixels = small_gif((6, 4), 2, 1)
    np.testing.assert_array_equal(decode(content), np.pad(pixels, [(1, 1), (2, 1), (0, 0)]))


def test_what_a_frame_has_outside_of_the_gif_is_left_out():
    content, pixels = small_gif((3, 5), 1, 4)
    np.testing.assert_array_equal(decode(content), np.pad(pixels[:1, :2], [(4, 0), (1, 0), (0, 0)]))
    assert np.all(decode(small_gif((2, 2), 9, 0)[0]) == 0)


def test_a_gif_with_too_few_pixels_is_refused():
    content, _ = small_gif((3, 2), 0, 0)
    start = 13 + 10 + 12 + 1  # head, frame, colours, bits
    assert (
        refused(content[:start] + b"\1" + content[start + 1 : start + 2] + b"\0;") == "is damaged or cut off"
    )


def bmp(bits, rows, height, compression=0, table=b"", masks=()):
    """A bitmap with the common header of 40 bytes, or one of 56 where it has four masks."""
    extra = struct.pack(f"<{len(masks)}I", *masks)
    header = 56 if len(masks) == 4 else 40
    start = 54 + len(extra) + len(table)
    fields = (header, WIDTH, height, 1, bits, compression, len(rows), 0, 0, len(table) // 4, 0)
    head = b"BM" + struct.pack("<IIIIiiHHIIiiII", start + len(rows), 0, start, *fields)
    return head + extra + table + rows


BITMAPS = {
    "of 16 colours": (4, HEIGHT, 0, bytes(range(64)), ()),
    "with the top row first": (24, -HEIGHT, 0, b"", ()),
    "of 5 bits a colour": (16, HEIGHT, 0, b"", ()),
    "of 5, 6 and 5 bits": (16, HEIGHT, 3, b"", (0xF800, 0x7E0, 0x1F)),
    "in another order": (32, HEIGHT, 3, b"", (0xFF000000, 0xFF0000, 0xFF00)),
    "with opacity": (32, -HEIGHT, 3, b"", (0xFF0000, 0xFF00, 0xFF, 0xFF000000)),
}


@pytest.mark.parametrize("name", BITMAPS)
def test_bitmaps_of_all_kinds_decode_as_pillow_decodes_them(name):
    bits, height, compression, table, masks = BITMAPS[name]
    rows = random.Random(1).randbytes((WIDTH * bits + 31) // 32 * 4 * HEIGHT)
    content = bmp(bits, rows, height, compression, table, masks)
    expected = rgba(opened(content))
    np.testing.assert_allclose(decode(content).astype(int), expected.astype(int), atol=1)
    assert "cut off" in refused(content[:-1])


def test_a_bitmap_of_the_first_kind_is_read():
    head = struct.pack("<2sIIIIHHHH", b"BM", 0, 0, 32, 12, 9, 2, 1, 1)
    content = head + bytes([1, 2, 3, 4, 5, 6]) + bytes([0b10101010, 0b10000000, 0, 0, 0, 0, 0, 0])
    found = decode(content)
    np.testing.assert_array_equal(found[0], [[3, 2, 1, 255]] * 9)
    np.testing.assert_array_equal(found[1], [[6, 5, 4, 255], [3, 2, 1, 255]] * 4 + [[6, 5, 4, 255]])


def test_a_compressed_bitmap_is_refused():
    assert refused(bmp(8, bytes(400), HEIGHT, 1, bytes(1024))).startswith(
        "is a BMP picture that is compressed"
    )


# Orientation ------------------------------------------------------------------------------------------------


def exif(orientation, order="<", kind="H"):
    """Exif data whose first directory holds a width and the orientation."""
    value = struct.pack(order + kind, orientation).ljust(4, b"\0")
    tags = (0x0100, 4, 1, 640), (0x0112, {"H": 3, "I": 4}[kind], 1)
    directory = struct.pack(order + "HHHIIHHI", 2, *tags[0], *tags[1]) + value + bytes(4)
    start = {"<": b"II*\0", ">": b"MM\0*"}[order]
    return b"Exif\0\0" + start + struct.pack(order + "I", 8) + directory


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_camera_s_orientation_is_applied(orientation, order):
    content = encoded(PHOTO, "JPEG", exif=exif(orientation, order), comment=b"before or behind")
    expected = rgba(ImageOps.exif_transpose(opened(content)))
    found = decode(content)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found.astype(int), expected.astype(int), atol=4)
    assert tuple(images.header_size(content)) == (HEIGHT, WIDTH)


def test_an_orientation_of_four_bytes_is_read():
    for order in "<>":
        assert decode(encoded(PHOTO, "JPEG", exif=exif(6, order, "I"))).shape == (WIDTH, HEIGHT, 4)


def test_exif_data_that_make_no_sense_are_ignored():
    upright = decode(encoded(PHOTO, "JPEG"))
    whole, random_bytes = exif(6), random.Random(1).randbytes
    beyond = whole[:10] + b"\xff\xff\xff\xff" + whole[14:]
    nonsense = [exif(0), exif(9), whole[:6], whole[:12], whole[:20], b"Exif\0\0" + random_bytes(99), beyond]
    for data in (*nonsense, whole[:6] + b"MM" + whole[8:]):
        np.testing.assert_array_equal(decode(encoded(PHOTO, "JPEG", exif=data)), upright)


# What is no picture -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["jpeg", "progressive jpeg", "png", "gif", "bmp"])
def test_a_picture_that_is_cut_off_is_refused(name):
    content = FILES[name]
    # The last byte of a GIF says only that no more frames follow.
    ends = {2, len(content) - 2, *np.linspace(20, len(content) - 2, 12, dtype=int)}
    _, valid = images.read([content[:end] for end in sorted(ends)], 4)
    assert not np.any(valid)
    assert refused(content[: len(content) // 2]) == "is damaged or cut off"


def test_a_gif_needs_no_more_than_its_first_frame_whole():
    animated, still = FILES["animated gif"], decode(FILES["animated gif"])
    np.testing.assert_array_equal(decode(animated[:-30]), still)


def test_what_is_no_picture_is_refused():
    assert refused(b"") == "is empty"
    for content in (
        b"image,caption\n",
        b"BMX is a sport, on wheels.",
        b"\x89PNG",
        bytes(500),
    ):
        assert refused(content) == "is no JPEG, PNG, GIF, BMP or WebP picture"
    assert refused(FILES["jpeg"][:2] + b"\xff\xd9" + bytes(99)) == "is damaged or cut off"


def png(width, height, rows=b""):
    """A black and white picture, whole only if there are rows."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    found = b"\x89PNG\r\n\x1a\n"
    for name, data in (b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""):
        found += struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    return found


def test_a_huge_picture_is_refused_by_its_header():
    message = "has 10,000 x 8,000 pixels, more than 64,000,000"
    assert refused(png(10_000, 8_000, bytes(1251 * 8_000))) == message
    assert refused(png(10_000, 8_000)) == message
    for size in ((2**31 - 1, 2**31 - 1), (2**32 - 1, 1), (0, 5)):
        assert refused(png(*size))
    wide, high = struct.pack("<HH", 10_000, 8_000), struct.pack("<ii", 10_000, -8_000)
    assert refused(FILES["gif"][:6] + wide + FILES["gif"][10:]) == message
    assert refused(FILES["bmp"][:18] + high + FILES["bmp"][26:]) == message
    jpeg = FILES["jpeg"]
    place = jpeg.index(b"\xff\xc0") + 5
    assert refused(jpeg[:place] + struct.pack(">HH", 8_000, 10_000) + jpeg[place + 4 :]) == message


def test_a_huge_frame_in_a_small_gif_is_refused():
    start = FILES["gif"].index(b",", 13)
    huge = FILES["gif"][: start + 5] + struct.pack("<HH", 65_535, 65_535) + FILES["gif"][start + 9 :]
    assert refused(huge) == "is damaged or cut off"


def test_any_damage_gives_a_picture_or_none(capfd):
    draw = random.Random(1)
    damaged = []
    for name in ("jpeg", "progressive jpeg", "png", "animated gif", "palette bmp"):
        for _ in range(200):
            content = bytearray(FILES[name])
            content[draw.randrange(len(content))] ^= draw.randrange(1, 256)
            damaged.append(bytes(content))
    found, valid = images.read(damaged, 8)
    assert found.shape == (1000, 8, 8, 3)
    assert not np.any(valid[400:600])  # a PNG has checksums
    assert np.all(found[~valid] == 255)
    capfd.readouterr()  # what libjpeg says of it


# Backgrounds and sizes --------------------------------------------------------------------------------------


def test_a_background_shows_through_what_is_not_opaque():
    pixels = np.uint8([[[100, 0, 200, 255], [100, 0, 200, 0], [100, 0, 200, 51]]])
    np.testing.assert_allclose(
        images.on_background(pixels)[0], [[100, 0, 200], [255] * 3, [224, 204, 244]], rtol=1e-6
    )
    green = images.on_background(pixels, [0.0, 50.0, 0.0])
    np.testing.assert_allclose(green[0], [[100, 0, 200], [0, 50, 0], [20, 40, 40]], rtol=1e-6)
    each = images.on_background(np.float32([pixels, pixels]), np.reshape([0.0, 10.0], (2, 1, 1, 1)))
    np.testing.assert_allclose(each[:, 0, 1], [[0] * 3, [10] * 3])
    np.testing.assert_array_equal(images.on_background(pixels[..., :3]), pixels[..., :3])


def test_a_picture_of_the_right_size_stays_as_it_is():
    pixels = np.array(picture(16, 16))
    np.testing.assert_array_equal(images.squash(pixels, 16), pixels)
    np.testing.assert_array_equal(images.read([encoded(picture(16, 16), "PNG")], 16)[0][0], pixels)


def test_squashing_weighs_pixels_by_a_triangle_as_wide_as_the_shrinking():
    row = np.float32([0, 80, 160, 240])[None, :, None]
    # The centres 1 and 3 lie between pixels; those at distance 0.5 weigh 3/4, at 1.5 they weigh 1/4.
    left, right = (3 * 0 + 3 * 80 + 160) / 7, (80 + 3 * 160 + 3 * 240) / 7
    found = images.squash(np.tile(row, [4, 1, 3]), 2)
    np.testing.assert_array_equal(found[..., 0], [[round(left), round(right)]] * 2)


def test_squashing_lays_on_white_first():
    pixels = np.zeros((4, 4, 4), np.uint8)
    pixels[::2, :, 3] = 255  # every other row is black, the rest of it transparent black
    pixels[1::2, :, :3] = 99
    assert np.all(np.abs(images.squash(pixels, 1).numpy().astype(int) - 128) <= 1)


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (2, 900)])
def test_pictures_of_any_proportion_are_read(size):
    image = Image.new("RGB", size, (10, 20, 30))
    (found,), (valid,) = images.read([encoded(image, "PNG")], 7)
    assert valid
    assert np.all(found == [10, 20, 30])


# Batches and the export -------------------------------------------------------------------------------------


def test_a_bad_picture_leaves_the_others_alone():
    good = [FILES["jpeg"], FILES["gif with a transparent entry"], FILES["png with opacity"]]
    found, valid = images.read([good[0], b"no picture", good[1], FILES["jpeg"][:99], good[2]], 24)
    np.testing.assert_array_equal(valid, [True, False, True, False, True])
    assert np.all(found[1] == 255)
    for row, content in zip((0, 2, 4), good, strict=True):
        np.testing.assert_array_equal(found[row], images.squash(images.decode(content), 24))
        np.testing.assert_array_equal(found[row], images.read([content], 24)[0][0])


def test_no_pictures_are_read():
    found, valid = images.read(tf.zeros([0], tf.string), 24)
    assert (found.shape, valid.shape) == ((0, 24, 24, 3), (0,))


def test_an_export_reads_the_same(tmp_path):
    module = tf.Module()
    module.read = tf.function(
        lambda image: dict(zip(("pictures", "valid"), images.read(image, 24), strict=True)),
        input_signature=[tf.TensorSpec([None], tf.string, name="image")],
    )
    tf.saved_model.save(module, str(tmp_path), signatures={"read": module.read})
    harmless((tmp_path / "saved_model.pb").read_bytes(), [])
    signature = tf.saved_model.load(str(tmp_path)).signatures["read"]
    # Everything is made by operations of TensorFlow itself, and the files are no part of it.
    assert all(hasattr(tf.raw_ops, name) for name in operations(signature) if not name.startswith("_"))
    files = [*FILES.values(), encoded(PHOTO, "JPEG", exif=exif(6)), b"no picture", b""]
    found, expected = signature(image=tf.constant(files)), images.read(files, 24)
    np.testing.assert_array_equal(found["valid"], [True] * (len(files) - 2) + [False] * 2)
    np.testing.assert_array_equal(found["pictures"], expected[0])
    nothing = signature(image=tf.zeros([0], tf.string))
    assert nothing["pictures"].shape == (0, 24, 24, 3)


def test_resizing_what_is_opaque_is_squashing():
    image = np.array(picture())
    opaque = np.concatenate([image, np.full((*image.shape[:2], 1), 255, "uint8")], axis=-1)
    for size in (5, 40):
        expected = images.squash(image, size).numpy()
        np.testing.assert_array_equal(images.resize(image, size), expected)
        found = images.resize(opaque, size).numpy()
        assert (found[..., 3] == 255).all()
        assert np.abs(found[..., :3].astype(int) - expected).max() <= 1


def test_a_picture_of_the_right_size_is_not_resized_whatever_its_opacity():
    image = np.random.default_rng(1).integers(0, 256, (7, 7, 4)).astype("uint8")
    np.testing.assert_array_equal(images.resize(image, 7), image)


# In 3 the middle weighs pixels at the distances 0.5, 1.5, ... by 7/8, 5/8, 3/8, 1/8, the last of them clear.
@pytest.mark.parametrize(("size", "middle"), [(3, round(255 * (15 / 16) ** 2)), (24, 255)])
def test_a_colour_does_not_mix_with_what_cannot_be_seen(size, middle):
    image = np.zeros((12, 12, 4), "uint8")  # black, if it could be seen
    image[3:9, 3:9] = (200, 100, 50, 255)
    found = images.resize(image, size).numpy()
    seen = found[..., 3] > 8  # of less, rounding leaves too few digits
    assert np.abs(found[seen][:, :3].astype(int) - (200, 100, 50)).max() <= 1
    assert found[size // 2, size // 2, 3] == middle
    assert (images.resize(np.full((12, 12, 4), (200, 100, 50, 0), "uint8"), size).numpy() == 0).all()


@pytest.mark.parametrize("size", [4, 30])
def test_laying_on_white_before_or_after_resizing_is_the_same(size):
    image = np.random.default_rng(1).integers(0, 256, (11, 16, 4)).astype("uint8")
    run = tf.function(lambda image: images.resize(image, size), [tf.TensorSpec([None, None, 4], tf.uint8)])
    found = run(image)
    assert (found.shape, found.dtype) == ((size, size, 4), tf.uint8)
    # Both round, colours and opacity.
    np.testing.assert_allclose(images.on_background(found), images.squash(image, size), atol=2.01)
