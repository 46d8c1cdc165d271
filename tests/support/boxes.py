"""Reads ISO base media boxes, for tests: written from the standard, without a look at how ours are made."""

import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_CONTAINERS = {"moov", "trak", "edts", "mdia", "minf", "dinf", "stbl", "mvex", "moof", "traf"}


@dataclass
class Box:
    """One box: its place, its fields by the standard's names, and the boxes inside."""

    kind: str
    offset: int
    size: int
    fields: dict[str, Any] = field(default_factory=dict)
    children: list["Box"] = field(default_factory=list)

    def __getitem__(self, path: str) -> "Box":
        """The only box at a path such as `traf/trun`."""
        first, _, rest = path.partition("/")
        found = [child for child in self.children if child.kind == first]
        assert len(found) == 1, f"{len(found)} boxes {first!r} in {self.kind!r}"
        return found[0][rest] if rest else found[0]

    def tree(self) -> Any:
        """Kinds alone, nested: what is in it, and in which order."""
        return (self.kind, [child.tree() for child in self.children]) if self.children else self.kind


def parse(data: bytes) -> list[Box]:
    """All boxes of `data`, which must end where its last box ends."""
    return _parse(memoryview(data), 0, len(data))


def presented(path: Path) -> list[tuple[float, float]]:
    """Seconds from and to which each fragment is heard, by the boxes alone."""
    boxes = parse(path.read_bytes())
    movie = next(box for box in boxes if box.kind == "moov")
    timescale = movie["trak/mdia/mdhd"].fields["timescale"]
    has_edits = any(box.kind == "edts" for box in movie["trak"].children)
    delay = movie["trak/edts/elst"].fields["edits"][0][1] if has_edits else 0
    spans = []
    for moof in (box for box in boxes if box.kind == "moof"):
        start = moof["traf/tfdt"].fields["base_media_decode_time"]
        run = moof["traf/trun"].fields
        length = sum(
            run.get("durations", [moof["traf/tfhd"].fields["default_duration"]] * run["sample_count"])
        )
        spans.append((max(start - delay, 0) / timescale, (start + length - delay) / timescale))
    return spans


def _parse(data: memoryview, start: int, end: int) -> list[Box]:
    boxes = []
    while start < end:
        size, kind = struct.unpack_from(">I4s", data, start)
        assert size >= 8, f"box {kind!r} of {size} bytes at {start}"
        assert start + size <= end, f"box {kind!r} at {start} reaches beyond {end}"
        box = Box(kind.decode("ascii"), start, size)
        body = start + 8
        if box.kind in _CONTAINERS:
            box.children = _parse(data, body, start + size)
        elif reader := globals().get(f"_read_{box.kind.strip()}"):
            used = reader(box, data, body, start + size)
            assert used == start + size, f"{box.kind} ends at {start + size}, its fields at {used}"
        else:
            raise AssertionError(f"unknown box {box.kind!r}")
        boxes.append(box)
        start += size
    return boxes


def _full(box: Box, data: memoryview, at: int) -> int:
    (word,) = struct.unpack_from(">I", data, at)
    box.fields["version"], box.fields["flags"] = word >> 24, word & 0xFFFFFF
    return at + 4


def _take(box: Box, data: memoryview, at: int, layout: str, *names: str) -> int:
    values = struct.unpack_from(">" + layout, data, at)
    box.fields.update(zip(names, values, strict=True))
    return at + struct.calcsize(">" + layout)


def _read_ftyp(box: Box, data: memoryview, at: int, end: int) -> int:
    at = _take(box, data, at, "4sI", "major_brand", "minor_version")
    box.fields["compatible_brands"] = [bytes(data[i : i + 4]) for i in range(at, end, 4)]
    return end


_read_styp = _read_ftyp


def _read_mvhd(box: Box, data: memoryview, at: int, end: int) -> int:
    at = _take(box, data, _full(box, data, at), "IIII", "creation", "modification", "timescale", "duration")
    at = _take(box, data, at, "IH10x", "rate", "volume")
    box.fields["matrix"] = struct.unpack_from(">9I", data, at)
    return _take(box, data, at + 36, "24xI", "next_track_id")


def _read_tkhd(box: Box, data: memoryview, at: int, end: int) -> int:
    names = ("creation", "modification", "track_id", "reserved", "duration")
    at = _take(box, data, _full(box, data, at), "IIIII", *names)
    at = _take(box, data, at, "8xHHH2x", "layer", "alternate_group", "volume")
    box.fields["matrix"] = struct.unpack_from(">9I", data, at)
    return _take(box, data, at + 36, "II", "width", "height")


def _read_elst(box: Box, data: memoryview, at: int, end: int) -> int:
    count: int = struct.unpack_from(">I", data, _full(box, data, at))[0]
    box.fields["edits"] = [struct.unpack_from(">IiI", data, at + 8 + 12 * i) for i in range(count)]
    return at + 8 + 12 * count


def _read_mdhd(box: Box, data: memoryview, at: int, end: int) -> int:
    names = ("creation", "modification", "timescale", "duration", "language", "pre_defined")
    return _take(box, data, _full(box, data, at), "IIIIHH", *names)


def _read_hdlr(box: Box, data: memoryview, at: int, end: int) -> int:
    at = _take(box, data, _full(box, data, at), "I4s12x", "pre_defined", "handler_type")
    box.fields["name"] = bytes(data[at:end])
    return end


def _read_smhd(box: Box, data: memoryview, at: int, end: int) -> int:
    return _take(box, data, _full(box, data, at), "h2x", "balance")


