"""``make amqp``: the tests of queues at a broker, the one in memory and Apache Qpid Broker-J.

python-qpid-proton is built from C in an environment of its own, and the jars come from Maven Central. Where the
package, Java or a jar cannot be had the run fails; nothing is skipped.
"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import environment
from interpreters import ROOT

LOCKS = (ROOT / "requirements-dev.lock", ROOT / "requirements-amqp.lock")
POM = ROOT / "tests" / "amqp" / "broker_j" / "pom.xml"
JARS = ROOT / "build" / "broker-j"
PROGRAMS = ("java", "javac", "mvn")
PACKAGES = "openjdk-17-jdk-headless maven"
TESTS = ("-n", "2", "tests/amqp")  # each worker has a Broker-J of its own


class NoProgramError(Exception):
    """A program is missing. The text says how Debian has it."""


def need_programs() -> None:
    """Install from Debian what Broker-J needs, where that is allowed. Raises ``NoProgramError``."""
    if missing_programs():
        subprocess.run(["/bin/sh", "-c", f". tools/apt.sh && apt_install {PACKAGES}"], cwd=ROOT, check=False)
    if missing := missing_programs():
        raise NoProgramError(f"{', '.join(missing)} not found; on Debian: apt-get install {PACKAGES}")


def missing_programs() -> list[str]:
    """Return the programs that are not on the PATH."""
    return [program for program in PROGRAMS if shutil.which(program) is None]


def fetch_jars() -> None:
    """Fetch the jars of the POM, unless they are there. Raises ``CalledProcessError``."""
    stamp, made_of = JARS / environment.STAMP, hashlib.sha256(POM.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == made_of:
        return
    print(f"Fetching Broker-J to {JARS.relative_to(ROOT)}", flush=True)
    shutil.rmtree(JARS, ignore_errors=True)
    command = ["mvn", "-q", "-B", "-f", str(POM), "dependency:copy-dependencies", "-DincludeScope=runtime"]
    subprocess.run([*command, f"-DoutputDirectory={JARS}"], check=True)
    stamp.write_text(made_of)


def main() -> int:
    """Run everything; 1 where something failed, 2 where a program is missing."""
    try:
        need_programs()
    except NoProgramError as error:
        print(f"Queues at a broker cannot be tested: {error}", file=sys.stderr)
        return 2
    python = environment.prepare("amqp", Path(sys.executable), LOCKS)
    fetch_jars()
    return 0 if environment.is_green(python, TESTS) else 1


if __name__ == "__main__":
    sys.exit(main())
