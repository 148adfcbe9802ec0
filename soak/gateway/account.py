"""Account: every call of a run, what became of it, what was pushed and what has run; and each broken promise.

Pure: times are passed in, in seconds of one clock. A call's outcome is ``OK``, the number of an error as text,
``LOST`` (its connection ended) or ``OWN`` (it ended by its own deadline while its connection hung).
"""

import math
from collections import Counter, defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from soak.gateway.mark import PUSHED, UNPUSHED, Kind, Mark
from tcelib.error import RPCERROR_CONNECT_UNREACHABLE, RPCERROR_CONNECTION_LOST, RPCERROR_TIMEOUT

OK, LOST, OWN, OVERDUE = "ok", "lost", "own", "overdue"
EXPECTED = frozenset({RPCERROR_TIMEOUT, RPCERROR_CONNECT_UNREACHABLE, RPCERROR_CONNECTION_LOST})
"""Errors that faults explain."""
PUSH_SECONDS = 5.0
"""A push is on its queue before its answer is, so it arrives before it, unless a connection broke in between."""
LATE_SECONDS = 0.3
"""A note is read a moment after it was written."""


@dataclass(eq=False, slots=True)
class Path:
    """One connection of a client. ``hung_until``: it hung until then, perhaps by no fault of the gateway."""

    client: str
    life: int
    is_open: bool = True
    hung_until: float = -math.inf
    pushed: set[int] = field(default_factory=set)
    missing: dict[int, float] = field(default_factory=dict)
    """Number of a call whose push has not come -> when its answer came."""


@dataclass(eq=False, slots=True)
class Call:
    """One two-way call on one connection."""

    mark: Mark
    text: str
    path: Path
    begun: float
    outcome: str = ""


@dataclass
class Episode:
    """Calls that ended while one fault was there and healed.

    ``recovery``: seconds from its end until all was well.
    """

    fault: str
    outcomes: Counter[str] = field(default_factory=Counter)
    pushes: int = 0
    longest: float = 0.0
    """The longest wait of a call whose connection did not hang."""
    recovery: float = 0.0


