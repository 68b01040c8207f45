"""Why the register refuses something.  The order of members is the order of the checks: the first is reported."""

from enum import IntEnum


class Reason(IntEnum):
    """A reason and its sentence, with {value}, {limit} and {place}."""

    text: str

    def __new__(cls, value: int, text: str) -> "Reason":
        """Make a member that is its number and carries what somebody is told."""
        self = int.__new__(cls, value)
        self._value_ = value
        self.text = text
        return self

    # what is named
    UNKNOWN_ISSUER = 10, "there is no issuer {value}"
    UNKNOWN_CLASS = 11, "there is no class {value}"
    UNKNOWN_HOLDER = 12, "there is no holder {value}"
    UNKNOWN_ACCOUNT = 13, "there is no account {value}"
    UNKNOWN_INSTRUCTION = 14, "there is no instruction {value}"
    UNKNOWN_RESTRICTION = 15, "there is no restriction {value}, or it was lifted already"
    UNKNOWN_KIND = 16, "{value} is not a kind of instruction: {place}"
    NAME_TAKEN = 17, "{place} is there already: {value}"
    BAD_TEXT = 18, "{place}: {value} is empty, too long, or has characters that cannot be printed"
    BAD_IDENTIFIER = 19, "{place} {value} is not one: its check digit or its form is wrong"
    IDENTIFIER_TAKEN = 20, "{place} {value} belongs to class {limit} at that time"
    IDENTIFIER_ENDED = 21, "{place} {value} is not in use for class {limit} at that time"
    BAD_RATIO = 22, "a split of {value} for {limit} is none: both are whole, above 0 and at most 1,000,000"
    REFERENCE_TAKEN = 23, "the reference {value} was used for instruction {limit}"
    # whether it may be
    HOLDER_CLOSED = 30, "holder {value} is closed"
    ACCOUNT_CLOSED = 31, "account {value} is closed"
    OTHER_CLASS = 32, "account {value} is of class {limit}"
    NOT_THIS_KIND = 33, "a {place} does not move shares of account {value}"
    SAME_ACCOUNT = 34, "account {value} is both ends of it"
    SAME_HOLDER = 35, "both accounts are holder {value}'s: that is a conversion"
    OTHER_HOLDER = 36, "account {value} is not holder {limit}'s: that is a transfer"
    SAME_FORM = 37, "both accounts hold {value}: there is nothing to convert"
    NOT_ABOVE_ZERO = 38, "{value} units are not above 0"
    TOO_MANY = 39, "{value} units are more than the {limit} that can be counted"
    NO_DOCUMENT = 40, "a {place} needs the document that orders it"
    NOT_DECIDED = 41, "instruction {value} is {place} already"
    NOT_IN_TRANSIT = 42, "instruction {value} has nothing in transit"
    # whether there is enough
    BEYOND_AUTHORISED = 50, "{value} units are more than the {limit} that are authorised and not issued"
    NOT_ENOUGH = 51, "account {place} holds {limit} units, not {value}"
    RESTRICTED = 52, "of account {place} only {limit} units are free of restrictions, not {value}"
    NOT_EMPTY = 53, "{place} still holds {value} units"
    # whether anybody wants it
    DECLINED = 55, "{value}"
    REFUSED = 56, "proposal {value} was refused"
    EXPIRED = 57, "proposal {value} was not approved in time"
    # records
    RECORD_NOT_YET = 60, "a record at {value} cannot be taken before that instant"
    UNKNOWN_RECORD = 61, "there is no record {value}"
    UNKNOWN_DIFFERENCE = 62, "there is no difference {value}, or it was cleared already"


class RegistryError(ValueError):
    """Raised when the register refuses something; ``reason`` is the code, the text a sentence."""

    def __init__(self, reason: Reason, value: object = "", limit: object = "", place: object = "") -> None:
        super().__init__(reason.text.format(value=value, limit=limit, place=place))
        self.reason, self.value, self.limit, self.place = reason, value, limit, place
