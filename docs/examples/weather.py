"""``weather``: the newest reading of a city's station, for all who look at it.

A station writes its readings to a file. It is read while somebody looks at the city. A station may also report by
itself, with a service message.
"""

import json
import os
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import msgspec

from rtserver.service.message import BadData
from rtserver.service.msg_handler import ServiceContext
from rtserver.service.topic.subscribable import SubscribableMsgHandler

PAUSE_SECONDS = 1.0

City: TypeAlias = Annotated[str, msgspec.Meta(pattern="^[a-z]{1,32}$")]


class WeatherRequest(msgspec.Struct, frozen=True):
    """``{"city": str}``."""

    city: City


class Report(msgspec.Struct, frozen=True):
    """``{"city": str, "celsius": number}``."""

    city: City
    celsius: float


class WeatherMsgHandler(SubscribableMsgHandler):
    """One topic for each city. A reading, ``{"celsius": number}``, is snapshot and update alike."""

    msg_type = "weather"
    data_type = Report
    request_type = WeatherRequest

    def __init__(self, services: ServiceContext) -> None:
        super().__init__(services)
        self._readings: dict[str, dict[str, Any]] = {}
        self._fetchers: dict[str, object] = {}

    def topic_of(self, request: WeatherRequest) -> str:
        """Name a topic after its city."""
        return request.city

    def on_subscribe(self, request: WeatherRequest) -> dict[str, Any]:
        """Return the newest reading."""
        return self._readings[request.city]

    def on_first_viewer(self, request: WeatherRequest) -> None:
        """Start a fetcher. Its first reading is there before the snapshot is asked for."""
        self._fetchers[request.city] = fetcher = object()
        self._fetch(request.city, fetcher)
        if request.city not in self._readings:
            raise BadData(f"there is no station in {request.city}")

    def on_last_viewer(self, request: WeatherRequest) -> None:
        """Stop the fetcher."""
        self._fetchers.pop(request.city, None)
        self._readings.pop(request.city, None)

    def __call__(self, src: str, data: Report) -> None:
        """Take the report of a station, if anybody looks at its city."""
        if data.city in self._readings:
            self._take(data.city, {"celsius": data.celsius})

    def _fetch(self, city: str, fetcher: object) -> None:
        """Fetch a reading now and after each pause, until another fetcher has taken over or none is needed."""
        reading = self.offload(read_station, city)
        if self._fetchers.get(city) is fetcher:
            if reading is not None:
                self._take(city, reading)
            self.services.call_later(PAUSE_SECONDS, partial(self._fetch, city, fetcher))

    def _take(self, city: str, reading: dict[str, Any]) -> None:
        if reading != self._readings.get(city):
            self._readings[city] = reading
            # A reading replaces the one before it: whoever is sent less needs the last one only.
            self.publish(city, reading, key="reading")


def read_station(city: str) -> dict[str, Any] | None:
    """Return the reading in a station's file, None if there is none. Blocks."""
    folder = Path(os.environ.get("WEATHER_DIR", "var/weather"))
    try:
        return {"celsius": float(json.loads((folder / f"{city}.json").read_text())["celsius"])}
    except (OSError, ValueError, KeyError, TypeError):
        return None
