"""Makes the bill of materials (CycloneDX) of what is shipped, and of what it is developed with.

Run by ``make sbom`` with the folder to write into. cyclonedx-py reads the lock files; what no lock of Python's holds
is added here: ECharts, which is vendored, and npm's packages. A bill that lacks something that is locked, or is not
valid, is an error, exit status 1.
"""

import base64
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lock_file import LOCKS, Locked, canonical, read_lock

ROOT = Path(__file__).resolve().parent.parent
ECHARTS = "site/static/vendor/echarts"
SPEC_VERSION = "1.6"

Component = dict[str, Any]


def product(version: str) -> Component:
    """Return the component that the bill is of."""
    return {
        "type": "application",
        "bom-ref": "rtserver",
        "name": "rtserver",
        "version": version,
        "licenses": [{"license": {"id": "MIT"}}],
        "purl": f"pkg:pypi/rtserver@{version}",
    }


def vendored(readme: str, script: bytes) -> Component:
    """ECharts, as the demo site serves it."""
    found = re.match(r"# Apache ECharts (\S+)", readme)
    if found is None:
        raise ValueError("the README of the vendored ECharts does not begin with its version")
    return {
        "type": "library",
        "bom-ref": f"vendored-echarts-{found[1]}",
        "name": "echarts",
        "version": found[1],
        "licenses": [{"license": {"id": "Apache-2.0"}}, {"license": {"id": "BSD-3-Clause"}}],
        "purl": f"pkg:npm/echarts@{found[1]}",
        "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(script).hexdigest()}],
    }


def npm_components(lock: Mapping[str, Any]) -> Iterator[Component]:
    """The packages of a package-lock.json, with its hashes."""
    for path, row in sorted(lock["packages"].items()):
        if not path:
            continue
        name = path.rpartition("node_modules/")[2]
        algorithm, _, digest = row["integrity"].partition("-")
        yield {
            "type": "library",
            "bom-ref": f"npm-{name}-{row['version']}",
            "name": name,
            "version": row["version"],
            "purl": f"pkg:npm/{name.replace('@', '%40')}@{row['version']}",
            "hashes": [{"alg": algorithm.upper().replace("SHA", "SHA-"), "content": base64.b64decode(digest).hex()}],
        }


def complete(bill: dict[str, Any], version: str, more: Iterable[Component]) -> dict[str, Any]:
    """The bill with its product and with what no lock of Python's holds."""
    metadata = {**bill.get("metadata", {}), "component": product(version)}
    return {**bill, "metadata": metadata, "components": [*bill.get("components", []), *more]}


def missing(bill: Mapping[str, Any], locked: Sequence[Locked]) -> list[str]:
    """Return the locked packages that are not in the bill."""
    there = {(canonical(each["name"]), each.get("version")) for each in bill["components"]}
    return [f"{each.name} {each.version}" for each in locked if (each.name, each.version) not in there]


def _bill_of(lock: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "cyclonedx_py", "requirements", str(lock), "--output-format", "JSON"]
    command += ["--spec-version", SPEC_VERSION, "--output-reproducible"]
    bill: dict[str, Any] = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    return bill


def _complaints(text: str) -> Iterator[str]:
    """Yield the objections of CycloneDX's schema to a bill."""
    from cyclonedx.schema import SchemaVersion  # only ``make sbom`` has it
    from cyclonedx.validation.json import JsonStrictValidator

    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if error is not None:
        yield f"the bill is not valid: {error}"


def _version() -> str:
    found = re.search(r'^__version__ = "([^"]+)"', (ROOT / "rtserver/__init__.py").read_text(), re.MULTILINE)
    assert found is not None
    return found[1]


def main(directory: Path) -> int:
    """Write a bill for each lock: the first is of what is shipped, the others of what it is made with."""
    directory.mkdir(parents=True, exist_ok=True)
    echarts = vendored((ROOT / ECHARTS / "README.md").read_text(), (ROOT / ECHARTS / "echarts.min.js").read_bytes())
    npm = list(npm_components(json.loads((ROOT / "package-lock.json").read_text())))
    more = {"requirements.lock": [echarts], "requirements-dev.lock": [echarts, *npm]}
    lacks = []
    for name in LOCKS:
        locked = read_lock((ROOT / name).read_text())
        bill = complete(_bill_of(ROOT / name), _version(), more.get(name, []))
        lacks += [f"{name}: {line} is not in its bill" for line in missing(bill, locked)]
        path = directory / f"rtserver{name.removeprefix('requirements').removesuffix('.lock')}.cdx.json"
        text = json.dumps(bill, indent=2)
        lacks += [f"{name}: {complaint}" for complaint in _complaints(text)]
        path.write_text(f"{text}\n")
        sys.stdout.write(f"{path}: {len(bill['components'])} components\n")
    for line in lacks:
        sys.stderr.write(f"{line}\n")
    return 1 if lacks else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
