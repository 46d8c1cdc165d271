from hls import codecs, fmp4, ladder
from hls.coding import Coding, coding
from hls.ladder import Form

STREAMINFO = bytes.fromhex("100010000000000000000ac442f0" + "00" * 20)


def test_every_codec_introduces_itself():
    names = ("aac128", "flac", "opus96")
    aac, flac, opus = ladder.plan(Form(44_100, 2, 16), names)
    config = codecs.aac_config(44_100, 2)
    assert coding(aac, b"", 44_100) == Coding(
        "mp4a.40.2", fmp4.aac_sample_entry(config, 44_100, 2, 128_000), -1, (b"caac", b"mp41")
    )
    metadata = codecs.flac_metadata(STREAMINFO)
    assert coding(flac, STREAMINFO, 44_100) == Coding(
        "fLaC", fmp4.flac_sample_entry(metadata, 44_100, 2, 16), 0, ()
    )
    dops = codecs.opus_config(2, 960, 44_100)
    assert coding(opus, b"OpusHead", 44_100) == Coding("Opus", fmp4.opus_sample_entry(dops, 2), -4, ())
