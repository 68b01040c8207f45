"""The bench of shares pays everybody and counts every vote."""

from ringfence.bench import shares


def test_bench_pays_everybody_who_is_entitled() -> None:
    found = shares.measure(2_000)
    assert found.paid == 2_000 - 20, "everybody but who is short"
    assert found.record.pages == 1 and found.payment.pages == 2
