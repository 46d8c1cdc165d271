from fractions import Fraction
from itertools import pairwise

import pytest

from hls import ladder
from hls.ladder import Form, RenditionPlan

ALL = ("aac128", "aac64", "aac256", "flac", "opus96")
RATES = (44_100, 48_000, 88_200, 96_000, 176_400, 192_000)


def names(form: Form, wanted=ladder.DEFAULT) -> list[str]:
    return [plan.name for plan in ladder.plan(form, wanted)]


def one(form: Form, name: str) -> RenditionPlan:
    return next(plan for plan in ladder.plan(form, ALL) if plan.name == name)


def ends(plan: RenditionPlan, count: int = 500) -> list[Fraction]:
    """Seconds at which the first segments end, as the segmenter cuts them."""
    extra, frames = plan.delay_ticks // plan.frame_ticks, plan.fragment_frames
    return [
        Fraction(
            (extra + int(frames * number + Fraction(1, 2))) * plan.frame_ticks - plan.delay_ticks,
            plan.sample_rate,
        )
        for number in range(1, count)
    ]


def test_a_lossless_stereo_source_at_44_1_khz():
    form = Form(44_100, 2, lossless_bits=16)
    assert names(form) == ["aac128", "aac64", "aac256", "flac"]
    assert ladder.plan(form)[0] == RenditionPlan(
        name="aac128",
        codec="aac",
        sample_format="fltp",
        sample_rate=44_100,
        channels=2,
        bitrate=128_000,
        frame_ticks=1024,
        lead_ticks=1024,
        delay_ticks=2048,
        fragment_frames=Fraction(172),
    )
    assert ladder.plan(form)[3] == RenditionPlan(
        name="flac",
        codec="flac",
        sample_format="s16",
        sample_rate=44_100,
        channels=2,
        bitrate=0,
        frame_ticks=4096,
        lead_ticks=0,
        delay_ticks=0,
        fragment_frames=Fraction(43),
    )


@pytest.mark.parametrize(
    ("source", "rendition"),
    [(44_100, 44_100), (88_200, 44_100), (176_400, 44_100), (352_800, 44_100)]
    + [(rate, 48_000) for rate in (8_000, 11_025, 16_000, 22_050, 32_000, 48_000, 96_000, 192_000, 44_101)],
)
def test_sample_rates(source, rendition):
    assert one(Form(source, 2), "aac128").sample_rate == rendition
    assert ladder.common(Form(source, 6)) == (rendition, 2)


@pytest.mark.parametrize(("source", "channels", "halves"), [(1, 1, 2), (2, 2, 1), (6, 2, 1)])
def test_channels(source, channels, halves):
    form = Form(48_000, source)
    for name, bitrate in (("aac64", 64), ("aac128", 128), ("aac256", 256), ("opus96", 96)):
        assert (one(form, name).channels, one(form, name).bitrate) == (channels, bitrate * 1000 // halves)


@pytest.mark.parametrize("rate", RATES)
def test_lossless_keeps_rate_channels_and_bits(rate):
    for bits, sample_format in ((16, "s16"), (24, "s32")):
        plan = one(Form(rate, 6, lossless_bits=bits), "flac")
        assert (plan.sample_rate, plan.channels, plan.sample_format) == (rate, 6, sample_format)


@pytest.mark.parametrize(
    "form", [Form(44_100, 2), Form(32_000, 2, 16), Form(384_000, 2, 24), Form(48_000, 9, 16)]
)
def test_what_flac_can_not_hold_has_none(form):
    assert "flac" not in names(form)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ((), ["aac128"]),
        (("flac",), ["aac128", "flac"]),
        (("opus96", "aac256", "aac64"), ["aac64", "aac256", "opus96"]),
        (ALL, list(ALL)),
    ],
)
def test_the_operator_chooses_and_aac_is_always_there(wanted, expected):
    assert names(Form(48_000, 2, 24), wanted) == expected


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("delay", [None, 0, 1024, 2112])
def test_every_segment_ends_with_that_of_the_other_renditions(rate, delay):
    form = (
        Form(rate, 2, 16) if delay is None else Form(rate if rate < 50_000 else 48_000, 2, 0, delay, 256_000)
    )
    plans = ladder.plan(form, ("aac128", "aac64", "aac256", "flac"))
    assert len(plans) > 2
    assert len({tuple(ends(plan)) for plan in plans}) == 1


@pytest.mark.parametrize(("rate", "skew"), [(48_000, 0), (96_000, 0), (44_100, Fraction(1, 100))])
def test_opus_ends_its_segments_there_too_or_within_half_a_frame(rate, skew):
    aac, opus = one(Form(rate, 2), "aac128"), one(Form(rate, 2), "opus96")
    assert all(abs(a - b) <= skew for a, b in zip(ends(aac), ends(opus), strict=True))


@pytest.mark.parametrize("rate", RATES)
def test_no_segment_outgrows_the_target_duration(rate):
    for plan in ladder.plan(Form(rate, 2, 24), ALL):
        cuts = [Fraction(0), *ends(plan)]
        lengths = [after - before for before, after in pairwise(cuts)]
        assert Fraction(7, 2) < min(lengths) and max(lengths) <= ladder.TARGET_DURATION_S


def test_aac_is_passed_on_and_only_what_is_much_smaller_is_made_beside_it():
    form = Form(44_100, 2, 0, copied_delay_ticks=2112, copied_bitrate=256_000)
    copied, *encoded = ladder.plan(form, ALL)
    assert (copied.name, copied.codec, copied.delay_ticks, copied.bitrate) == ("aac", "copy", 2112, 256_000)
    assert [(plan.name, plan.lead_ticks) for plan in encoded] == [
        ("aac128", 1088),
        ("aac64", 1088),
        ("opus96", 648),
    ]
    assert names(Form(44_100, 2, 0, 0, 128_000)) == ["aac", "aac64"]
    assert names(Form(44_100, 2, 0, 0, 64_000)) == ["aac"]


def test_every_planned_name_is_known_before_and_in_order():
    planned = names(Form(44_100, 2, 16), ALL)
    assert planned == sorted(planned, key=ladder.NAMES.index)
    assert set(ladder.DEFAULT) < set(ladder.NAMES)


@pytest.mark.parametrize(
    ("rate", "channels", "copied"),
    [(44_100, 2, True), (48_000, 1, True), (48_000, 6, False), (22_050, 2, False), (96_000, 2, False)],
)
def test_aac_is_passed_on_in_forms_that_everyone_plays(rate, channels, copied):
    assert ladder.can_copy(rate, channels) is copied
