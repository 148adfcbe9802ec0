"""Overview: answers to monitors for all workers together, put together of what each worker says."""

import json
import os
import time
from collections.abc import Callable
from typing import Any, TypeAlias, cast

from rtserver.bootstrap.config.monitor import loopback_refusal
from rtserver.bootstrap.supervisor.fleet import Fleet
from rtserver.bootstrap.supervisor.http_exchange import JSON, TEXT, Request, answer_of
from rtserver.bootstrap.supervisor.inquiry import Answers
from rtserver.bootstrap.supervisor.metrics_page import counter, gauge, merge
from rtserver.bootstrap.supervisor.worker import Stage

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Ask: TypeAlias = Callable[[str, Callable[[Answers], object]], object]
"""Asks all workers for "metrics" or "readiness", and hands the answers over that came in time."""

Respond: TypeAlias = Callable[[bytes], object]


class Overview:
    """Answers to ``/healthz``, ``/readyz`` and ``/metrics`` of a ``fleet``, for monitors on this machine.

    ``names`` are the host names under which they may ask.
    """

    def __init__(self, fleet: Fleet, ask: Ask, names: frozenset[str]) -> None:
        self._fleet = fleet
        self._ask = ask
        self._names = names

    def on_request(self, request: Request, respond: Respond) -> None:
        """Answer a request, at once or when the workers have answered."""
        has_body = request.method != "HEAD"

        def answer(status: int, body: str, content_type: str = TEXT) -> None:
            respond(answer_of(status, body.encode(), content_type, has_body=has_body))

        refusal = loopback_refusal(request.headers, request.headers.get("host", ""), self._names)
        if request.method not in ("GET", "HEAD"):
            answer(405, "only GET and HEAD\n")
        elif request.path == "/healthz":
            answer(200, json.dumps({"alive": True}), JSON)
        elif request.path == "/readyz":
            self._ask("readiness", lambda answers: answer(*self._readiness(answers, bool(refusal)), JSON))
        elif request.path != "/metrics":
            answer(404, "there are /healthz, /readyz and /metrics\n")
        elif refusal:
            answer(403, f"{refusal}\n")
        else:
            self._ask("metrics", lambda answers: answer(200, self._metrics(answers), METRICS_TYPE))

    def _readiness(self, answers: Answers, is_refused: bool) -> tuple[int, str]:
        """Return status and body. Ready is a fleet with a worker that is: newcomers are led to those that turn."""
        told = [self._worker(number, answers) for number in range(1, self._fleet.size + 1)]
        is_ready = not self._fleet.is_stopping and any(worker["ready"] for worker in told)
        body: dict[str, object] = {"ready": is_ready}
        if not is_refused:
            servers: list[object] = next((cast(dict[str, Any], each)["servers"] for each in answers.values()), [])
            body |= {"pid": os.getpid(), "workers": told, "servers": servers}
        return 200 if is_ready else 503, json.dumps(body)

    def _worker(self, number: int, answers: Answers) -> dict[str, Any]:
        worker = self._fleet.at(number)
        if worker is None:
            return {"position": number, "ready": False, "checks": [_failed("process", "none: it is started again")]}
        told = cast(dict[str, Any] | None, answers.get(worker.pid))
        if told is None:
            silence = time.monotonic() - worker.heard
            detail = "it starts" if worker.stage is Stage.STARTING else f"none; last heard of {silence:.1f} s ago"
            return {"position": number, "ready": False, "pid": worker.pid, "checks": [_failed("answer", detail)]}
        is_ready = worker.stage is Stage.READY and told["ready"]
        fields = {name: told[name] for name in ("worker", "pid", "checks")}
        return {"position": number, "ready": is_ready, **fields}

    def _metrics(self, answers: Answers) -> str:
        fleet = self._fleet
        workers = {number: fleet.at(number) for number in range(1, fleet.size + 1)}
        answered = {number: float(worker is not None and worker.pid in answers) for number, worker in workers.items()}
        own = (
            gauge("rtserver_workers", "Workers that are wanted", fleet.size)
            + gauge("rtserver_worker_up", "1 if the worker of this position answered just now", answered)
            + counter("rtserver_worker_deaths_total", "Workers that ended without being told to", fleet.deaths)
        )
        pages = {
            number: cast(str, answers[worker.pid])
            for number, worker in workers.items()
            if worker is not None and worker.pid in answers
        }
        return merge(own, pages)


def _failed(name: str, detail: str) -> dict[str, object]:
    return {"name": name, "ok": False, "detail": detail}
