import pytest

from hls.codecs import aac_codec_string, aac_config


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
