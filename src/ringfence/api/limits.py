"""Token buckets: how many requests a caller may make in a minute."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from .errors import too_many_requests

_K = TypeVar("_K")


class RateLimiter(Generic[_K]):
    """One bucket per caller, refilled evenly; full ones are forgotten, so that memory follows the callers of a minute.

    ``clock_us`` gives the time in microseconds and never goes back.
    """

    def __init__(self, requests_per_minute: int, clock_us: Callable[[], int], most_callers: int = 100_000) -> None:
        assert requests_per_minute > 0, requests_per_minute
        self.requests_per_minute = requests_per_minute
        self._us_per_request = 60_000_000 // requests_per_minute
        self._clock_us = clock_us
        self._most_callers = most_callers
        self._empty_until_us: OrderedDict[_K, int] = OrderedDict()

    def take(self, caller: _K, count: int = 1) -> None:
        """Count ``count`` requests of a caller; raises 429 with Retry-After when his bucket has not as many."""
        self.check(caller, count)
        now = self._clock_us()
        filled_us = max(self._empty_until_us.get(caller, 0), now)
        self._empty_until_us[caller] = filled_us + count * self._us_per_request
        self._empty_until_us.move_to_end(caller)
        self._forget(now)

    def check(self, caller: _K, count: int = 1) -> None:
        """Raise 429 when the bucket has not ``count`` requests left; count nothing."""
        now = self._clock_us()
        over_us = max(self._empty_until_us.get(caller, 0), now) + count * self._us_per_request - now - 60_000_000
        if over_us > 0:
            raise too_many_requests(self.requests_per_minute, -(-over_us // 1_000_000))

    def _forget(self, now: int) -> None:
        """Drop full buckets from the old end, and the oldest when there are too many."""
        while self._empty_until_us:
            caller, full_us = next(iter(self._empty_until_us.items()))
            if full_us > now and len(self._empty_until_us) <= self._most_callers:
                return
            del self._empty_until_us[caller]
