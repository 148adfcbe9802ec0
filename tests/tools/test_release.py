"""A release in a checkout of its own: what stops one, and what it writes."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))  # they are scripts, and find one another beside themselves

import release  # noqa: E402
from release import ReleaseError  # noqa: E402

CHANGES = "# Changes\n\n## Unreleased\n\n- **News**: it works.\n\n## 0.1.0\n\nThe first.\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with one commit that has all that a release writes to."""
    for name in (release.PACKAGE, release.BROWSER_PACKAGE):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text((ROOT / name).read_text())
    (tmp_path / release.CHANGES).write_text(CHANGES)
    release.git(tmp_path, "init", "-q", "-b", "main")
    for key, value in (("user.name", "Test"), ("user.email", "test@example.org"), ("tag.gpgSign", "false")):
        release.git(tmp_path, "config", key, value)
    release.git(tmp_path, "add", "-A")
    release.git(tmp_path, "commit", "-q", "-m", "Begin")
    return tmp_path


def test_a_release_writes_the_version_into_all_three_places_commits_and_tags_it(checkout: Path) -> None:
    release.check(checkout, "98.7.6")
    release.write_version(checkout, "98.7.6", "2026-01-05")
    release.commit(checkout, "98.7.6")
    release.tag(checkout, "98.7.6")
    assert release.version_in((checkout / release.PACKAGE).read_text()) == "98.7.6"
    assert release.version_in((checkout / release.BROWSER_PACKAGE).read_text()) == "98.7.6"
    changes = (checkout / release.CHANGES).read_text()
    assert changes == CHANGES.replace("## Unreleased\n", "## Unreleased\n\n## 98.7.6 (2026-01-05)\n")
    assert release.git(checkout, "status", "--porcelain") == ""
    assert release.git(checkout, "log", "-1", "--format=%s", "v98.7.6") == "Release 98.7.6"
    with pytest.raises(ReleaseError, match=r"is not newer than 98\.7\.6"):
        release.check(checkout, "98.7.6")


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ("0.0.9", "0.0.9 is not newer than"),
        ("next", '"next" is no version'),
        ("v98.0.0", "is not written as MAJOR.MINOR.PATCH"),
        ("98.0", "is not written as MAJOR.MINOR.PATCH"),
    ],
)
def test_what_is_no_newer_version_is_not_released(checkout: Path, version: str, reason: str) -> None:
    with pytest.raises(ReleaseError, match=reason):
        release.check(checkout, version)


def test_a_checkout_with_changes_is_not_released(checkout: Path) -> None:
    (checkout / "new.txt").write_text("new")
    with pytest.raises(ReleaseError, match="changes that are not committed"):
        release.check(checkout, "98.0.0")


def test_a_tag_is_not_set_twice(checkout: Path) -> None:
    release.tag(checkout, "98.0.0")
    with pytest.raises(ReleaseError, match=r"the tag v98\.0\.0 exists"):
        release.check(checkout, "98.0.0")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (CHANGES.replace("- **News**: it works.\n", ""), "says nothing"),
        ("# Changes\n", 'has no heading "Unreleased"'),
    ],
)
def test_a_release_without_changes_to_tell_is_none(checkout: Path, text: str, reason: str) -> None:
    (checkout / release.CHANGES).write_text(text)
    release.git(checkout, "commit", "-qam", "Say nothing")
    with pytest.raises(ReleaseError, match=reason):
        release.check(checkout, "98.0.0")


def test_the_command_names_its_argument() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "release.py"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (2, "make release VERSION=MAJOR.MINOR.PATCH\n")
