import struct

import pytest

from hls import intake
from hls.job import MediaRefused


def box(kind: bytes, size: int, fill: int | None = None) -> bytes:
    return struct.pack(">I4s", size, kind) + bytes((size if fill is None else fill) - 8)


LARGE_MDAT = struct.pack(">I4sQ", 1, b"mdat", 1 << 33)
LARGE_FREE = struct.pack(">I4sQ", 1, b"free", 24) + bytes(8)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (box(b"ftyp", 32) + box(b"moov", 90_000, 500), True),
        (box(b"ftyp", 32) + box(b"moof", 900, 500), True),
        (box(b"moov", 90_000, 500), True),
        (box(b"ftyp", 32) + box(b"free", 8) + box(b"mdat", 90_000, 500), False),
        (box(b"mdat", 90_000, 500), False),
        (box(b"ftyp", 32) + LARGE_MDAT, False),
        (box(b"ftyp", 32) + LARGE_FREE + box(b"moov", 100), True),
        (box(b"ftyp", 32) + box(b"free", 90_000, 500), False),  # what comes behind it is out of sight
        (box(b"ftyp", 32) + b"\0\0\0\0free" + bytes(8), False),  # "extends to the end of the file"
        (box(b"ftyp", 32) + b"\0\0\0\x01free", False),
        (box(b"ftyp", 32) + box(b"????", 32), False),
        (box(b"ftyp", 32), False),
        (b"ID3\x04" + bytes(100), True),
        (b"fLaC" + bytes(100), True),
        (b"RIFF\xff\xff\xff\xffWAVEfmt ", True),
        (b"", True),
        (b"\0\0", True),
    ],
)
def test_readable_while_arriving(head, expected):
    assert intake.readable_while_arriving(head) is expected


def test_ordinary_sound_is_taken():
    intake.check(44_100, 2)
    intake.check(intake.MIN_SAMPLE_RATE, intake.MAX_CHANNELS)


@pytest.mark.parametrize(
    ("rate", "channels", "reason"),
    [
        (1, 2, "a sample rate of 1 Hz is outside of 1000 to 768000 Hz"),
        (4_000_000_000, 2, "a sample rate of 4000000000 Hz is outside of 1000 to 768000 Hz"),
        (44_100, 0, "0 channels are outside of 1 to 24"),
        (44_100, 65_535, "65535 channels are outside of 1 to 24"),
    ],
)
def test_absurd_sound_is_refused_with_the_value_and_the_limit(rate, channels, reason):
    with pytest.raises(MediaRefused, match=f"^{reason}$"):
        intake.check(rate, channels)


@pytest.mark.parametrize(
    ("claimed_us", "pcm_bits_per_s", "size_bytes", "expected"),
    [
        (None, None, 100, None),
        (0, None, 100, None),
        (-5, None, None, None),
        (1_500_900, None, None, 1500),
        (36_000_000_000, None, 100_000, 36_000_000),  # compressed: who knows
        (500_000, 1_411_200, 88_244, 500),
        (36_000_000_000, 1_411_200, 88_244, None),
        (36_000_000_000, 1_411_200, None, None),
    ],
)
def test_believable_duration(claimed_us, pcm_bits_per_s, size_bytes, expected):
    assert intake.believable_duration_ms(claimed_us, pcm_bits_per_s, size_bytes) == expected


def test_open_options_name_what_may_be_tried_and_nothing_else():
    options = intake.open_options({"flac", "aac"}, arriving=False)
    assert options["codec_whitelist"] == "aac,flac"
    assert options["protocol_whitelist"] == "none"
    formats = options["format_whitelist"].split(",")
    assert {"flac", "mov", "wav"} <= set(formats)
    assert not {"hls", "concat", "dash", "image2", "sdp", "rtsp", "tee", "lavfi"} & set(formats)


def test_less_is_probed_while_it_arrives():
    arriving, whole = (intake.open_options((), arriving=arriving) for arriving in (True, False))
    assert int(arriving["probesize"]) < int(whole["probesize"])


