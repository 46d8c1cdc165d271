"""Covers of every kind of picture, looked at with the library that made them and by their bytes."""

import io
import struct
import zlib
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms

from streamer.cover import SIZES
from streamer.picture import MAX_PIXELS, PictureRefused, make_covers

RED, WHITE = (200, 30, 20), (255, 255, 255)


def encoded(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    written = io.BytesIO()
    picture.save(written, kind, **options)
    return written.getvalue()


def cover(data: bytes, size: int = 1024) -> Image.Image:
    made = Image.open(io.BytesIO(make_covers(data)[size]))
    assert (made.format, made.mode in ("RGB", "L")) == ("JPEG", True)
    made.load()
    return made


def near(seen: Any, wanted: Iterable[int], slack: int = 4) -> bool:
    return all(abs(ours - theirs) <= slack for ours, theirs in zip(seen, wanted, strict=True))


def png(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG that says it has so many pixels, with whatever in it."""
    head = (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    data = b"\x89PNG\r\n\x1a\n"
    for name, body in (head, *chunks, (b"IEND", b"")):
        data += struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    return data


def test_sizes_are_of_the_longest_side_and_never_more_than_there_is() -> None:
    wide, tall, small = (Image.new("RGB", size, RED) for size in ((3000, 1500), (600, 800), (100, 50)))
    assert [cover(encoded(wide), size).size for size in SIZES] == [
        (64, 32),
        (256, 128),
        (512, 256),
        (1024, 512),
    ]
    assert cover(encoded(tall)).size == (600, 800)
    assert [cover(encoded(small), size).size for size in (64, 1024)] == [(64, 32), (100, 50)]
    assert cover(encoded(Image.new("L", (1, 5000)))).size == (1, 1024)


@pytest.mark.parametrize(
    ("picture", "kind", "seen"),
    [
        (Image.new("RGB", (80, 80), RED), "JPEG", RED),
        (Image.new("RGB", (80, 80), RED), "WEBP", RED),
        (Image.new("RGB", (80, 80), RED).quantize(4), "PNG", RED),
        (Image.new("RGB", (80, 80), RED).quantize(4), "GIF", RED),
        (Image.new("CMYK", (80, 80), (0, 255, 255, 0)), "JPEG", (254, 0, 0)),
        (Image.new("RGBA", (80, 80), (*RED, 0)), "PNG", WHITE),
        (Image.new("RGBA", (80, 80), (*RED, 0)), "WEBP", WHITE),
        (Image.new("RGBA", (80, 80), (0, 0, 0, 128)), "PNG", (127, 127, 127)),
        (Image.new("1", (80, 80), 1), "PNG", (255,)),
        (Image.new("LA", (80, 80), (0, 255)), "PNG", (0,)),
    ],
    ids=lambda value: value.mode if isinstance(value, Image.Image) else str(value),
)
def test_every_kind_of_colour(picture: Image.Image, kind: str, seen: tuple[int, ...]) -> None:
    made = cover(encoded(picture, kind), 64)
    shown: Any = made.getpixel((40, 40))
    assert near(shown if isinstance(shown, tuple) else (shown,), seen)


def test_sixteen_bits_are_not_cut_off() -> None:
    ramp = np.linspace(0, 65535, 256 * 256).reshape(256, 256).astype(np.uint16)
    made = np.asarray(cover(encoded(Image.fromarray(ramp)), 256))
    assert near(made[[0, 128, 255], 128].tolist(), [0, 128, 255], 3)


def test_a_colour_that_stands_for_nothing_is_paper() -> None:
    picture = Image.new("RGB", (80, 80), RED)
    made: Any = cover(encoded(picture, transparency=RED)).getpixel((9, 9))
    assert near(made, WHITE)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_stands_upright(orientation: int) -> None:
    """EXIF 2.32, 4.6.4 A: the red corner is where a viewer of photographs shows it."""
    picture = Image.new("RGB", (300, 200), WHITE)
    picture.paste(RED, (0, 0, 100, 100))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    made = cover(encoded(picture, "JPEG", exif=exif))
    assert made.size == ((300, 200) if orientation < 5 else (200, 300))
    right, low = orientation in (2, 3, 6, 7), orientation in (3, 4, 7, 8)
    x, y = made.width - 20 if right else 20, made.height - 20 if low else 20
    shown: Any = made.getpixel((x, y))
    assert near(shown, RED, 8)


def test_nothing_but_the_picture_is_kept() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = "SECRET-artist"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSAreaInformation] = b"SECRET-place"
    data = encoded(Image.new("RGB", (80, 80)), "JPEG", exif=exif, comment=b"SECRET-comment")
    assert data.count(b"SECRET") == 3
    for made in make_covers(data + b"<script>SECRET</script>").values():
        assert b"SECRET" not in made
        assert b"Exif" not in made and b"ICC_PROFILE" not in made


def test_a_profile_is_carried_out_and_left_away() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for profile in (srgb, lab, b"nonsense"):  # one that fits, one of another space, and no profile at all
        made: Any = cover(encoded(Image.new("RGB", (80, 80), RED), icc_profile=profile)).getpixel((9, 9))
        assert near(made, RED)


def test_of_an_animation_it_is_the_first_picture() -> None:
    frames = [Image.new("RGB", (80, 80), colour) for colour in (RED, WHITE, WHITE)]
    for kind in ("GIF", "WEBP", "PNG"):
        data = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
        made: Any = cover(data).getpixel((9, 9))
        assert near(made, RED, 8), kind


def test_a_picture_that_is_drawn_again_and_again_is_refused() -> None:
    data = encoded(Image.effect_noise((300, 300), 50), "JPEG", progressive=True)
    last = data[data.rindex(b"\xff\xda") : -2]
    make_covers(data[:-2] + last * 50 + data[-2:])
    with pytest.raises(PictureRefused, match="more than 100 scans"):
        make_covers(data[:-2] + last * 100 + data[-2:])


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "none of JPEG, PNG, WebP and GIF"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "none of"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "none of"),
        (encoded(Image.new("RGB", (80, 80)), "BMP"), "none of"),
        (encoded(Image.new("RGB", (80, 80)), "TIFF"), "none of"),
        (png(8000, 5001), f"8000 x 5001 pixels, more than {MAX_PIXELS}"),
        (png(2**31 - 1, 2**31 - 1), "pixels, more than"),
        (png(6000, 6000, (b"IDAT", zlib.compress(b"\0" * 10_000))), "can't be read"),
        (png(0, 0), "none of|can't be read"),
        (encoded(Image.effect_noise((300, 300), 50), "JPEG")[:2000], "can't be read"),
        (encoded(Image.effect_noise((300, 300), 50), "WEBP")[:2000], "none of|can't be read"),
        (encoded(Image.effect_noise((300, 300), 50), "GIF")[:2000], "can't be read"),
    ],
)
def test_what_is_no_picture_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(PictureRefused, match=why):
        make_covers(data)
