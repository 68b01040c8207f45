"""Every refusal has a number that orders it, a status, a wire code and a sentence."""

import re
import string

import pytest

from ringfence.schema.enums import PARAMETER_LIMITS, Parameter
from ringfence.schema.rejects import Reject

PLACES = {"value": 3, "limit": 7, "place": "SOL_USDC"}


def test_rejects_are_declared_in_the_order_of_their_numbers() -> None:
    numbers = [int(reject) for reject in Reject]
    assert numbers == sorted(set(numbers))
    assert numbers[0] > 0 and numbers[-1] < 65_536


@pytest.mark.parametrize("reject", list(Reject), ids=lambda reject: reject.name)
def test_reject_tells_a_sentence(reject: Reject) -> None:
    named = {name for _, name, _, _ in string.Formatter().parse(reject.text) if name is not None}
    assert named <= set(PLACES)
    sentence = reject.text.format(**PLACES)
    assert sentence and not set("{}") & set(sentence) and not sentence.endswith(".")
    for name in named:
        assert str(PLACES[name]) in sentence


@pytest.mark.parametrize("reject", list(Reject), ids=lambda reject: reject.name)
def test_reject_has_a_status_and_a_code_of_the_wire(reject: Reject) -> None:
    assert reject.status in (400, 403, 404, 409, 500, 503)
    assert re.fullmatch(r"[A-Z]+(_[A-Z]+)*", reject.code)
    assert Reject(int(reject)) is reject


def test_codes_that_forbid_and_only_they_have_status_403() -> None:
    forbidding = {
        reject.name for reject in Reject if reject.code in ("FORBIDDEN", "ACCOUNT_DEACTIVATED", "ACCOUNT_LIQUIDATING")
    }
    assert forbidding == {reject.name for reject in Reject if reject.status == 403}


def test_parameters_have_bounds_that_hold_their_first_value() -> None:
    assert list(PARAMETER_LIMITS) == list(Parameter)
    assert all(0 <= low <= first <= high < 2**61 for low, high, first in PARAMETER_LIMITS.values())
