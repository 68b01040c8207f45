"""Running a venue: the node as a child, the gateway in this process, and one way to end for all of them.

If the node ends by itself nothing is started again behind the operator's back: the gateway says so, stops, and the
whole ends with the node's exit code.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NamedTuple

from ringfence.config import VenueConfig

from .children import Child, NodeChild, exit_code_of, log
from .errors import NodeEnded, WrongUse
from .seeding import seed
from .snapshots import SnapshotSchedule

if TYPE_CHECKING:
    from ringfence.api.settings import ApiSettings
    from ringfence.api.state import VenueState

ENDING_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Ended(BaseException):
    """Raised in the main thread by a signal that asks the venue to end; no `except Exception` holds it up."""


class Plan(NamedTuple):
    """What to run, and what to do on the way."""

    directory: Path
    config: VenueConfig
    started: Callable[[int, VenueState], Child | None]
    """Called with the real port and the state when requests are answered; it may start one more child, which ends with
    the venue."""
    seeded: Callable[[bool], None] = lambda _: None
    """Called before requests are answered with whether the log begins as the configuration says."""
    snippet: Callable[[int], str] | None = None
    """Gives the text of the page at `/` for the real port."""


def run_venue(plan: Plan) -> None:
    """Run a venue until it is told to end.

    Raises ``NodeEnded`` when the node ends by itself, and ``WrongUse`` when the venue cannot be started so.
    """
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(name)s: %(message)s")
    with _ending_by_signal():
        venue = _Venue(plan)
        try:
            venue.run()
        except Ended:
            pass
        finally:
            _ignore_signals()
            venue.end()
        if venue.node_ended is not None:
            raise venue.node_ended


class _Venue:
    """The processes of one venue."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._node: NodeChild | None = None
        self._companion: Child | None = None
        self._schedule: SnapshotSchedule | None = None
        self._exchange: VenueState | None = None
        self._ending = False
        self.node_ended: NodeEnded | None = None

    def run(self) -> None:
        plan, config = self._plan, self._plan.config
        plan.directory.mkdir(parents=True, exist_ok=True)
        self._node = NodeChild(plan.directory)
        # This import takes as long as the node takes to start, so it happens meanwhile.
        from ringfence.api.server import PortTaken, serve

        _require_port(config.host, config.port)
        ready = self._node.wait_ready()
        self._node.watch(self._on_node_ended)
        plan.seeded(seed(plan.directory, config, ready.sequence, time.time_ns() // 1_000))
        try:
            settings = _settings(config)
            serve(plan.directory, config.host, config.port, self._on_ready, settings, plan.snippet, self._on_opened)
        except PortTaken as error:
            raise WrongUse(f"{error}; choose it with --port") from None

    def end(self) -> None:
        """End every child, those that use the node before the node."""
        self._ending = True
        if self._companion is not None:
            self._companion.end()
        if self._schedule is not None:
            self._schedule.end()
        if self._node is not None:
            self._node.end()

    def _on_opened(self, exchange: VenueState) -> None:
        self._exchange = exchange

    def _on_ready(self, port: int) -> None:
        assert self._exchange is not None, "it is opened before it is served"
        self._schedule = SnapshotSchedule(self._plan.directory, self._plan.config.snapshots)
        self._schedule.start()
        self._companion = self._plan.started(port, self._exchange)

    def _on_node_ended(self, return_code: int) -> None:
        if self._ending:
            return
        how = f"signal {-return_code}" if return_code < 0 else f"exit code {return_code}"
        log(f"THE NODE ENDED by itself ({how}); the gateway stops. Nothing acknowledged is lost: start it again")
        self.node_ended = NodeEnded(f"the node ended by itself ({how})", exit_code_of(return_code))
        os.kill(os.getpid(), signal.SIGTERM)


def _require_port(host: str, port: int) -> None:
    """Raise ``WrongUse`` when nobody could listen there, before a single command is given."""
    from ringfence.api.server import PortTaken, bind

    try:
        bind(host, port).close()
    except PortTaken as error:
        raise WrongUse(f"{error}; choose it with --port") from None
    except OSError as error:
        raise WrongUse(f"cannot listen on {host} port {port}: {error.strerror or error}") from None


def _settings(config: VenueConfig) -> ApiSettings:
    from ringfence.api.settings import ApiSettings

    return ApiSettings(
        signed_requests_per_minute=config.limits.signed_requests_per_minute,
        public_requests_per_minute=config.limits.public_requests_per_minute,
    )


@contextmanager
def _ending_by_signal() -> Generator[None]:
    def end(number: int, frame: FrameType | None) -> None:
        raise Ended

    previous = {number: signal.signal(number, end) for number in ENDING_SIGNALS}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _ignore_signals() -> None:
    """Let nothing interrupt the ending, which is bounded in time by itself."""
    for number in ENDING_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
