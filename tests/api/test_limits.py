import pytest
from tests.api.venue import Clock

from ringfence.api.errors import ApiError
from ringfence.api.limits import RateLimiter


def test_limiter_of_full_bucket_refuses_with_time_to_wait() -> None:
    clock = Clock()
    limiter: RateLimiter[str] = RateLimiter(60, clock)
    for _ in range(60):
        limiter.take("a")
    with pytest.raises(ApiError) as caught:
        limiter.take("a")
    assert (caught.value.status, caught.value.code) == (429, "TOO_MANY_REQUESTS")
    assert caught.value.headers == {"Retry-After": "1"}
    limiter.take("b")
    clock.now_us += 1_000_000
    limiter.take("a")
    with pytest.raises(ApiError):
        limiter.check("a")


def test_limiter_counts_a_batch_as_its_orders() -> None:
    limiter: RateLimiter[int] = RateLimiter(60, Clock())
    limiter.take(1, 50)
    with pytest.raises(ApiError) as caught:
        limiter.take(1, 20)
    assert caught.value.headers == {"Retry-After": "10"}


def test_limiter_forgets_callers_whose_bucket_is_full() -> None:
    clock = Clock()
    limiter: RateLimiter[int] = RateLimiter(60, clock, most_callers=10)
    for caller in range(100):
        limiter.take(caller)
    assert len(limiter._empty_until_us) <= 10
    clock.now_us += 2_000_000
    limiter.take(1)
    assert len(limiter._empty_until_us) == 1
