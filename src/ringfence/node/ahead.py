"""Reading ahead: the next batches of a replay are read and their hashes checked while the core applies this one.

Both leave the interpreter's lock alone for most of their time, so on two processors a replay is as fast as the slower.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")
DEPTH = 4
"""How many items are made ahead of the one in use."""


class _End:
    """What ends the queue: the error that ended the source, or none."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def read_ahead(source: Iterable[Item]) -> Iterator[Item]:
    """Yield what `source` yields, in order, made in a thread of its own; its error is raised where it happened."""
    made: queue.Queue[Item | _End] = queue.Queue(DEPTH)
    stop = threading.Event()

    def offer(item: Item | _End) -> None:
        while not stop.is_set():
            try:
                return made.put(item, timeout=0.1)
            except queue.Full:
                continue

    def make() -> None:
        try:
            for item in source:
                offer(item)
                if stop.is_set():
                    return
            offer(_End(None))
        except BaseException as error:
            offer(_End(error))

    thread = threading.Thread(target=make, name="read ahead", daemon=True)
    thread.start()
    try:
        while not isinstance(item := made.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        stop.set()
        thread.join()
