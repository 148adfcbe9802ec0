"""Bars of a Django model as history of quotes: any SQL database that Django knows."""

from datetime import UTC, datetime

from django.db import close_old_connections, models  # type: ignore[import-untyped]

from rtserver.history.port import HistoryRange


class StoredBar(models.Model):  # type: ignore[misc]
    """A finished bar. ``start`` is that of a minute, or midnight in UTC of a trading day."""

    quote = models.CharField(max_length=140)
    base = models.CharField(max_length=2)  # "1m" or "1d"
    start = models.DateTimeField()
    open = models.FloatField()
    close = models.FloatField()
    low = models.FloatField()
    high = models.FloatField()
    volume = models.FloatField(null=True)

    class Meta:
        app_label = "shop"
        constraints = (models.UniqueConstraint(fields=["quote", "base", "start"], name="one_bar_of_a_start"),)


class Prices:
    """The setting: history = "bar_table:Prices"."""

    def read(self, wanted: HistoryRange) -> list[tuple[object, ...]]:
        """Return the newest bars of a range, ascending. Called on a thread of its own, so it may block."""
        close_old_connections()
        bars = StoredBar.objects.filter(quote=wanted.quote, base=wanted.base)
        if wanted.start_ms is not None:
            bars = bars.filter(start__gte=datetime.fromtimestamp(wanted.start_ms / 1000, UTC))
        if wanted.end_ms is not None:
            bars = bars.filter(start__lt=datetime.fromtimestamp(wanted.end_ms / 1000, UTC))
        rows = bars.order_by("-start").values_list("start", "open", "close", "low", "high", "volume")
        return list(rows[: wanted.limit])[::-1]
