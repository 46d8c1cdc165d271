"""The token bucket: what it gives, and that the wait it names is the right one."""

from hypothesis import given
from hypothesis import strategies as st

from chat.limits import Buckets, ChatLimits, Rate


def test_a_burst_then_the_rate() -> None:
    rate, bucket = Rate(10, 3), 0.0
    for _ in range(3):
        bucket, retry_ms = rate.take(bucket, 100.0)
        assert retry_ms == 0
    assert rate.take(bucket, 100.0) == (bucket, 100)
    assert rate.take(bucket, 100.075) == (bucket, 25)
    bucket, retry_ms = rate.take(bucket, 100.1)
    assert retry_ms == 0
    assert rate.take(bucket, 100.1)[1] == 100


def test_a_bucket_never_holds_more_than_the_burst() -> None:
    rate, bucket = Rate(10, 2), 0.0
    bucket, _ = rate.take(bucket, 0.0)
    for _ in range(2):
        bucket, retry_ms = rate.take(bucket, 1e6)
        assert retry_ms == 0
    assert rate.take(bucket, 1e6)[1] == 100


@given(
    per_s=st.floats(0.1, 1000),
    burst=st.integers(1, 20),
    steps_s=st.lists(st.floats(0, 2), min_size=1, max_size=60),
)
def test_it_holds_the_rate_and_keeps_its_word(per_s: float, burst: int, steps_s: list[float]) -> None:
    rate, bucket, now_s, taken = Rate(per_s, burst), 0.0, 1000.0, 0
    for step_s in steps_s:
        now_s += step_s
        bucket, retry_ms = rate.take(bucket, now_s)
        if retry_ms:
            assert rate.take(bucket, now_s + retry_ms / 1000)[1] == 0
        else:
            taken += 1
    assert taken <= burst + (now_s - 1000.0) * per_s + 0.01


def test_the_limits_fit_together() -> None:
    limits = ChatLimits()
    assert limits.max_frame_bytes >= 4000 * len("\\ud83c\\udfb8") + 200, "a body may come escaped"
    assert limits.resume_bytes + limits.history_bytes <= limits.max_outbox_bytes, (
        "a replay fits into an outbox"
    )
    assert limits.history_messages <= limits.resume_messages


def test_each_key_has_a_bucket_of_its_own() -> None:
    buckets = Buckets(Rate(1, 2), max_kept=10)
    assert [buckets.take("ann", 100.0) for _ in range(3)] == [0, 0, 1000]
    assert buckets.take("bob", 100.0) == 0
    assert buckets.take("ann", 100.5) == 500
    assert buckets.take("ann", 101.0) == 0


def test_the_bucket_used_longest_ago_makes_room() -> None:
    buckets = Buckets(Rate(1, 1), max_kept=2)
    assert [buckets.take(key, 100.0) for key in ("a", "b", "a", "c")] == [0, 0, 1000, 0]
    assert len(buckets) == 2
    assert buckets.take("a", 100.0) == 1000, "used again since, and kept"
    assert buckets.take("b", 100.0) == 0, "forgotten"
