import pytest

from hls import fmp4
from hls.codecs import aac_config
from hls.model import AccessUnit
from hls.segmenter import Fragment
from tests.support.boxes import Box, parse

IDENTITY = (0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def init(delay_ticks: int = 1024) -> list[Box]:
    entry = fmp4.aac_sample_entry(aac_config(44_100, 2), 44_100, 2, 128_000)
    return parse(fmp4.init_segment(sample_entry=entry, timescale=44_100, delay_ticks=delay_ticks))


def units(*sizes: int, last: int = 1024) -> list[AccessUnit]:
    whole = [AccessUnit(bytes([i]) * size, 1024) for i, size in enumerate(sizes)]
    return [*whole[:-1], AccessUnit(whole[-1].data, last)]


def test_a_box_is_its_size_its_letters_and_its_payload():
    assert fmp4.box(b"free", b"ab", b"c") == b"\0\0\0\x0bfreeabc"
    assert fmp4.full_box(b"url ", 1, 2, b"x") == b"\0\0\0\x0durl \x01\0\0\x02x"


def test_init_segment_has_the_boxes_of_a_cmaf_header_and_no_others():
    file_type, movie = init()
    stbl = ("stbl", [("stsd", [("mp4a", ["esds"])]), "stts", "stsc", "stsz", "stco", "sgpd"])
    minf = ("minf", ["smhd", ("dinf", [("dref", ["url "])]), stbl])
    trak = ("trak", ["tkhd", ("edts", ["elst"]), ("mdia", ["mdhd", "hdlr", minf])])
    assert movie.tree() == ("moov", ["mvhd", trak, ("mvex", ["trex"])])
    assert file_type.fields == {
        "major_brand": b"cmfc",
        "minor_version": 0,
        "compatible_brands": [b"iso6", b"cmfc", b"caac", b"mp41"],
    }


def test_init_segment_fields():
    _, movie = init()
    assert movie["mvhd"].fields == {
        "version": 0,
        "flags": 0,
        "creation": 0,
        "modification": 0,
        "timescale": 44_100,
        "duration": 0,
        "rate": 0x10000,
        "volume": 0x100,
        "matrix": IDENTITY,
        "next_track_id": 2,
    }
    assert movie["trak/tkhd"].fields == {
        "version": 0,
        "flags": 7,
        "creation": 0,
        "modification": 0,
        "track_id": 1,
        "reserved": 0,
        "duration": 0,
        "layer": 0,
        "alternate_group": 0,
        "volume": 0x100,
        "matrix": IDENTITY,
        "width": 0,
        "height": 0,
    }
    media = movie["trak/mdia"]
    assert media["mdhd"].fields == {
        "version": 0,
        "flags": 0,
        "creation": 0,
        "modification": 0,
        "timescale": 44_100,
        "duration": 0,
        "language": 0x55C4,
        "pre_defined": 0,
    }
    assert media["hdlr"].fields["handler_type"] == b"soun"
    assert media["hdlr"].fields["name"].endswith(b"\0")
    assert media["minf/dinf/dref/url "].fields == {"version": 0, "flags": 1}
    assert movie["mvex/trex"].fields == {
        "version": 0,
        "flags": 0,
        "track_id": 1,
        "description_index": 1,
        "duration": 0,
        "size": 0,
        "sample_flags": 0x02000000,
    }


def test_sample_entry():
    _, movie = init()
    entry = movie["trak/mdia/minf/stbl/stsd/mp4a"]
    assert entry.fields == {
        "data_reference_index": 1,
        "channel_count": 2,
        "sample_size": 16,
        "sample_rate": 44_100 << 16,
    }
    assert entry["esds"].fields == {
        "version": 0,
        "flags": 0,
        "es_id": 0,
        "es_flags": 0,
        "object_type": 0x40,
        "stream_type": 5,
        "up_stream": 0,
        "buffer_size": 1536,
        "max_bitrate": 128_000,
        "average_bitrate": 128_000,
        "config": bytes.fromhex("1210"),
        "sync": 2,
    }


def test_sample_tables_are_empty_and_say_that_frames_roll():
    _, movie = init()
    table = movie["trak/mdia/minf/stbl"]
    for kind in ("stts", "stsc", "stco"):
        assert table[kind].fields["entry_count"] == 0
    assert table["stsz"].fields == {"version": 0, "flags": 0, "sample_size": 0, "sample_count": 0}
    assert table["sgpd"].fields == {
        "version": 1,
        "flags": 0,
        "grouping_type": b"roll",
        "default_length": 2,
        "entry_count": 1,
        "roll_distances": [-1],
    }


def test_edit_list_skips_the_encoder_delay():
    _, movie = init(delay_ticks=1024)
    assert movie["trak/edts/elst"].fields["edits"] == [(0, 1024, 0x10000)]


def test_no_delay_no_edit_list():
    _, movie = init(delay_ticks=0)
    assert [child.kind for child in movie["trak"].children] == ["tkhd", "mdia"]


@pytest.mark.parametrize(("channels", "buffer_size"), [(1, 768), (2, 1536)])
def test_decoder_buffer_grows_with_the_channels(channels, buffer_size):
    (entry,) = parse(fmp4.aac_sample_entry(aac_config(48_000, channels), 48_000, channels, 64_000 * channels))
    assert entry["esds"].fields["buffer_size"] == buffer_size


def test_fragment_of_even_units():
    moof, mdat = parse(fmp4.fragment(Fragment(7, 176_128, units(3, 5, 4), 3072)))
    assert moof.tree() == ("moof", ["mfhd", ("traf", ["tfhd", "tfdt", "trun", "sbgp"])])
    assert moof["mfhd"].fields["sequence_number"] == 7
    assert moof["traf/tfhd"].fields == {
        "version": 0,
        "flags": 0x020008,
        "track_id": 1,
        "default_duration": 1024,
    }
    assert moof["traf/tfdt"].fields == {"version": 1, "flags": 0, "base_media_decode_time": 176_128}
    assert moof["traf/trun"].fields == {
        "version": 0,
        "flags": 0x201,
        "sample_count": 3,
        "data_offset": moof.size + 8,
        "sizes": [3, 5, 4],
    }
    assert moof["traf/sbgp"].fields == {
        "version": 0,
        "flags": 0,
        "grouping_type": b"roll",
        "entry_count": 1,
        "entries": [(3, 1)],
    }
    assert mdat.fields["data"] == b"\0\0\0\1\1\1\1\1\2\2\2\2"


def test_fragment_with_a_shortened_last_unit_writes_durations():
    moof, mdat = parse(fmp4.fragment(Fragment(1, 0, units(2, 2, last=500), 1524)))
    assert moof["traf/trun"].fields == {
        "version": 0,
        "flags": 0x301,
        "sample_count": 2,
        "data_offset": mdat.offset + 8,
        "durations": [1024, 500],
        "sizes": [2, 2],
    }


def test_a_lone_short_unit_needs_no_durations():
    moof, _ = parse(fmp4.fragment(Fragment(1, 0, units(9, last=12), 12)))
    assert moof["traf/tfhd"].fields["default_duration"] == 12
    assert moof["traf/trun"].fields["flags"] == 0x201


def test_decode_time_beyond_32_bits():
    moof, _ = parse(fmp4.fragment(Fragment(1, 1 << 40, units(1), 1024)))
    assert moof["traf/tfdt"].fields["base_media_decode_time"] == 1 << 40


def test_a_descriptor_that_needs_a_longer_size_is_our_mistake():
    with pytest.raises(AssertionError, match="longer size"):
        fmp4.aac_sample_entry(bytes(200), 48_000, 2, 128_000)


@pytest.mark.parametrize(
    ("rate", "shown"),
    [(44_100, 44_100), (48_000, 48_000), (192_000, 48_000), (176_400, 44_100), (352_801, 0)],
)
def test_flac_sample_entry_says_a_rate_that_its_field_can_hold(rate, shown):
    metadata = b"\x80\0\0\x22" + bytes(34)
    (entry,) = parse(fmp4.flac_sample_entry(metadata, rate, 6, 24))
    assert entry.tree() == ("fLaC", ["dfLa"])
    assert (entry.fields["channel_count"], entry.fields["sample_size"]) == (6, 24)
    assert entry.fields["sample_rate"] == shown << 16
    assert entry["dfLa"].fields == {"version": 0, "flags": 0, "metadata": metadata}


def test_opus_sample_entry():
    (entry,) = parse(fmp4.opus_sample_entry(b"\0\x02\x03\xc0\0\0\xac\x44\0\0\0", 2))
    assert entry.tree() == ("Opus", ["dOps"])
    assert entry.fields["sample_rate"] == 48_000 << 16
    assert entry["dOps"].fields == {
        "version": 0,
        "channel_count": 2,
        "pre_skip": 960,
        "input_rate": 44_100,
        "gain": 0,
        "mapping_family": 0,
    }


def test_init_segment_names_roll_distance_and_brands_of_its_codec():
    entry = fmp4.opus_sample_entry(bytes(11), 2)
    made = fmp4.init_segment(
        sample_entry=entry, timescale=48_000, delay_ticks=960, roll_distance=-4, brands=(b"abcd",)
    )
    file_type, movie = parse(made)
    assert file_type.fields["compatible_brands"] == [b"iso6", b"cmfc", b"abcd"]
    assert movie["trak/mdia/minf/stbl/sgpd"].fields["roll_distances"] == [-4]
    none = fmp4.init_segment(sample_entry=entry, timescale=48_000, delay_ticks=0, roll_distance=0, brands=())
    stbl = parse(none)[1]["trak/mdia/minf/stbl"]
    assert stbl.tree() == ("stbl", [("stsd", [("Opus", ["dOps"])]), "stts", "stsc", "stsz", "stco"])
