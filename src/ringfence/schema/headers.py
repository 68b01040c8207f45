"""The headers of commands and of events, which all kinds share; each kind adds its own fields."""

from typing import Annotated, ClassVar

import msgspec

from . import enums as e
from .fields import AccountNumber, MarketNumber, Request, Sequence, TimeUs, unit


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """The header of every command; ``origins`` are those that may give it."""

    origins: ClassVar[tuple[e.Origin, ...]] = ()
    since: ClassVar[int] = e.FIRST_RULES

    sequence: Sequence = 0
    time_us: TimeUs = 0
    request: Request = 0
    account: AccountNumber = 0


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """The header of every event; ``account`` and ``market`` are 0 where the event concerns none."""

    since: ClassVar[int] = e.FIRST_RULES

    sequence: Sequence = 0
    time_us: TimeUs = 0
    index: Annotated[int, unit("i4", "index of the event in its command", 0, 2**31 - 1)] = 0
    account: AccountNumber = 0
    market: MarketNumber = 0
