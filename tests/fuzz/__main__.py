"""Mutated inputs for every parser of bytes, until one does not stand them or the time is over.

    python -m tests.fuzz --seconds 60               a minute for each target
    python -m tests.fuzz --seconds 600 head frames
    python -m tests.fuzz --replay FILE head         one input, once more

A run is guided: an input that takes a step through the code that no other took is kept and changed further. A finding
is printed with its traceback, its bytes are written to a file in ``var/fuzz``, and the exit status is 1.
"""

import argparse
import hashlib
import logging
import sys
import tempfile
import time
import traceback
from pathlib import Path

from tests.fuzz.engine import FindingError, for_seconds, fuzz
from tests.fuzz.table import TARGETS
from tests.fuzz.target import Target

FINDINGS = Path(__file__).resolve().parents[2] / "var" / "fuzz"


def run(target: Target, seconds: float, seed: int, is_guided: bool) -> bool:
    """Fuzz one target and say what came of it; whether it stood everything."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        try:
            outcome = fuzz(target, Path(directory), until=for_seconds(seconds), seed=seed, is_guided=is_guided)
        except FindingError as finding:
            keep(finding)
            return False
    rate = outcome.tried / (time.monotonic() - begun)
    print(
        f"| {target.name} | {outcome.tried:,} | {rate:,.0f} | {len(outcome.corpus):,} | {outcome.steps:,} |",
        flush=True,
    )
    return True


def keep(finding: FindingError) -> None:
    """Print a finding and write it where ``--replay`` can read it."""
    FINDINGS.mkdir(parents=True, exist_ok=True)
    file = FINDINGS / f"{finding.target}-{hashlib.sha256(finding.data).hexdigest()[:12]}"
    file.write_bytes(finding.data)
    traceback.print_exception(finding)
    print(f"written to {file}", file=sys.stderr)


def replay(target: Target, file: Path) -> bool:
    """One input of an earlier run; whether the target stands it now."""
    only = Target(target.name, target.make, (file.read_bytes(),), seconds=target.seconds)
    with tempfile.TemporaryDirectory() as directory:
        try:
            fuzz(only, Path(directory), until=lambda tried: tried == 1, seed=0, is_guided=False)
        except FindingError as finding:
            traceback.print_exception(finding)
            return False
    return True


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("target", nargs="*", help=f"{', '.join(TARGETS)}; none means all")
    parser.add_argument("--seconds", type=float, default=60.0, help="for each target  [60]")
    parser.add_argument("--seed", type=int, help="of the series of inputs  [the time]")
    parser.add_argument("--blind", action="store_true", help="without guidance: ten times as many inputs")
    parser.add_argument("--replay", type=Path, help="the file of a finding")
    options = parser.parse_args()
    if unknown := [name for name in options.target if name not in TARGETS]:
        parser.error(f"no such target: {', '.join(unknown)}")
    logging.getLogger("rtserver").propagate = False
    logging.getLogger("rtserver").addHandler(logging.NullHandler())
    targets = [TARGETS[name] for name in options.target or TARGETS]
    if options.replay:
        results = [replay(target, options.replay) for target in targets]
        return 0 if all(results) else 1
    seed = options.seed if options.seed is not None else time.time_ns() % 1_000_000
    print(f"seed {seed}\n\n| target | inputs | a second | corpus | steps |\n|---|---:|---:|---:|---:|", flush=True)
    results = [run(target, options.seconds, seed, not options.blind) for target in targets]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
