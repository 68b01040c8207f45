"""Exact conversion between the decimal text of the wire and the integers of the core.

A ``Scale`` counts something in whole steps: prices in ticks, quantities in lots, amounts in atoms. Text never passes
through a float or a rounding context: digits are moved, and what does not fit is refused with a sentence.

    AmountError (ValueError)
    +-- NotANumber        letters, exponents, signs, NaN, nothing at all, more than 40 characters
    +-- NotPositive       zero or less
    +-- TooManyDecimals   finer than the step's decimals
    +-- NotAMultiple      the decimals fit, the step does not
    +-- TooLarge          beyond what the core can count
"""

from __future__ import annotations

from ringfence.schema.fields import MAX_PRICE_UNITS, MAX_RATE_E8, MAX_VALUE

MORE_DECIMALS = 6
"""A split share is shown with so many more decimals at most than it had."""
MAX_TEXT_CHARACTERS = 40
"""Longer texts are refused unread; the largest number of the venue has 19 digits before and 12 after its point."""


class AmountError(ValueError):
    """Raised when a text is not an amount that the venue can take; carries the wire's status, code and sentence."""

    status = 400
    code = "INVALID_CLIENT_REQUEST"

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class NotANumber(AmountError):
    """Raised when a text is no plain decimal number."""


class NotPositive(AmountError):
    """Raised when a number is zero or negative."""


class TooManyDecimals(AmountError):
    """Raised when a number is finer than the step allows."""


class NotAMultiple(AmountError):
    """Raised when a number has few enough decimals and still is not a whole number of steps."""


class TooLarge(AmountError):
    """Raised when a number is beyond what the core can count."""


class Scale:
    """Converts one quantity, counted in steps of ``step_atoms`` at ``atom_decimals`` decimal places.

    ``name`` ("Price"), ``step_name`` ("tick"), ``place`` ("SOL_USDC") and ``code`` go into error sentences.
    ``maximum_steps`` is the largest count that ``parse`` returns.  ``times`` is how much more a step is than its atoms
    say, as (numerator, denominator): a share that was split.  Where that is no decimal number, texts are rounded down,
    and a text stands for the count that it is the text of.
    """

    __slots__ = (
        "_denominator",
        "_factor",
        "_maximum_steps",
        "_name",
        "_place",
        "_step_name",
        "code",
        "decimals",
        "step",
    )

    def __init__(
        self,
        name: str,
        step_atoms: int,
        atom_decimals: int,
        maximum_steps: int,
        *,
        place: str,
        step_name: str = "step",
        code: str = AmountError.code,
        times: tuple[int, int] = (1, 1),
    ) -> None:
        assert step_atoms > 0 and atom_decimals >= 0 and maximum_steps > 0, (step_atoms, atom_decimals, maximum_steps)
        step_atoms, atom_decimals, self._denominator = _as_decimal(step_atoms * times[0], times[1], atom_decimals)
        while self._denominator == 1 and atom_decimals > 0 and step_atoms % 10 == 0:
            step_atoms //= 10
            atom_decimals -= 1
        self.step, self.decimals, self.code = step_atoms, atom_decimals, code
        self._factor = 10**atom_decimals
        self._maximum_steps = maximum_steps
        self._name, self._step_name, self._place = name, step_name, place

    def padded(self, steps: int) -> str:
        """Return the count as decimal text with all decimals of the step: ``"141.20"``."""
        digits = self._digits(steps)
        if self.decimals == 0:
            return str(digits)
        sign = "-" if digits < 0 else ""
        whole, fraction = divmod(abs(digits), self._factor)
        return f"{sign}{whole}.{fraction:0{self.decimals}d}"

    def text(self, steps: int) -> str:
        """Return the count as normalised decimal text, without trailing zeros: ``"141.2"``."""
        padded = self.padded(steps)
        return padded.rstrip("0").rstrip(".") if self.decimals else padded

    def parse(self, text: str) -> int:
        """Return the count of steps that a decimal text stands for; raises an ``AmountError`` for anything else.

        Trailing zeros beyond the step's decimals change no value and are accepted.
        """
        whole, _, fraction = text.partition(".")
        if fraction:
            fraction = fraction.rstrip("0")
        if not self._is_plain(text, whole, fraction):
            raise self._not_plain(text)
        if len(fraction) > self.decimals:
            raise TooManyDecimals(f"{self._name} decimal too long")
        digits = int(whole + fraction.ljust(self.decimals, "0"))
        steps = -(-digits * self._denominator // self.step)
        if self._digits(steps) != digits:
            sentence = f"{text} is not a multiple of {self._step_name} {self.text(1)} ({self._place})"
            raise NotAMultiple(f"{self._name.lower()} {sentence}", self.code)
        if steps == 0:
            raise self._not_positive(text)
        if steps > self._maximum_steps:
            limit = f"above {self.text(self._maximum_steps)}, the largest that can be counted ({self._place})"
            raise TooLarge(f"{self._name.lower()} {text} is {limit}", self.code)
        return steps

    def _digits(self, steps: int) -> int:
        digits = abs(steps) * self.step // self._denominator
        return digits if steps >= 0 else -digits

    @staticmethod
    def _is_plain(text: str, whole: str, fraction: str) -> bool:
        if len(text) > MAX_TEXT_CHARACTERS or not text.isascii() or not whole.isdigit() or text[-1] == ".":
            return False
        return not fraction or fraction.isdigit()

    def _not_plain(self, text: str) -> AmountError:
        name = self._name.lower()
        if len(text) > MAX_TEXT_CHARACTERS:
            return NotANumber(f"{name} has {len(text)} characters and the limit is {MAX_TEXT_CHARACTERS}")
        if text.startswith("-") and _is_number(text[1:]):
            return self._not_positive(text)
        return NotANumber(f"{name} {text!a} is not a decimal number such as 12.5 ({self._place})")

    def _not_positive(self, text: str) -> AmountError:
        return NotPositive(f"{self._name.lower()} {text} is not greater than zero ({self._place})", self.code)


def _as_decimal(step: int, denominator: int, decimals: int) -> tuple[int, int, int]:
    """Return (step, decimals, denominator) of a step over a denominator, with more decimals if that makes it whole."""
    for more in range(MORE_DECIMALS + 1):
        if step * 10**more % denominator == 0:
            return step * 10**more // denominator, decimals + more, 1
    return step, decimals, denominator


def _is_number(text: str) -> bool:
    whole, point, fraction = text.partition(".")
    return text.isascii() and whole.isdigit() and (fraction.isdigit() or not point)


PRICE_UNITS = Scale("Price", 1, 8, MAX_PRICE_UNITS, place="prices")
"""Prices of assets: hundred-millionths of the cash unit for one whole unit of the asset."""

VALUES = Scale("Value", 1, 6, MAX_VALUE, place="margin", step_name="millionth")
"""Values of accounts: millionths of the cash unit."""

RATES = Scale("Rate", 1, 8, MAX_RATE_E8, place="margin")
"""Weights, margin rates and yearly interest rates: hundred-millionths."""

FUNDING_RATES = Scale("Rate", 1, 10, 10**10, place="funding")
"""Funding rates: ten-thousand-millionths."""

FRACTIONS = Scale("Fraction", 1, 6, 10**9, place="parts per million")
"""Parts per million."""
SECONDS = Scale("Time", 1, 3, 10**12, place="seconds")
"""Milliseconds, as seconds."""
