"""A receipt is checked from nothing but the file, and whatever is changed in it is found."""

import random
import time
from collections.abc import Callable

import pytest
from msgspec import structs

from ringfence.proof.check import check
from ringfence.proof.course_checks import check_takeovers
from ringfence.proof.document import Receipt, to_bytes
from ringfence.proof.story import tell
from ringfence.schema import events as e

from . import scenes
from .journaled import Journaled, receipt_of

SCENES = (scenes.restored, scenes.deleveraged, scenes.topped_up, scenes.borrower, scenes.taken_over)


@pytest.fixture(scope="module")
def receipts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Receipt]:
    return {play.__name__: receipt_of(tmp_path_factory.mktemp(play.__name__), play) for play in SCENES}


@pytest.mark.parametrize("play", SCENES, ids=lambda play: play.__name__)
def test_receipt_holds(receipts: dict[str, Receipt], play: Callable[[Journaled], int]) -> None:
    receipt = receipts[play.__name__]
    report = check(to_bytes(receipt), receipt.public_key)
    assert report.holds, [one for one in report.checks if one.findings]
    assert report.file is not None and report.file.closed is not None


def test_receipt_of_another_venue_is_refused(receipts: dict[str, Receipt]) -> None:
    report = check(to_bytes(receipts["restored"]), "00" * 32)
    assert not report.holds and "not of" in report.checks[0].findings[0]


def test_receipt_tells_of_the_credit_that_was_fenced(receipts: dict[str, Receipt]) -> None:
    file = check(to_bytes(receipts["restored"])).file
    assert file is not None
    (fenced,) = file.of(e.CreditFenced)
    assert fenced.amount_atoms == 5_000_000 and len(file.slices()) == 2


def test_receipt_tells_what_a_vault_took_over(receipts: dict[str, Receipt]) -> None:
    file = check(to_bytes(receipts["taken_over"])).file
    assert file is not None
    (took,) = file.of(e.VaultTookOver)
    (line,) = [line for line in tell(file) if "vault 1" in line]
    assert took.discount_atoms > 0 and "takes over" in line and "at mark 97.9" in line
    # A venue that signs another discount than the one it tells is found out.
    took = structs.replace(took, discount_atoms=took.discount_atoms + 1)
    file.events = [took if isinstance(event, e.VaultTookOver) else event for event in file.events]
    assert list(check_takeovers(file))


def test_any_changed_byte_is_found(receipts: dict[str, Receipt]) -> None:
    chance = random.Random(4)
    for number in range(10_000):
        data = bytearray(to_bytes(receipts[SCENES[number % len(SCENES)].__name__]))
        place = chance.randrange(len(data))
        new = chance.choice([byte for byte in b'0123456789abcdef{}[]":, \nZ' if byte != data[place]])
        data[place] = new
        assert not check(bytes(data)).holds, (number, place, bytes(data[max(0, place - 40) : place + 40]))


def test_check_takes_less_than_ten_milliseconds(receipts: dict[str, Receipt]) -> None:
    data = to_bytes(receipts["restored"])
    taken: list[float] = []
    for _ in range(20):
        began = time.perf_counter()
        assert check(data).holds
        taken.append(time.perf_counter() - began)
    assert min(taken) < 0.010
