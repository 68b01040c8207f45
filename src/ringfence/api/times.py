"""Times as the wire writes them: history without a zone, live objects in milliseconds."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _at(time_us: int) -> datetime:
    return (_EPOCH + timedelta(microseconds=time_us)).replace(tzinfo=None)


def naive_ms(time_us: int) -> str:
    """Return ``2025-09-11T20:10:40.699``, or without the fraction when it is zero."""
    moment = _at(time_us // 1_000 * 1_000)
    return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds")


def naive_us(time_us: int) -> str:
    """Return the time with all six decimals, as ``Market.createdAt`` has it."""
    return _at(time_us).isoformat(timespec="microseconds")


def naive_s(time_us: int) -> str:
    """Return ``2025-09-11T20:10:40``, as klines have it."""
    return _at(time_us).isoformat(timespec="seconds")


def zulu_ms(time_us: int) -> str:
    """Return ``2025-09-11T20:10:40.699Z``, as the pools' times are."""
    return f"{_at(time_us // 1_000 * 1_000).isoformat(timespec='milliseconds')}Z"
