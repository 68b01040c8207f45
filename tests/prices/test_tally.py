"""Trouble is counted always and written seldom."""

from ringfence.prices.tally import EVERY_S, Tally


def test_trouble_is_written_at_once_then_once_a_minute_with_its_count():
    lines: list[str] = []
    now_s = [0.0]
    tally = Tally(lines.append, lambda: now_s[0])
    for _ in range(10):
        tally.count("source a", "crossed")
    tally.count("source b", "late")
    assert lines == ["source a: crossed", "source b: late"]
    now_s[0] += EVERY_S
    tally.count("source a", "empty")
    assert lines[2:] == ["source a: empty (10 times since this was said last, 11 in all)"]
    now_s[0] += EVERY_S - 1
    tally.count("source a", "empty")
    assert len(lines) == 3
    assert tally.counts == {"source a": 12, "source b": 1}
