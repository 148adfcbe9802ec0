"""Steps of an input through our own code: pairs of lines that followed each other.

An input that takes a step nobody took before is worth keeping: from it there may be a way further in. Tracing makes
Python some ten times slower, and pays as soon as a parser asks for two things at once.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Any, Self, TypeAlias

REPOSITORY = Path(__file__).resolve().parents[2]
OWN_CODE = (str(REPOSITORY / "rtserver"), str(REPOSITORY / "tcelib"))

Step: TypeAlias = tuple[CodeType, int, int]
LocalTrace: TypeAlias = Callable[[FrameType, str, Any], Any]


class Coverage:
    """Used as a context around one input; ``is_news`` afterwards says whether it took a step that is new."""

    def __init__(self) -> None:
        self.steps: set[Step] = set()
        self.is_news = False
        self._known = 0

    def __enter__(self) -> Self:
        self._known = len(self.steps)
        sys.settrace(self._on_call)
        return self

    def __exit__(self, _kind: object, _error: object, _trace: TracebackType | None) -> None:
        sys.settrace(None)
        self.is_news = len(self.steps) > self._known

    def _on_call(self, frame: FrameType, _event: str, _argument: Any) -> LocalTrace | None:
        code = frame.f_code
        if not code.co_filename.startswith(OWN_CODE):
            return None
        steps, last = self.steps, 0

        def on_line(frame: FrameType, event: str, _argument: Any) -> Any:
            nonlocal last
            if event == "line":
                steps.add((code, last, frame.f_lineno))
                last = frame.f_lineno
            return on_line

        return on_line