class Account:
    """``timeout`` is the deadline of every call, ``slack`` how much later it may fail.

    ``lag`` is by how much the observer itself was late, a moment ago: what it has not read yet may be there, and the
    programs that it judges wait for the same processors.
    """

    def __init__(self, timeout: float, slack: float) -> None:
        self.episode = Episode("before the first fault")
        self.violations: list[str] = []
        self.calls = self.runs = self.repeated = self.late_runs = self.unpushed = self.excused_pushes = 0
        self.lag = 0.0
        self._timeout = timeout
        self._slack = slack
        self._waiting: deque[Call] = deque()
        self._runs: defaultdict[str, dict[int, str]] = defaultdict(dict)
        self._unrun: set[tuple[str, int]] = set()
        self._told: dict[tuple[str, int], float] = {}
        self._good: dict[str, float] = {}
        self._paths: set[Path] = set()

    # Connections.

    def open(self, client: str, life: int) -> Path:
        """A new connection of a client."""
        path = Path(client, life)
        self._paths.add(path)
        self._good.setdefault(client, -math.inf)
        return path

    def close(self, path: Path, calls: Iterable[Call], now: float) -> None:
        """The connection is lost, and what waits on it."""
        path.is_open = False
        self._paths.discard(path)
        self.excused_pushes += len(path.missing)
        for call in calls:
            self._end(call, LOST, now)

    def hang(self, paths: Iterable[Path], until: float = math.inf) -> None:
        """These connections hang, or did until then."""
        for path in paths:
            path.hung_until = until

    # Calls.

    def begin(self, path: Path, mark: Mark, now: float) -> Call:
        """A call is sent."""
        call = Call(mark, mark.text(), path, now)
        self._waiting.append(call)
        self.calls += 1
        return call

    def answer(self, call: Call, errcode: int, result: str, now: float) -> None:
        """An answer has come, to a call that may have one already."""
        if call.outcome:
            if call.outcome != OWN:
                self._break(
                    f"a second answer to {call.text}, which had ended with {call.outcome}: {errcode} {result}"
                )
            return
        if errcode and errcode not in EXPECTED:
            self._break(f"the answer to {call.text} is error {errcode}")
        if now - call.begun > self._timeout + self._slack + self.lag and call.path.hung_until < self._due(call):
            self._break(f"the answer to {call.text} has come after {now - call.begun:.2f} s")
        if errcode:
            self._end(call, str(errcode), now)
            return
        text, _, pushed = result.partition(" ")
        if text != call.text:
            self._break(f"the answer to {call.text} is that of another call: {result}")
        self._end(call, OK, now)
        self._succeed(call, pushed, now)

    def push(self, path: Path, text: str) -> None:
        """A push has come."""
        mark = Mark.of(text)
        if (mark.client, mark.life) != (path.client, path.life):
            self._break(f"the push of {text} has come to {path.client}, life {path.life}")
        elif mark.number in path.pushed and mark.kind is Kind.ORDER:  # a look may run again, and push again
            self._break(f"the push of {text} has come twice")
        path.pushed.add(mark.number)
        path.missing.pop(mark.number, None)
        self.episode.pushes += 1

    def look(self, now: float) -> None:
        """Judge what is due."""
        limit = self._timeout + self._slack + self.lag
        while self._waiting and (self._waiting[0].outcome or now - self._waiting[0].begun > limit):
            call = self._waiting.popleft()
            if not call.outcome:
                self._overdue(call, now)
        for path in self._paths:
            self._look_at(path, now)

    def are_all_good_since(self, moment: float) -> bool:
        """Return whether each client has had an answer to a call that it began after that moment."""
        return all(begun > moment for begun in self._good.values())

    def bad_since(self, moment: float) -> str:
        """Return the names of the other clients, of many the first ones."""
        names = [client for client, begun in self._good.items() if begun <= moment]
        return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")

    # Runs.

    def ran(self, source: str, number: int, service: str, now: float) -> None:
        """A service has begun to run a call."""
        self.runs += 1
        runs = self._runs[source]
        self._unrun.discard((source, number))
        if number in runs:
            self.repeated += 1
            if source.startswith(Kind.ORDER.name.lower()):
                self._break(f"{source} {number} has run twice: by {runs[number]} and by {service}")
        runs[number] = service
        if now - self._told.get((source, number), now) > LATE_SECONDS:
            self.late_runs += 1

    def close_books(self) -> None:
        """Judge what can only be known at the end."""
        for source, number in sorted(self._unrun):
            self._break(f"{source} {number} was answered and has not run")

    def start(self, fault: str) -> None:
        """A new episode begins."""
        self.episode = Episode(fault)

    def _succeed(self, call: Call, pushed: str, now: float) -> None:
        mark, path = call.mark, call.path
        self._good[mark.client] = max(self._good[mark.client], call.begun)
        if mark.number not in self._runs[mark.source]:
            self._unrun.add((mark.source, mark.number))
        if pushed == PUSHED and mark.number not in path.pushed:
            path.missing[mark.number] = now
        self.unpushed += pushed == UNPUSHED

    def _overdue(self, call: Call, now: float) -> None:
        if call.path.hung_until > self._due(call):
            self._end(call, OWN, now)
            return
        self._break(f"no answer to {call.text} within {now - call.begun:.2f} s")
        self._end(call, OVERDUE, now)

    def _due(self, call: Call) -> float:
        return call.begun + self._timeout

    def _look_at(self, path: Path, now: float) -> None:
        lost = [number for number, since in path.missing.items() if now - max(since, path.hung_until) > PUSH_SECONDS]
        for number in lost:
            del path.missing[number]
            self._break(f"the push of call {number} has not come to {path.client}, life {path.life}")

    def _end(self, call: Call, outcome: str, now: float) -> None:
        if call.outcome:
            return
        call.outcome = outcome
        self.episode.outcomes[outcome] += 1
        if call.path.hung_until < call.begun:
            self.episode.longest = max(self.episode.longest, now - call.begun)
        if outcome != OK:
            self._told[call.mark.source, call.mark.number] = now

    def _break(self, promise: str) -> None:
        self.violations.append(f"{self.episode.fault}: {promise}")
