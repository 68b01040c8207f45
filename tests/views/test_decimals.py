from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.views.decimals import (
    AmountError,
    NotAMultiple,
    NotANumber,
    NotPositive,
    Scale,
    TooLarge,
    TooManyDecimals,
)

HUGE = "9" * 38 + ".5"


def price_scale(step_atoms: int = 10_000, atom_decimals: int = 6, maximum: int = 2**48 - 1) -> Scale:
    return Scale("Price", step_atoms, atom_decimals, maximum, place="ETH_USDC", step_name="tick", code="INVALID_PRICE")


@given(st.integers(1, 2**62), st.integers(1, 2**48), st.integers(0, 12))
def test_text_of_any_count_parses_to_the_same_count(steps: int, step_atoms: int, decimals: int) -> None:
    scale = price_scale(step_atoms, decimals, 2**62)
    if len(scale.padded(steps)) <= 40:
        assert scale.parse(scale.text(steps)) == steps
        assert scale.parse(scale.padded(steps)) == steps


@given(st.integers(-(2**62), 2**62), st.integers(1, 2**48), st.integers(0, 12))
def test_text_of_any_count_is_the_exact_decimal(steps: int, step_atoms: int, decimals: int) -> None:
    scale = price_scale(step_atoms, decimals)
    with localcontext(prec=60):
        exact = Decimal(steps) * step_atoms / Decimal(10) ** decimals
        assert Decimal(scale.text(steps)) == exact
        assert Decimal(scale.padded(steps)) == exact
    assert "." not in scale.text(steps) or not scale.text(steps).endswith(("0", "."))
    _, _, fraction = scale.padded(steps).partition(".")
    assert len(fraction) == scale.decimals


@given(st.text(max_size=45) | st.from_regex(r"[-+]?[0-9]{0,30}\.?[0-9]{0,15}(e[0-9])?", fullmatch=True))
def test_parse_of_any_text_gives_its_exact_value_or_an_amount_error(text: str) -> None:
    scale = price_scale()
    try:
        steps = scale.parse(text)
    except AmountError:
        return
    assert Decimal(text) == Decimal(steps) * Decimal("0.01")


@pytest.mark.parametrize(
    ("step_atoms", "decimals", "steps", "text", "padded"),
    [
        (10_000, 6, 14_125, "141.25", "141.25"),
        (10_000, 6, 14_120, "141.2", "141.20"),
        (100_000, 6, 867_000, "86700", "86700.0"),
        (1_000_000, 6, 0, "0", "0"),
        (1, 5, 0, "0", "0.00000"),
        (1, 5, 7, "0.00007", "0.00007"),
        (50, 3, 3, "0.15", "0.15"),
        (10_000_000, 6, 100, "1000", "1000"),
        (1, 2, -5, "-0.05", "-0.05"),
    ],
)
def test_text_is_normalised_and_padded(step_atoms: int, decimals: int, steps: int, text: str, padded: str) -> None:
    scale = price_scale(step_atoms, decimals)
    assert (scale.text(steps), scale.padded(steps)) == (text, padded)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("4000.005", TooManyDecimals, "Price decimal too long"),
        ("0.001", TooManyDecimals, "Price decimal too long"),
        ("4000.03", NotAMultiple, "price 4000.03 is not a multiple of tick 0.05 (ETH_USDC)"),
        ("0.01", NotAMultiple, "price 0.01 is not a multiple of tick 0.05 (ETH_USDC)"),
        ("0", NotPositive, "price 0 is not greater than zero (ETH_USDC)"),
        ("0.00", NotPositive, "price 0.00 is not greater than zero (ETH_USDC)"),
        ("-5", NotPositive, "price -5 is not greater than zero (ETH_USDC)"),
        ("1e3", NotANumber, "price '1e3' is not a decimal number such as 12.5 (ETH_USDC)"),
        ("NaN", NotANumber, "price 'NaN' is not a decimal number such as 12.5 (ETH_USDC)"),
        ("inf", NotANumber, "price 'inf' is not a decimal number such as 12.5 (ETH_USDC)"),
        ("-inf", NotANumber, "price '-inf' is not a decimal number such as 12.5 (ETH_USDC)"),
        ("", NotANumber, "price '' is not a decimal number such as 12.5 (ETH_USDC)"),
        (".", NotANumber, "price '.' is not a decimal number such as 12.5 (ETH_USDC)"),
        ("1.", NotANumber, "price '1.' is not a decimal number such as 12.5 (ETH_USDC)"),
        (".5", NotANumber, "price '.5' is not a decimal number such as 12.5 (ETH_USDC)"),
        ("+1", NotANumber, "price '+1' is not a decimal number such as 12.5 (ETH_USDC)"),
        ("1_000", NotANumber, "price '1_000' is not a decimal number such as 12.5 (ETH_USDC)"),
        (" 1", NotANumber, "price ' 1' is not a decimal number such as 12.5 (ETH_USDC)"),
        ("1.0.0", NotANumber, "price '1.0.0' is not a decimal number such as 12.5 (ETH_USDC)"),
        ("٣", NotANumber, "price '\\u0663' is not a decimal number such as 12.5 (ETH_USDC)"),
        ("²", NotANumber, "price '\\xb2' is not a decimal number such as 12.5 (ETH_USDC)"),
        ("9" * 41, NotANumber, "price has 41 characters and the limit is 40"),
        (HUGE, TooLarge, f"price {HUGE} is above 14073748835532.75, the largest that can be counted (ETH_USDC)"),
    ],
)
def test_parse_of_what_does_not_fit_says_why(text: str, error: type[AmountError], message: str) -> None:
    with pytest.raises(error) as found:
        price_scale(50_000).parse(text)
    assert str(found.value) == message


def test_parse_of_trailing_zeros_beyond_the_tick_is_the_same_price() -> None:
    assert price_scale().parse("141.2500000") == 14_125


def test_error_code_names_the_field_but_for_decimals_and_syntax() -> None:
    assert [type(error).code for error in (TooManyDecimals("x"), NotANumber("x"))] == ["INVALID_CLIENT_REQUEST"] * 2
    with pytest.raises(NotPositive) as found:
        price_scale().parse("-1")
    assert found.value.code == "INVALID_PRICE"
