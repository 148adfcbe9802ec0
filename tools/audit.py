"""Looks up known vulnerabilities of everything that is locked: Python's packages and npm's.

    0  everything was looked up, and nothing is known
    1  something is known: it is named
    2  nothing is known, but not everything could be looked up: what could not is named

A look-up that fails is never taken for a clean one: pip-audit alone ends with 0 where the index does not know a
package, or keeps its data from us. Run by ``make audit``, in an environment of its own.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from lock_file import LOCKS, Locked, read_lock

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_SECONDS = 600.0

Run = Callable[[Sequence[str]], str]


class Findings(NamedTuple):
    """Results of a look-up: known vulnerabilities, and packages that could not be looked up."""

    known: list[str]
    unknown: list[str]


def judge_pip(report: str, locked: Sequence[Locked]) -> Findings:
    """Read pip-audit's JSON. A package that it does not name was not looked up."""
    try:
        rows = {row["name"].lower(): row for row in json.loads(report)["dependencies"]}
    except (ValueError, KeyError, TypeError):
        return Findings([], [f"{each.name} {each.version}" for each in locked])
    known, unknown = [], []
    for each in locked:
        row = rows.get(each.name)
        if row is None or "skip_reason" in row or row.get("version") != each.version:
            unknown.append(f"{each.name} {each.version}")
        else:
            known += [_advisory(each, found) for found in row["vulns"]]
    return Findings(known, unknown)


def judge_npm(report: str) -> Findings:
    """Read the output of ``npm audit --json``. It looks all packages up with one question."""
    try:
        found = json.loads(report)["vulnerabilities"]
        known = [f"npm {name}: {row['severity']}" for name, row in found.items()]
    except (ValueError, KeyError, TypeError, AttributeError):
        return Findings([], ["npm's packages (package-lock.json)"])
    return Findings(known, [])


def verdict(findings: Sequence[Findings]) -> tuple[int, str]:
    """The exit status and what to tell."""
    known = sorted({line for each in findings for line in each.known})
    unknown = sorted({line for each in findings for line in each.unknown})
    lines = [*(f"KNOWN    {line}" for line in known), *(f"UNKNOWN  {line}" for line in unknown)]
    if known:
        return 1, "\n".join([*lines, f"{len(known)} known vulnerabilities"])
    if unknown:
        text = (
            f"{len(unknown)} could not be looked up: this is NOT a clean audit. Is the vulnerability data reachable?"
        )
        return 2, "\n".join([*lines, text])
    return 0, "everything was looked up, no known vulnerability"


def audit_lock(locked: Sequence[Locked], run: Run) -> Findings:
    """Have pip-audit look up all packages of a lock, those for other systems, too."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("".join(f"{each.name}=={each.version}\n" for each in locked))
        file.flush()
        command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--no-deps", "--format", "json"]
        report = run([*command, "--progress-spinner", "off", "-r", file.name])
    return judge_pip(report, locked)


def _advisory(locked: Locked, found: dict[str, Any]) -> str:
    fixed = ", ".join(found.get("fix_versions", [])) or "no version yet"
    return f"{locked.name} {locked.version}: {found['id']}, fixed in {fixed}"


def _run(command: Sequence[str]) -> str:
    """Return what a command prints; its status and its messages say less than its report."""
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        sys.stderr.write(f"{command[0]}: {error}\n")
        return ""
    if not done.stdout.strip():
        sys.stderr.write(done.stderr)
    return done.stdout


def main() -> int:
    """Look everything up, and tell."""
    findings = [audit_lock(read_lock((ROOT / name).read_text()), _run) for name in LOCKS]
    findings.append(judge_npm(_run(["npm", "audit", "--json"])))
    status, text = verdict(findings)
    sys.stdout.write(f"{text}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
