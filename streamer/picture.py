"""From any picture to covers: upright, in sRGB, without what else it carried, in a few sizes.

Pictures are hostile until they are decoded, so this runs in a worker only (`picture_process.py`); the server
never imports it. Whatever makes Pillow raise is a picture that can't be used.
"""

import io
import warnings

import numpy as np
from PIL import (
    ExifTags,
    GifImagePlugin,
    Image,
    ImageCms,
    JpegImagePlugin,
    PngImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from streamer.cover import SIZES

MAX_PIXELS = 40_000_000
# What is behind these names is loaded now: a worker may open no file later. SVG is not among them, for it is
# a program.
_FORMATS = tuple(
    plugin.format
    for plugin in (
        JpegImagePlugin.JpegImageFile,
        PngImagePlugin.PngImageFile,
        WebPImagePlugin.WebPImageFile,
        GifImagePlugin.GifImageFile,
    )
)
# Each goes through the whole picture again. Encoders make ten; 158,000 empty ones fit into ten megabytes.
_MAX_SCANS = 100
_START_OF_SCAN = b"\xff\xda"  # ITU-T T.81 B.1.1.4; in a scan itself 0 follows each 255
_MAX_PROFILE_BYTES = 1 << 20  # of an ICC profile; a printer's, with tables for CMYK, has about half of that
_QUALITY = 85  # above it files grow faster than anyone sees a difference
_FINE_BELOW = 257  # small letters in red or blue bleed where colour has half the resolution
_PAPER = (255, 255, 255)  # behind what is transparent, as a logo's maker has seen it
# EXIF 2.32, 4.6.4 A: what brings the picture upright again.
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

Image.preinit()
Image.MAX_IMAGE_PIXELS = None  # judged below, by a limit of ours and with words of ours
_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


class PictureRefused(Exception):
    """It is not a picture that can be a cover. The text is for who sent it."""


def make_covers(data: bytes) -> dict[int, bytes]:
    """JPEGs of a picture, by size: its longest side in pixels, never more than it has.

    JPEG, because everything that shows covers reads it: browsers, lock screens, cars and podcast programs.
    Of an animation it is the first picture.

    Raises:
        PictureRefused: no JPEG, PNG, WebP or GIF, too large, or damaged.
        MemoryError: there is not enough for it.
    """
    try:
        with warnings.catch_warnings(action="ignore"):  # Pillow's, of what it bears; nobody reads them
            whole = _open(data)
    except PictureRefused:
        raise
    except UnidentifiedImageError:
        raise PictureRefused("the picture is none of JPEG, PNG, WebP and GIF") from None
    except MemoryError:
        raise
    except Exception as error:  # Pillow's plugins have no common word for what is damaged
        raise PictureRefused(f"the picture can't be read: {' '.join(str(error).split())[:200]}") from None
    covers = {}
    for size in SIZES[::-1]:
        whole.thumbnail((size, size), Image.Resampling.LANCZOS)
        covers[size] = _to_jpeg(whole, size)
    return covers


def _open(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
        if picture.format == "JPEG" and data.count(_START_OF_SCAN) > _MAX_SCANS:
            raise PictureRefused(f"the picture has more than {_MAX_SCANS} scans")
        return _read(picture)


def _read(picture: Image.Image) -> Image.Image:
    """The picture, not larger than the largest cover, as RGB or grey."""
    width, height = picture.size
    if width * height > MAX_PIXELS:
        raise PictureRefused(f"the picture has {width} x {height} pixels, more than {MAX_PIXELS}")
    largest = (SIZES[-1], SIZES[-1])
    picture.draft(picture.mode, largest)  # a JPEG can be decoded at an eighth of its size
    turn = _UPRIGHT.get(_orientation(picture))
    profile = picture.info.get("icc_profile")
    picture.load()
    small = _plain(picture)
    small.thumbnail(largest, Image.Resampling.LANCZOS)
    if small.mode in ("LA", "RGBA"):
        alpha, small = small.getchannel("A"), small.convert(small.mode.removesuffix("A"))
        small = _to_srgb(small, profile)
        paper = Image.new(small.mode, small.size, _PAPER if small.mode == "RGB" else _PAPER[0])
        paper.paste(small, mask=alpha)
        small = paper
    else:
        small = _to_srgb(small, profile)
    if turn is not None:
        small = small.transpose(turn)
    small.info = {}  # comments, places, names: Pillow would write some of it again
    return small


def _plain(picture: Image.Image) -> Image.Image:
    """In a mode that can be made smaller without harm."""
    if picture.mode.startswith("I"):  # 16 bit grey; Pillow would cut off what is brighter than 255
        samples = np.asarray(picture)
        return Image.fromarray((samples >> 8).clip(0, 255).astype(np.uint8))
    if "transparency" in picture.info or picture.mode in ("PA", "La", "RGBa"):
        return picture.convert("RGBA")
    if picture.mode == "1":
        return picture.convert("L")
    return picture if picture.mode in ("L", "RGB", "CMYK", "LA", "RGBA") else picture.convert("RGB")


def _orientation(picture: Image.Image) -> int:
    try:
        return int(picture.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # damaged EXIF data is no reason to refuse the picture
        return 1


def _to_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """What the picture's ICC profile means, as sRGB; without one, or with one that is broken, as it is."""
    if profile and len(profile) <= _MAX_PROFILE_BYTES:
        try:
            made_for = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            turned = ImageCms.profileToProfile(picture, made_for, _SRGB, outputMode="RGB")
            if turned is not None:
                return turned
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            pass
    return picture if picture.mode in ("L", "RGB") else picture.convert("RGB")


def _to_jpeg(picture: Image.Image, size: int) -> bytes:
    written = io.BytesIO()
    fine = size < _FINE_BELOW
    picture.save(
        written,
        "JPEG",
        quality=_QUALITY,
        subsampling="4:4:4" if fine else "4:2:0",
        progressive=not fine,
        optimize=True,
    )
    return written.getvalue()
