"""One-line reports of errors while Django's settings are loaded: the exception, its place in the site, and the
remedy.

A settings module is any program: whatever it raises is reported, ``SystemExit`` included. Pure.
"""

import os
import traceback
from pathlib import Path
from types import TracebackType

MOST_TEXT = 300


def explain(error: BaseException, directory: Path, module: str = "") -> str:
    """Return the report. ``directory`` is where the site's own files are, ``module`` the settings' dotted path."""
    said = f"{type(error).__name__}: {_text_of(error)}".removesuffix(": ")
    cause = error.__cause__
    if cause is not None:
        said += f" ({type(cause).__name__}: {_text_of(cause)})"
    place = _place_of(error, directory)
    advice = _advice(error, module)
    return said + (f" ({place})" if place else "") + (f"; {advice}" if advice else "")


def _text_of(error: BaseException) -> str:
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return " ".join(text.split())[:MOST_TEXT]


def _place_of(error: BaseException, directory: Path) -> str:
    """Return the line of the site that was run; of a file that Python cannot parse, the line in it."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}, line {error.lineno}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_in(frame.filename, directory)]
    return f"{frames[-1].filename}, line {frames[-1].lineno}" if frames else ""


def _is_in(filename: str, directory: Path) -> bool:
    path = Path(filename)
    return path.is_absolute() and path.is_relative_to(directory) and "site-packages" not in path.parts


def _advice(error: BaseException, module: str) -> str:
    if isinstance(error, KeyError) and _is_from_environ(error.__traceback__):
        return (
            f"the environment variable {_text_of(error)} is not there: start rtserver with the site's environment "
            "(under systemd Environment= or EnvironmentFile=)"
        )
    missing = next((each.name for each in (error, error.__cause__) if isinstance(each, ModuleNotFoundError)), None)
    if missing:
        if module == missing or module.startswith(f"{missing}."):
            return "set django_path to the directory of manage.py"
        return f"install {missing.partition('.')[0]} where rtserver is installed"
    if isinstance(error, SystemExit):
        return "the settings end the process instead of being loaded"
    if isinstance(error, PermissionError) or isinstance(error.__cause__, PermissionError):
        return "the user that rtserver runs as may not do that"
    return ""


def _is_from_environ(trace: TracebackType | None) -> bool:
    frames = traceback.extract_tb(trace)
    return bool(frames) and frames[-1].filename in (os.__file__, "<frozen os>")
