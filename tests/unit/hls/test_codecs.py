import pytest

from hls.codecs import aac_codec_string, aac_config, flac_bits, flac_metadata, is_plain_aac, opus_config


@pytest.mark.parametrize(
    ("rate", "channels", "expected"),
    [(44_100, 2, "1210"), (48_000, 2, "1190"), (48_000, 1, "1188"), (96_000, 1, "1008"), (7_350, 6, "1630")],
)
def test_aac_config_is_what_decoders_read(rate, channels, expected):
    assert aac_config(rate, channels).hex() == expected


@pytest.mark.parametrize(("rate", "channels"), [(44_000, 2), (44_100, 0), (44_100, 7)])
def test_aac_config_refuses_what_it_can_not_say(rate, channels):
    with pytest.raises(ValueError, match=str(rate) if rate == 44_000 else str(channels)):
        aac_config(rate, channels)


@pytest.mark.parametrize(
    ("config", "expected"), [("1210", "mp4a.40.2"), ("2b92", "mp4a.40.5"), ("eb92", "mp4a.40.29")]
)
def test_codec_string_names_the_object_type(config, expected):
    assert aac_codec_string(bytes.fromhex(config)) == expected


@pytest.mark.parametrize("config", ["", "12", "0000", "f800"])
def test_codec_string_refuses_what_is_no_plain_config(config):
    with pytest.raises(ValueError, match=r"AudioSpecificConfig|audioObjectType"):
        aac_codec_string(bytes.fromhex(config))


@pytest.mark.parametrize(
    ("config", "rate", "channels", "plain"),
    [
        ("1210", 44_100, 2, True),
        ("121056e500", 44_100, 2, True),  # an extension that says: no SBR
        ("1210", 48_000, 2, False),
        ("1210", 44_100, 1, False),
        ("2b8a0800", 44_100, 2, False),  # explicit SBR
        ("1214", 44_100, 2, False),  # frames of 960 samples
        ("", 44_100, 2, False),
        ("1210", 44_101, 2, False),
    ],
)
def test_plain_aac_can_be_passed_on(config, rate, channels, plain):
    assert is_plain_aac(bytes.fromhex(config), rate, channels) is plain


@pytest.mark.parametrize(("bytes_12_13", "bits"), [("42f0", 16), ("4370", 24), ("43f0", 32), ("4070", 8)])
def test_flac_says_how_many_bits_a_sample_has(bytes_12_13, bits):
    info = bytes(12) + bytes.fromhex(bytes_12_13) + bytes(20)
    assert flac_bits(info) == bits
    assert flac_metadata(info) == b"\x80\0\0\x22" + info


def test_what_is_no_streaminfo_is_not_taken_for_one():
    assert flac_bits(b"short") == 0
    with pytest.raises(ValueError, match="this has 5"):
        flac_metadata(b"short")


def test_opus_config_counts_in_big_endian():
    assert opus_config(2, 960, 44_100).hex() == "000203c00000ac44000000"
