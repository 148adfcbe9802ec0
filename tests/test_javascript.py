"""The browser library from Python's side: its tests, its types, and the files in it that are made from others.

What is needed and not there fails these tests by name; nothing is skipped.
"""

import json
import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from rtserver.base.wire.close_code import as_javascript

ROOT = Path(__file__).parent.parent
LIBRARY = ROOT / "site/static/js/rtc"
TOOLS = ROOT / "node_modules/.bin"
OLDEST_NODE = 18
DEADLINE_S = 240

pytestmark = pytest.mark.javascript


def test_the_library_passes_its_own_tests() -> None:
    run(find_node(), "tests/js/all.mjs")


def test_the_bundles_are_made_of_the_modules_as_they_are(tmp_path: Path) -> None:
    for command in json.loads((ROOT / "package.json").read_text())["scripts"]["bundle"].split(" && "):
        tool, *arguments = shlex.split(command)
        *kept, outfile = arguments
        name = Path(outfile.removeprefix("--outfile=")).name
        made = tmp_path / name
        run(find_tool(tool), *kept, f"--outfile={made}")
        assert made.read_text() == (LIBRARY / name).read_text(), f"{name} is not up to date: run `npm run bundle`"


def test_the_declarations_are_made_of_the_modules_as_they_are(tmp_path: Path) -> None:
    committed = {path.name: path.read_text() for path in (LIBRARY / "index.d.ts", LIBRARY / "tce.d.ts")}
    place = tmp_path / "project"
    shutil.copytree(LIBRARY, place / "site/static/js/rtc")
    shutil.copytree(ROOT / "tools", place / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "tsconfig.json", place)
    (place / "node_modules").symlink_to(ROOT / "node_modules")
    for command in json.loads((ROOT / "package.json").read_text())["scripts"]["types"].split(" && "):
        tool, *arguments = shlex.split(command)
        run(find_tool(tool), *arguments, cwd=place)
    for name, text in committed.items():
        made = (place / "site/static/js/rtc" / name).read_text()
        assert made == text, f"{name} is not up to date: run `npm run types`"


def test_the_close_codes_are_those_of_the_server() -> None:
    assert (LIBRARY / "codes.js").read_text() == as_javascript(), "codes.js is not up to date: run `make codes`"


def test_the_page_can_load_each_module_by_the_names_in_its_imports() -> None:
    for module in LIBRARY.glob("*.js"):
        for line in module.read_text().splitlines():
            if line.startswith(("import ", "export ")) and " from " in line:
                name = line.rsplit(" from ", 1)[1].strip('";')
                assert (LIBRARY / name).is_file(), f"{module.name} imports {name}"


def find_node() -> str:
    """The path of a Node that is new enough; fails the test with the name of what is missing."""
    node = shutil.which("node")
    if node is None:
        pytest.fail("node is missing: install Node 18 or newer (Debian: apt-get install nodejs npm)")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.lstrip("v").split(".")[0]) < OLDEST_NODE:
        pytest.fail(f"node is {version}: version {OLDEST_NODE} or newer is needed")
    return node


def find_tool(name: str) -> str:
    """The path of a development tool of package.json; fails the test where it is not installed."""
    find_node()
    if not (TOOLS / name).exists():
        pytest.fail(f"{name} is missing: run `npm install --no-package-lock` in {ROOT}")
    return str(TOOLS / name)


def run(*command: str, cwd: Path = ROOT) -> None:
    """Run ``command`` in ``cwd``, by default the project's root; fail with all it said where it does not succeed."""
    environment = {key: value for key, value in os.environ.items() if key != "NODE_OPTIONS"}
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=DEADLINE_S, check=False
    )
    if done.returncode != 0:
        pytest.fail(f"{shlex.join(command)}\n{done.stdout}\n{done.stderr}", pytrace=False)
