"""The promised versions of Django, and the warning of ``check`` about any other."""

from pathlib import Path

import pytest
from packaging.requirements import Requirement

from rtserver.bootstrap.site.check_site import judge_django
from rtserver.bootstrap.site.django_range import NEWEST, OLDEST
from rtserver.bootstrap.site.finding import Severity

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(("version", "said"), [((4, 2), "4.2.30"), ((5, 2), "5.2.1"), ((6, 0), "6.0")])
def test_nothing_is_said_of_a_django_within_the_range(version: tuple[int, int], said: str) -> None:
    assert list(judge_django(version, said)) == []


@pytest.mark.parametrize(
    ("version", "said", "severity", "which"),
    [((3, 2), "3.2.25", Severity.FAIL, "older"), ((6, 1), "6.1rc1", Severity.WARN, "newer")],
)
def test_the_version_of_another_django_is_told(
    version: tuple[int, int], said: str, severity: Severity, which: str
) -> None:
    text = f"the site's Django is {said}, {which} than what rtserver is tested with: 4.2 to 6.0"
    assert list(judge_django(version, said)) == [(severity, "django", text)]


def test_the_range_is_the_one_that_pip_installs_and_the_readme_names() -> None:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    django = next(Requirement(line.partition("#")[0]) for line in lines if line.startswith("django"))
    for major, minor in (OLDEST, NEWEST):
        assert django.specifier.contains(f"{major}.{minor}.1")
    for outside in ("4.1.9", f"{NEWEST[0]}.{NEWEST[1] + 1}"):
        assert not django.specifier.contains(outside)
    promise = f"Django {OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]}"
    assert promise in (ROOT / "README.md").read_text(encoding="utf-8")
