"""Make a release of the version that is named: ``make release VERSION=1.2.0``.

Checks the checkout, writes the version into its three places, runs the gate, commits, builds the wheels and the
source archive into ``dist`` and tags the commit. Nothing is pushed or published. Where a step fails, the steps before
it stay to be looked at, and no tag exists.
"""

import hashlib
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import environment
from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).resolve().parents[1]
BUILD = "requirements-build.lock"
PACKAGE = "rtserver/__init__.py"
BROWSER_PACKAGE = "site/static/js/rtc/package.json"
CHANGES = "CHANGES.md"
UNRELEASED = "## Unreleased\n"
_VERSION = re.compile(r'^(?P<key>__version__ = |  "version": )"(?P<version>[^"]+)"', re.MULTILINE)


class ReleaseError(Exception):
    """A reason not to release; its text is one line for the person at the terminal."""


def git(root: Path, *arguments: str) -> str:
    """Return what git prints, stripped. Raises ``CalledProcessError``."""
    return subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, text=True).stdout.strip()


def version_in(text: str) -> str:
    """Return the version that one of the two files of a version holds."""
    match = _VERSION.search(text)
    if match is None:
        raise ReleaseError("no version found where one has to be")
    return match["version"]


def check(root: Path, version: str) -> None:
    """Raise ``ReleaseError`` if ``version`` cannot be released from this checkout."""
    try:
        wanted = Version(version)
    except InvalidVersion:
        raise ReleaseError(f'"{version}" is no version; write MAJOR.MINOR.PATCH') from None
    if str(wanted) != version or len(wanted.release) != 3:
        raise ReleaseError(f'"{version}" is not written as MAJOR.MINOR.PATCH')
    present = version_in((root / PACKAGE).read_text())
    if wanted <= Version(present):
        raise ReleaseError(f"{version} is not newer than {present}")
    if git(root, "status", "--porcelain"):
        raise ReleaseError("the checkout has changes that are not committed")
    if git(root, "tag", "--list", f"v{version}"):
        raise ReleaseError(f"the tag v{version} exists")
    if not unreleased(root):
        raise ReleaseError(f'{CHANGES} says nothing under "Unreleased"')


def unreleased(root: Path) -> str:
    """Return the text under "Unreleased", stripped. Raises ``ReleaseError`` where the heading is missing."""
    _, heading, rest = (root / CHANGES).read_text().partition(UNRELEASED)
    if not heading:
        raise ReleaseError(f'{CHANGES} has no heading "Unreleased"')
    return rest.split("\n## ", 1)[0].strip()


def write_version(root: Path, version: str, day: str) -> None:
    """Write the version into both packages, and give the unreleased changes their heading."""
    for name in (PACKAGE, BROWSER_PACKAGE):
        file = root / name
        file.write_text(_VERSION.sub(rf'\g<key>"{version}"', file.read_text(), count=1))
    file = root / CHANGES
    file.write_text(file.read_text().replace(UNRELEASED, f"{UNRELEASED}\n## {version} ({day})\n", 1))


def commit(root: Path, version: str) -> None:
    """Commit the three files of a version."""
    git(root, "commit", "-q", "-m", f"Release {version}", "--", PACKAGE, BROWSER_PACKAGE, CHANGES)


def build(root: Path, version: str) -> list[Path]:
    """Build two wheels and the source archive into an empty ``dist``, with what is locked; write their SHA-256.

    One wheel is compiled here, for systems like this one. The other holds nothing compiled, for all.
    """
    dist = root / "dist"
    for old in dist.glob("*"):
        old.unlink()
    builder = environment.prepare("release", Path(sys.executable), (root / BUILD,))
    command = [builder, "-m", "hatchling", "build", "-d", dist]
    subprocess.run([*command, "-t", "sdist", "-t", "wheel"], cwd=root, check=True)
    subprocess.run([*command, "-t", "wheel"], cwd=root, env=os.environ | {"CC": "false"}, check=True)
    files = sorted(dist.glob(f"rtserver-{version}*"))
    if len(files) != 3:
        raise ReleaseError(f"{len(files)} files of {version} were built instead of 3; is there a C compiler?")
    sums = (f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files)
    (dist / "SHA256SUMS").write_text("".join(sums))
    return files


def tag(root: Path, version: str) -> None:
    """Tag the commit ``vVERSION``, annotated; git signs it where ``tag.gpgSign`` says so."""
    git(root, "tag", "-a", f"v{version}", "-m", f"rtserver {version}")


def release(root: Path, version: str) -> None:
    """Do all of it. Raises ``ReleaseError`` or ``CalledProcessError``."""
    check(root, version)
    write_version(root, version, datetime.now(UTC).date().isoformat())
    print(f"{version} is written; the gate takes about half an hour", flush=True)
    subprocess.run(["bash", ".ci/run"], cwd=root, check=True)
    commit(root, version)
    for file in build(root, version):
        print(f"built {file.relative_to(root)}")
    tag(root, version)
    print(f"tagged v{version}; what follows is in docs/releasing.md")


def main(arguments: list[str]) -> int:
    """Return the exit status."""
    if len(arguments) != 1 or not arguments[0]:
        print("make release VERSION=MAJOR.MINOR.PATCH", file=sys.stderr)
        return 2
    try:
        release(ROOT, arguments[0])
    except (ReleaseError, subprocess.CalledProcessError) as error:
        print(f"no release: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
