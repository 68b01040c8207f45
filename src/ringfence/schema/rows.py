"""What every canonical row has: the fields that order its table, and the rules that brought it."""

from typing import ClassVar

import msgspec

from . import enums as e


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A canonical row; the first field, or the first fields named in ``key``, order the table."""

    since: ClassVar[int] = e.FIRST_RULES
