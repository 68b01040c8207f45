"""Who listens to which stream, and a bounded queue for each listener.

A stream is known by its name as subscribed and, for private ones, by the account; public streams have account 0.
A message is encoded once for all its listeners.
"""

import asyncio
from collections import deque
from typing import NamedTuple

import msgspec


class Topic(NamedTuple):
    """A stream of one account, or of everybody (account 0)."""

    stream: str
    account: int = 0


class Listener:
    """What waits for one connection; a listener that lags too far behind is dropped and his queue let go."""

    def __init__(self, most_messages: int, most_bytes: int) -> None:
        self._queue: deque[str] = deque()
        self._most_messages, self._most_bytes = most_messages, most_bytes
        self._waiting_bytes = 0
        self._wake = asyncio.Event()
        self._dropped = asyncio.Event()
        self.topics: set[Topic] = set()
        self.is_dropped = False

    @property
    def waiting_messages(self) -> int:
        """Return how many messages were not taken yet."""
        return len(self._queue)

    def put(self, message: str) -> None:
        """Queue a message, or drop the listener when too much waits already."""
        if self.is_dropped:
            return
        self._queue.append(message)
        self._waiting_bytes += len(message)
        if len(self._queue) > self._most_messages or self._waiting_bytes > self._most_bytes:
            self.drop()
        self._wake.set()

    def drop(self) -> None:
        """Let the listener go with all that waits for him."""
        self.is_dropped = True
        self._queue.clear()
        self._dropped.set()
        self._wake.set()

    async def take(self) -> str | None:
        """Return the next message as soon as there is one; ``None`` when the listener was dropped."""
        while not self._queue and not self.is_dropped:
            self._wake.clear()
            await self._wake.wait()
        if self.is_dropped:
            return None
        message = self._queue.popleft()
        self._waiting_bytes -= len(message)
        return message

    async def wait_dropped(self) -> None:
        """Return when the listener is dropped; unlike ``take`` this does not wait for the connection to write."""
        await self._dropped.wait()


class Hub:
    """The listeners of every topic."""

    def __init__(self) -> None:
        self._listeners: dict[Topic, set[Listener]] = {}

    def subscribe(self, listener: Listener, topic: Topic) -> None:
        """Add a listener; doing it again changes nothing."""
        if topic in listener.topics:
            return
        listener.topics.add(topic)
        self._listeners.setdefault(topic, set()).add(listener)

    def unsubscribe(self, listener: Listener, topic: Topic) -> None:
        """Remove a listener from a topic, if he is there."""
        if topic not in listener.topics:
            return
        listener.topics.discard(topic)
        listeners = self._listeners[topic]
        listeners.discard(listener)
        if not listeners:
            del self._listeners[topic]

    def leave(self, listener: Listener) -> None:
        """Remove a listener from everything."""
        for topic in list(listener.topics):
            self.unsubscribe(listener, topic)

    def has(self, stream: str, account: int = 0) -> bool:
        """Tell whether anybody listens."""
        return Topic(stream, account) in self._listeners

    def publish(self, stream: str, data: msgspec.Struct, account: int = 0) -> None:
        """Queue a message for every listener of a stream."""
        listeners = self._listeners.get(Topic(stream, account))
        if not listeners:
            return
        message = envelope(stream, data)
        for listener in listeners:
            listener.put(message)


def envelope(stream: str, data: msgspec.Struct) -> str:
    """Return the text of a message: the data and the name of the stream exactly as it was subscribed."""
    return f'{{"data":{msgspec.json.encode(data).decode()},"stream":"{stream}"}}'
