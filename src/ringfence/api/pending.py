"""Requests on their way to the node: a number on each command, and who waits for its events."""

import asyncio
import secrets
import struct
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ringfence.schema.commands import Command
from ringfence.schema.enums import Origin
from ringfence.schema.events import Event
from ringfence.schema.layout import RECORD_BYTES, encode

from .errors import ApiError

_NUMBER = struct.Struct("<q")
_NUMBER_OFFSET = 16
_COUNTER_BITS = 32

Answer = asyncio.Future[list[Event]]


class Submission(NamedTuple):
    """Commands as one piece of bytes, the number of the first, and an answer for each."""

    records: bytes
    first_number: int
    answers: list[Answer]


class PendingRequests:
    """Numbers commands and keeps an answer for each until its events come back.

    The upper half of a number is drawn at random for this process, so that a gateway never takes the command of
    another, or of its own past, for one of its own.
    """

    def __init__(self) -> None:
        self._mark = secrets.randbits(30) + 1
        self._next = self._mark << _COUNTER_BITS
        self._answers: dict[int, Answer] = {}

    def __len__(self) -> int:
        return len(self._answers)

    def prepare(self, commands: Sequence[Command]) -> Submission:
        """Return the commands as records with numbers, in one piece, and register an answer for each."""
        loop = asyncio.get_running_loop()
        # All are encoded before one is registered: a command that does not encode must not leave others waiting.
        records = bytearray().join(encode(command, Origin.USER) for command in commands)
        answers: list[Answer] = [loop.create_future() for _ in commands]
        first = self._next
        for place, answer in enumerate(answers):
            _NUMBER.pack_into(records, place * RECORD_BYTES + _NUMBER_OFFSET, first + place)
            self._answers[first + place] = answer
        self._next += len(commands)
        assert self._next >> _COUNTER_BITS == self._mark, "a process numbers fewer than 2^32 commands"
        return Submission(bytes(records), first, answers)

    def mine(self, numbers: npt.NDArray[np.int64]) -> list[int]:
        """Return the places in ``numbers`` that this process has given."""
        return np.flatnonzero(numbers >> _COUNTER_BITS == self._mark).tolist()

    def resolve(self, number: int, events: list[Event]) -> None:
        """Hand the events of a command to whoever waits for it, if anybody still does."""
        answer = self._answers.pop(number, None)
        if answer is not None and not answer.done():
            answer.set_result(events)

    def forget(self, submission: Submission) -> None:
        """Stop waiting for a submission."""
        for number in range(submission.first_number, submission.first_number + len(submission.answers)):
            self._answers.pop(number, None)

    def fail_all(self, error: ApiError) -> None:
        """Answer everybody who waits with an error."""
        answers, self._answers = self._answers, {}
        for answer in answers.values():
            if not answer.done():
                answer.set_exception(error)
