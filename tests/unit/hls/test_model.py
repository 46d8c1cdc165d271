from hls.model import Rendition, Segment


def test_a_rendition_without_segments_is_its_init_segment():
    rendition = Rendition("aac128", "mp4a.40.2", 44_100, 2, 654, [])
    assert (rendition.size_bytes, rendition.duration_ticks, rendition.complete) == (654, 0, False)


def test_size_and_duration_follow_the_segments():
    segments = [Segment(654, 100, 1000), Segment(754, 50, 500)]
    rendition = Rendition("aac128", "mp4a.40.2", 44_100, 2, 654, segments)
    assert (rendition.size_bytes, rendition.duration_ticks) == (804, 1500)
