"""Damaged pictures become covers, or are refused with a reason: nothing else comes out of the decoder."""

import io
import random

import pytest
from PIL import ExifTags, Image, ImageCms

from streamer.cover import SIZES
from streamer.picture import PictureRefused, make_covers

MUTATIONS = 150


def sample(kind: str) -> bytes:
    """A small picture with all that one of its kind may carry."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    frames = [Image.effect_mandelbrot((60, 40), (-2, -1, 1, 1), 20 + step).convert("RGB") for step in (1, 2)]
    options = {
        "JPEG": {"exif": exif, "icc_profile": profile, "progressive": True, "comment": b"x"},
        "PNG": {"exif": exif, "icc_profile": profile, "save_all": True, "append_images": frames[1:]},
        "WEBP": {"exif": exif, "icc_profile": profile, "save_all": True, "append_images": frames[1:]},
        "GIF": {"save_all": True, "append_images": frames[1:], "transparency": 0, "comment": b"x"},
    }
    written = io.BytesIO()
    frames[0].save(written, kind, **options[kind])  # type: ignore[arg-type]
    return written.getvalue()


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Cut short, with bytes changed, or with a piece of it taken out, doubled or moved."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 8, 64))):
        changed[chance.randrange(len(changed))] = chance.choice((0, 0xFF, 0x7F, chance.randrange(256)))
    start, end = sorted(chance.randrange(len(changed)) for _ in range(2))
    match chance.randrange(6):
        case 0:
            del changed[start:]
        case 1:
            del changed[start : min(end, start + 16)]
        case 2:
            changed[start:start] = changed[start:end]
        case 3:
            changed[start:start] = chance.randbytes(chance.randrange(1, 40))
    return bytes(changed)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_damage_is_borne_or_refused(kind: str) -> None:
    data, chance, refused = sample(kind), random.Random(kind), 0
    assert make_covers(data).keys() == set(SIZES)
    for _ in range(MUTATIONS):
        try:
            covers = make_covers(mutated(data, chance))
        except PictureRefused as error:
            refused += 1
            assert str(error).isprintable()
        else:
            assert all(cover.startswith(b"\xff\xd8\xff") for cover in covers.values())
    assert 0 < refused < MUTATIONS
