"""A recording is played at its own pace or another, and is silent where it was silent."""

import asyncio
from pathlib import Path

import pytest

from ringfence.prices.recorded import RecordedSource
from ringfence.prices.source import SourceError, Ticker

HEADER = "time_us,asset,bid,ask,last\n"
ROWS = """\
5000000,SOL,149.9,150.1,150
5000000,BTC,,,90000
6000000,SOL,150.9,151.1,151
6500000,SOL,151.9,152.1,152
9000000,BTC,89990,90010,
"""


class Player:
    """A recording under a clock that the test moves."""

    def __init__(self, folder: Path, text: str, speed_ppm: int = 10**6) -> None:
        path = folder / "prices.csv"
        path.write_text(text)
        self.us = 1_700_000_000_000_000
        self.source = RecordedSource(path, speed_ppm, lambda: self.us)

    def after(self, passed_us: int) -> dict[str, Ticker]:
        self.us += passed_us
        return dict(asyncio.run(self.source.read(["SOL", "BTC"])))

    def close(self) -> None:
        asyncio.run(self.source.close())


def test_recording_is_played_from_its_first_row_and_ends_silent(tmp_path):
    player = Player(tmp_path, HEADER + ROWS)
    assert player.after(77) == {"SOL": Ticker("149.9", "150.1", "150"), "BTC": Ticker(last="90000")}
    assert player.after(999_999) == {}
    assert player.after(1) == {"SOL": Ticker("150.9", "151.1", "151")}
    assert player.after(3_000_000) == {"SOL": Ticker("151.9", "152.1", "152"), "BTC": Ticker("89990", "90010", "")}
    assert player.after(60_000_000) == {}
    player.close()


def test_recording_at_double_speed_takes_half_the_time_and_shows_the_newest(tmp_path):
    player = Player(tmp_path, HEADER + ROWS, 2 * 10**6)
    player.after(0)
    assert player.after(750_000) == {"SOL": Ticker("151.9", "152.1", "152")}
    player.close()


@pytest.mark.parametrize("row", ["soon,SOL,1,2,3", "7,SOL,1,2", "7,SOL,1,2,3,4"])
def test_broken_row_ends_the_recording_with_file_and_line(tmp_path, row):
    player = Player(tmp_path, HEADER + ROWS.splitlines()[0] + f"\n{row}\n" + ROWS)
    with pytest.raises(SourceError, match=r"prices.csv line 3: .*the recording ends here"):
        player.after(0)
    assert player.after(60_000_000) == {}
    player.close()


def test_file_that_is_none_is_refused_when_it_is_opened(tmp_path):
    with pytest.raises(SourceError, match=r"line 1: expected time_us,asset,bid,ask,last, found 'time,price'"):
        Player(tmp_path, "time,price\n1,2\n")
    with pytest.raises(SourceError, match="cannot be read: No such file"):
        RecordedSource(tmp_path / "absent.csv", 10**6, lambda: 0)


def test_file_without_rows_says_nothing(tmp_path):
    player = Player(tmp_path, HEADER)
    assert player.after(10**6) == {}
    player.close()
