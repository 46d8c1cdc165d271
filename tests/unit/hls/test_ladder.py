import pytest

from hls import ladder
from hls.ladder import RenditionPlan


def test_a_stereo_source_at_44_1_khz():
    assert ladder.plan(44_100, 2) == (
        RenditionPlan(
            name="aac128",
            codec="aac",
            sample_rate=44_100,
            channels=2,
            bitrate=128_000,
            frame_ticks=1024,
            delay_ticks=1024,
            fragment_frames=172,
        ),
    )


@pytest.mark.parametrize(
    ("source", "rendition"),
    [(44_100, 44_100), (88_200, 44_100), (176_400, 44_100), (352_800, 44_100)]
    + [(rate, 48_000) for rate in (8_000, 11_025, 16_000, 22_050, 32_000, 48_000, 96_000, 192_000, 44_101)],
)
def test_sample_rates(source, rendition):
    (plan,) = ladder.plan(source, 2)
    assert plan.sample_rate == rendition


@pytest.mark.parametrize(
    ("source", "channels", "bitrate"), [(1, 1, 64_000), (2, 2, 128_000), (6, 2, 128_000)]
)
def test_channels(source, channels, bitrate):
    (plan,) = ladder.plan(48_000, source)
    assert (plan.channels, plan.bitrate) == (channels, bitrate)


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_a_full_segment_keeps_the_target_duration(rate):
    (plan,) = ladder.plan(rate, 2)
    seconds = plan.fragment_frames * plan.frame_ticks / plan.sample_rate
    assert round(seconds) <= ladder.TARGET_DURATION_S
    assert seconds == pytest.approx(ladder.TARGET_DURATION_S, abs=0.4)


def test_every_planned_name_is_known_before():
    assert {plan.name for plan in ladder.plan(44_100, 2)} <= set(ladder.NAMES)
