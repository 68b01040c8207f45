"""Who may do what: refusals with code and sentence, what is left to who was eligible, and the tax by treaty."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.desk import eligibility
from ringfence.desk.eligibility import Capability, Code, Person, Screening, TaxForm, decide, flags, sweep, tax_rate_ppm

DAY = date(2026, 11, 24)
ALICE = Person(user=1, residence="DE", nationalities=("DE",))
CAROL = Person(user=3, residence="PT", nationalities=("PT", "US"))
DAVE = Person(user=4, residence="UA-43", nationalities=("UA",))
FORM = TaxForm(signed=date(2023, 5, 1), treaty_country="DE", tax_number="12/345/67890")


def test_eligible_person_may_do_everything() -> None:
    assert decide(ALICE, DAY) == (frozenset(Capability), None, "")


@pytest.mark.parametrize(("person", "code"), [(CAROL, Code.US_PERSON), (DAVE, Code.BLOCKED_REGION)])
def test_person_who_is_refused_may_look_and_is_told_why(person: Person, code: Code) -> None:
    found = decide(person, DAY)
    assert found.capabilities == {Capability.VIEW} and found.code is code
    assert person.residence in found.sentence


def test_rule_counts_from_its_day_on() -> None:
    assert decide(CAROL, date(2024, 12, 31)).code is None


def test_who_was_eligible_may_end_what_he_has() -> None:
    moved = Person(user=1, residence="CA", nationalities=("DE",), was_eligible=True)
    found = decide(moved, DAY)
    assert found.code is Code.REGION_NOT_SERVED
    assert {Capability.SELL, Capability.RECEIVE, Capability.VOTE} < found.capabilities
    assert not {Capability.BUY, Capability.LEND} & found.capabilities


def test_hit_freezes_everything_also_for_who_was_eligible() -> None:
    hit = Person(user=1, residence="DE", nationalities=("DE",), screening=Screening.HIT, was_eligible=True)
    command = flags(hit, [1], DAY)
    assert command.sell_classes == command.withdraw_classes == command.receive_classes == 0


@pytest.mark.parametrize(
    ("form", "on", "rate_ppm"),
    [
        (None, DAY, 300_000),
        (FORM, DAY, 150_000),
        (FORM, date(2026, 12, 31), 150_000),
        (FORM, date(2027, 1, 1), 300_000),
        (FORM, date(2023, 4, 30), 300_000),
        (TaxForm(signed=FORM.signed, treaty_country="DE"), DAY, 300_000),
        (TaxForm(signed=date(2023, 1, 1), treaty_country="HU", tax_number="1"), date(2023, 12, 31), 150_000),
        (TaxForm(signed=date(2023, 1, 1), treaty_country="HU", tax_number="1"), date(2024, 1, 1), 300_000),
        (TaxForm(signed=date(2024, 1, 1), treaty_country="SG", tax_number="1"), DAY, 300_000),
    ],
)
def test_tax_is_what_a_treaty_leaves_while_the_form_and_the_treaty_are_good(
    form: TaxForm | None, on: date, rate_ppm: int
) -> None:
    person = Person(user=1, residence="DE", nationalities=("DE",), tax_form=form)
    assert tax_rate_ppm(person, on) == rate_ppm
    assert flags(person, [1], on).tax_relief_ppm == 300_000 - rate_ppm


def test_flags_are_masks_of_the_classes() -> None:
    command = flags(ALICE, [1, 3], DAY)
    assert command.user == 1 and command.buy_classes == command.lend_classes == 0b1010
    assert flags(CAROL, [1, 3], DAY).buy_classes == 0


def test_sweep_yields_those_for_whom_something_changed() -> None:
    with_form = Person(user=1, residence="DE", nationalities=("DE",), tax_form=FORM)
    people = [with_form, CAROL]
    known = {person.user: flags(person, [1], DAY) for person in people}
    assert sweep(people, known, [1], DAY) == []
    (changed,) = sweep(people, known, [1], date(2027, 1, 1))
    assert changed.user == 1 and changed.tax_relief_ppm == 0


PEOPLE = st.builds(
    Person,
    user=st.just(1),
    residence=st.sampled_from(["DE", "US", "UA-43", "CA", "SG"]),
    nationalities=st.tuples(st.sampled_from(["DE", "US", "UA"])),
    identified=st.booleans(),
    screening=st.sampled_from(Screening),
    was_eligible=st.booleans(),
)


@given(PEOPLE, st.dates(date(2024, 1, 1), date(2030, 1, 1)))
def test_worse_facts_never_let_anybody_do_more(person: Person, on: date) -> None:
    hit = eligibility.msgspec.structs.replace(person, screening=Screening.HIT)
    unknown = eligibility.msgspec.structs.replace(person, identified=False)
    for worse in (hit, unknown):
        assert decide(worse, on).capabilities <= decide(person, on).capabilities
    found = decide(person, on)
    assert (found.code is None) == (found.capabilities == frozenset(Capability))
    assert (found.code is None) == (found.sentence == "")
