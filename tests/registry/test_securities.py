"""Identifiers have their check digits and their times; a class keeps its number whatever it is called."""

import pytest

from ringfence.registry import securities
from ringfence.registry.reasons import Reason, RegistryError
from ringfence.registry.securities import Scheme, is_well_formed

from .agent import Agent


@pytest.mark.parametrize(
    ("scheme", "right", "wrong"),
    [
        (Scheme.CUSIP, "037833100", "037833101"),
        (Scheme.CUSIP, "17275R102", "17275R120"),
        (Scheme.ISIN, "US0378331005", "US0378331006"),
        (Scheme.ISIN, "US17275R1023", "US17275R1032"),
        (Scheme.SYMBOL, "BRK.A", "glxy"),
        (Scheme.SYMBOL, "FWDI", ""),
    ],
)
def test_check_digits(scheme: Scheme, right: str, wrong: str) -> None:
    assert is_well_formed(scheme, right) and not is_well_formed(scheme, wrong)


def test_symbol_changes_and_both_are_found_in_their_time(agent: Agent) -> None:
    begin, change = agent.now_us, agent.now_us + 10**12
    with agent.register.writing() as connection:
        securities.identify(connection, 1, Scheme.SYMBOL, "FORD", begin)
        securities.identify(connection, 1, Scheme.SYMBOL, "FWDI", change)
        called = [
            securities.class_called(connection, Scheme.SYMBOL, name, at)
            for name, at in (
                ("FORD", begin),
                ("FORD", change - 1),
                ("FORD", change),
                ("FWDI", change - 1),
                ("FWDI", change),
            )
        ]
        assert called == [1, 1, None, None, 1]
        other = securities.add_class(connection, 1, "Class B", securities.Model.ISSUER_INDIRECT, 10, begin).number
        with pytest.raises(RegistryError) as error:
            securities.identify(connection, other, Scheme.SYMBOL, "FWDI", change + 5)
        assert error.value.reason == Reason.IDENTIFIER_TAKEN
        securities.identify(connection, other, Scheme.SYMBOL, "FORD", change)
        with pytest.raises(RegistryError) as error:
            securities.identify(connection, 1, Scheme.SYMBOL, "NEWER", change)
        assert error.value.reason == Reason.IDENTIFIER_ENDED
        assert [one.value for one in securities.identifiers(connection, 1)] == ["FORD", "FWDI"]


def test_what_is_there_already_or_makes_no_sense_is_refused(agent: Agent) -> None:
    model = securities.Model.ISSUER_INTEGRATED
    with agent.register.writing() as connection:
        for make, reason in (
            (lambda: securities.add_issuer(connection, "Galaxy Digital Inc.", "US", 1), Reason.NAME_TAKEN),
            (lambda: securities.add_issuer(connection, "Other", "usa", 1), Reason.BAD_TEXT),
            (lambda: securities.add_class(connection, 9, "A", model, 1, 1), Reason.UNKNOWN_ISSUER),
            (lambda: securities.add_class(connection, 1, "Class A", model, 1, 1), Reason.NAME_TAKEN),
            (lambda: securities.add_class(connection, 1, "C", model, -1, 1), Reason.NOT_ABOVE_ZERO),
            (lambda: securities.identify(connection, 1, Scheme.CUSIP, "037833101", 1), Reason.BAD_IDENTIFIER),
        ):
            with pytest.raises(RegistryError) as error:
                make()
            assert error.value.reason == reason