def _read_dref(box: Box, data: memoryview, at: int, end: int) -> int:
    at = _take(box, data, _full(box, data, at), "I", "entry_count")
    box.children = _parse(data, at, end)
    return end


def _read_url(box: Box, data: memoryview, at: int, end: int) -> int:
    return _full(box, data, at)


def _read_stsd(box: Box, data: memoryview, at: int, end: int) -> int:
    return _read_dref(box, data, at, end)


def _read_mp4a(box: Box, data: memoryview, at: int, end: int) -> int:
    names = ("data_reference_index", "channel_count", "sample_size", "sample_rate")
    at = _take(box, data, at, "6xH8xHH4xI", *names)
    box.children = _parse(data, at, end)
    return end


_read_fLaC = _read_Opus = _read_mp4a


def _read_dfLa(box: Box, data: memoryview, at: int, end: int) -> int:
    at = _full(box, data, at)
    box.fields["metadata"] = bytes(data[at:end])
    return end


def _read_dOps(box: Box, data: memoryview, at: int, end: int) -> int:
    names = ("version", "channel_count", "pre_skip", "input_rate", "gain", "mapping_family")
    return _take(box, data, at, "BBHIhB", *names)


def _read_esds(box: Box, data: memoryview, at: int, end: int) -> int:
    at = _full(box, data, at)
    tag, size, es_id, flags = struct.unpack_from(">BBHB", data, at)
    assert (tag, at + 2 + size) == (3, end)
    tag, size, object_type, stream = struct.unpack_from(">BBBB", data, at + 5)
    assert tag == 4
    buffer_and_max = int.from_bytes(data[at + 9 : at + 12], "big")
    maximum, average, inner, length = struct.unpack_from(">IIBB", data, at + 12)
    assert (inner, size) == (5, 13 + 2 + length)
    config_end = at + 22 + length
    sync_tag, sync_size, predefined = struct.unpack_from(">BBB", data, config_end)
    assert (sync_tag, sync_size) == (6, 1)
    box.fields |= {
        "es_id": es_id,
        "es_flags": flags,
        "object_type": object_type,
        "stream_type": stream >> 2,
        "up_stream": stream >> 1 & 1,
        "buffer_size": buffer_and_max,
        "max_bitrate": maximum,
        "average_bitrate": average,
        "config": bytes(data[at + 22 : config_end]),
        "sync": predefined,
    }
    return int(config_end + 3)


def _read_stts(box: Box, data: memoryview, at: int, end: int) -> int:
    return _take(box, data, _full(box, data, at), "I", "entry_count")


_read_stsc = _read_stco = _read_stts


def _read_stsz(box: Box, data: memoryview, at: int, end: int) -> int:
    return _take(box, data, _full(box, data, at), "II", "sample_size", "sample_count")


def _read_sgpd(box: Box, data: memoryview, at: int, end: int) -> int:
    names = ("grouping_type", "default_length", "entry_count")
    at = _take(box, data, _full(box, data, at), "4sII", *names)
    assert box.fields["version"] == 1
    box.fields["roll_distances"] = list(struct.unpack_from(f">{box.fields['entry_count']}h", data, at))
    return at + 2 * int(box.fields["entry_count"])


def _read_trex(box: Box, data: memoryview, at: int, end: int) -> int:
    names = ("track_id", "description_index", "duration", "size", "sample_flags")
    return _take(box, data, _full(box, data, at), "IIIII", *names)


def _read_mfhd(box: Box, data: memoryview, at: int, end: int) -> int:
    return _take(box, data, _full(box, data, at), "I", "sequence_number")


def _read_tfhd(box: Box, data: memoryview, at: int, end: int) -> int:
    at = _take(box, data, _full(box, data, at), "I", "track_id")
    for bit, layout, name in (
        (0x1, "Q", "base_data_offset"),
        (0x2, "I", "description_index"),
        (0x8, "I", "default_duration"),
        (0x10, "I", "default_size"),
        (0x20, "I", "default_flags"),
    ):
        if box.fields["flags"] & bit:
            at = _take(box, data, at, layout, name)
    return at


def _read_tfdt(box: Box, data: memoryview, at: int, end: int) -> int:
    at = _full(box, data, at)
    return _take(box, data, at, "Q" if box.fields["version"] else "I", "base_media_decode_time")


def _read_trun(box: Box, data: memoryview, at: int, end: int) -> int:
    at = _take(box, data, _full(box, data, at), "I", "sample_count")
    flags = box.fields["flags"]
    if flags & 0x1:
        at = _take(box, data, at, "i", "data_offset")
    if flags & 0x4:
        at = _take(box, data, at, "I", "first_sample_flags")
    columns = [
        name
        for bit, name in ((0x100, "durations"), (0x200, "sizes"), (0x400, "sample_flags"), (0x800, "offsets"))
        if flags & bit
    ]
    count = box.fields["sample_count"]
    numbers = struct.unpack_from(f">{count * len(columns)}I", data, at)
    for place, name in enumerate(columns):
        box.fields[name] = list(numbers[place :: len(columns)])
    return at + 4 * len(numbers)


def _read_sbgp(box: Box, data: memoryview, at: int, end: int) -> int:
    at = _take(box, data, _full(box, data, at), "4sI", "grouping_type", "entry_count")
    count = int(box.fields["entry_count"])
    box.fields["entries"] = [struct.unpack_from(">II", data, at + 8 * i) for i in range(count)]
    return at + 8 * count


def _read_mdat(box: Box, data: memoryview, at: int, end: int) -> int:
    box.fields["data"] = bytes(data[at:end])
    return end
