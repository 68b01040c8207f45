"""What the API serves: every operation is declared once, and the router and the OpenAPI document are made from that."""

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Any, NamedTuple

import msgspec

from .wire.market import NoQuery

Handler = Callable[[Any], Awaitable[Any]]


class Operation(NamedTuple):
    """One method of one path.

    ``name`` is the operation's id in the OpenAPI document; ``instruction`` is what a caller signs, empty for public
    data.  ``body`` may be a struct or a list of one struct, ``response`` any type that msgspec can describe.
    """

    method: str
    path: str
    name: str
    summary: str
    handler: Handler
    query: type[msgspec.Struct]
    body: Any
    response: Any
    instruction: str
    paged: bool
    tag: str


class Page(NamedTuple):
    """A page of rows and where it stands in the whole: ``X-PAGE-COUNT`` and its kin come from it."""

    rows: list[Any]
    total: int
    limit: int
    offset: int

    def headers(self) -> dict[str, str]:
        """Return the four headers and the one that lets browsers read them; pages count from 0."""
        names = "X-PAGE-COUNT, X-CURRENT-PAGE, X-PAGE-SIZE, X-TOTAL"
        return {
            "X-PAGE-COUNT": str(-(-self.total // self.limit)),
            "X-CURRENT-PAGE": str(self.offset // self.limit),
            "X-PAGE-SIZE": str(self.limit),
            "X-TOTAL": str(self.total),
            "Access-Control-Expose-Headers": names,
        }


class PlainText(NamedTuple):
    """A reply in ``text/plain``."""

    text: str


class RawJson(NamedTuple):
    """A reply that is JSON already, and that must arrive byte for byte."""

    data: bytes


class Done:
    """A reply of 200 without a body; as a response it says that an operation has nothing else to tell."""


class ListOfAny(NamedTuple):
    """A response that is a list whose elements are any of some structs, which no one field tells apart."""

    kinds: tuple[type[msgspec.Struct], ...]


class Tag(Enum):
    """Families of operations, as the document groups them."""

    SYSTEM = "System"
    MARKETS = "Markets"
    ORDERS = "Orders"
    ACCOUNT = "Account"
    LENDING = "Borrow Lend"
    VAULTS = "Vaults"
    HISTORY = "History"
    LIQUIDATION = "Liquidation"
    RIGHTS = "Rights of Shares"


class Family:
    """A family of operations: its modules declare them with ``public`` and ``signed``."""

    def __init__(self, tag: Tag) -> None:
        self.tag = tag
        self.operations: list[Operation] = []

    def public(
        self, path: str, name: str, response: Any, query: type[msgspec.Struct] = NoQuery, paged: bool = False
    ) -> Callable[[Handler], Handler]:
        """Declare a GET that needs no key."""
        return self._declare("GET", path, name, response, query, None, "", paged)

    def signed(
        self,
        method: str,
        path: str,
        name: str,
        response: Any,
        instruction: str,
        query: type[msgspec.Struct] = NoQuery,
        body: Any = None,
        paged: bool = False,
    ) -> Callable[[Handler], Handler]:
        """Declare an operation whose caller signs ``instruction``."""
        return self._declare(method, path, name, response, query, body, instruction, paged)

    def _declare(
        self,
        method: str,
        path: str,
        name: str,
        response: Any,
        query: type[msgspec.Struct],
        body: Any,
        instruction: str,
        paged: bool,
    ) -> Callable[[Handler], Handler]:
        def declare(handler: Handler) -> Handler:
            assert handler.__doc__, f"{name} needs a docstring: it is the summary in the OpenAPI document"
            summary = handler.__doc__.strip().split("\n")[0]
            operation = Operation(
                method, path, name, summary, handler, query, body, response, instruction, paged, self.tag.value
            )
            self.operations.append(operation)
            return handler

        return declare
