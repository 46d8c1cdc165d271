"""Buckets that are shared."""

from chat.broker import Charge
from chat.charges import Purse

ACCOUNT = Charge("a:1", 1000, 2)
NETWORK = Charge("n:10.0.0.1", 500, 3)


def test_all_are_paid_or_none() -> None:
    purse = Purse(10)
    assert purse.pay([ACCOUNT, NETWORK], 1.0) == 0
    assert purse.pay([ACCOUNT, NETWORK], 1.0) == 0
    assert purse.pay([ACCOUNT, NETWORK], 1.0) == 1000
    assert purse.pay([NETWORK], 1.0) == 0, "the refused one took nothing"
    assert purse.pay([NETWORK], 1.0) == 500
    assert purse.pay([ACCOUNT], 2.0) == 0


def test_one_key_may_be_charged_twice() -> None:
    purse = Purse(10)
    assert purse.pay([ACCOUNT, ACCOUNT], 1.0) == 0
    assert purse.pay([ACCOUNT], 1.0) == 1000


def test_the_one_used_longest_ago_is_forgotten() -> None:
    purse = Purse(2)
    for key in "abc":
        assert purse.pay([Charge(key, 60_000, 1)], 1.0) == 0
    assert len(purse) == 2
    assert purse.pay([Charge("c", 60_000, 1)], 1.0) == 60_000
    assert purse.pay([Charge("a", 60_000, 1)], 1.0) == 0
