"""Moments in requests for charts: epoch milliseconds, a date or a time of ISO 8601. Pure."""

from datetime import UTC, datetime


def moment_ms(moment: int | str, field: str) -> int:
    """Return a moment as epoch milliseconds. A date is the midnight of its begin; a time without a zone is in UTC.

    Raises ``ValueError``, which names the field of the request.
    """
    if isinstance(moment, int):
        return moment
    try:
        time = datetime.fromisoformat(moment)
    except ValueError:
        allowed = 'epoch milliseconds, a date such as "2026-01-05" or a time such as "2026-01-05T09:30:00Z"'
        raise ValueError(f"{field} {moment!r} is none of {allowed}") from None
    return round((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1000)