def test_damage_is_left_out():
    assert list(intake.undamaged([[1, 2], None, [], [3]])) == [1, 2, 3]


def test_a_long_stretch_of_damage_is_the_end():
    pieces = [[i] for i in range(5_000)] + [None] * 1_001 + [[-1]]
    assert list(intake.undamaged(pieces)) == list(range(5_000))


def test_a_shorter_one_is_not():
    pieces = [[i] for i in range(5_000)] + [None] * 1_000 + [[-1]]
    assert list(intake.undamaged(pieces)) == [*range(5_000), -1]


def test_more_damage_than_sound_is_no_recording():
    pieces = [[1]] * 50 + [None] * 101
    with pytest.raises(MediaRefused, match="damaged"):
        list(intake.undamaged(pieces))


STREAMINFO_20_BITS = bytes(12) + bytes.fromhex("4330") + bytes(20)
STREAMINFO_32_BITS = bytes(12) + bytes.fromhex("43f0") + bytes(20)
ALAC_24_BITS = bytes(17) + b"\x18" + bytes(18)


@pytest.mark.parametrize(
    ("decoder", "sample_format", "extradata", "bits"),
    [
        ("pcm_s16le", "s16", b"", 16),
        ("pcm_u8", "u8", b"", 16),
        ("pcm_s24be", "s32", b"", 24),
        ("pcm_s32le", "s32", b"", 0),
        ("pcm_f32le", "flt", b"", 0),
        ("pcm_mulaw", "s16", b"", 0),
        ("adpcm_ms", "s16", b"", 0),
        ("flac", "s16", b"", 16),
        ("flac", "s32", STREAMINFO_20_BITS, 24),
        ("flac", "s32", STREAMINFO_32_BITS, 0),
        ("flac", "s32", b"", 0),
        ("alac", "s16p", b"", 16),
        ("alac", "s32p", ALAC_24_BITS, 24),
        ("alac", "s32p", b"", 0),
        ("ape", "s32p", b"", 24),
        ("wavpack", "s32p", b"", 0),
        ("wavpack", "fltp", b"", 0),
        ("aac", "fltp", b"", 0),
        ("mp3float", "fltp", b"", 0),
    ],
)
def test_bits_that_hold_a_lossless_source(decoder, sample_format, extradata, bits):
    assert intake.lossless_bits(decoder, sample_format, extradata) == bits


def whole_box(kind: bytes, payload: bytes = b"", *, large: bool = False) -> bytes:
    if large:
        return (1).to_bytes(4, "big") + kind + (16 + len(payload)).to_bytes(8, "big") + payload
    return (8 + len(payload)).to_bytes(4, "big") + kind + payload


@pytest.mark.parametrize(
    ("data", "fragmented"),
    [
        (whole_box(b"ftyp") + whole_box(b"moov", whole_box(b"mvhd", bytes(9)) + whole_box(b"trak")), False),
        (
            whole_box(b"mdat", bytes(5_000), large=True) + whole_box(b"moov", whole_box(b"trak"), large=True),
            False,
        ),
        (
            whole_box(b"ftyp")
            + whole_box(b"moov", whole_box(b"mvhd") + whole_box(b"mvex"))
            + whole_box(b"moof"),
            True,
        ),
        (whole_box(b"mdat", whole_box(b"moov")), True),  # none at all
        (whole_box(b"moov")[:4], True),
        (whole_box(b"free") * 1_000 + whole_box(b"moov"), True),  # nobody writes so many
        (b"\0\0\0\x07free" + whole_box(b"moov"), True),
        (b"\0\0\0\x01free\0\0\0\0\0\0\0\x0f" + whole_box(b"moov"), True),
        (whole_box(b"moov", b"\0\0\1\0mvex"), False),  # a box that is longer than what it is in
    ],
)
def test_is_fragmented(data, fragmented):
    assert intake.is_fragmented(lambda offset, size: data[offset : offset + size]) is fragmented
