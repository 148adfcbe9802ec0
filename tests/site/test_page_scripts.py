"""The scripts of the site's pages, tested by Node where they decide something; in a real browser by tests/e2e."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

TESTS = sorted((Path(__file__).parent / "js").glob("*.test.mjs"))
PAGES_DIR = Path(__file__).resolve().parents[2] / "site" / "static" / "js" / "pages"


@pytest.mark.javascript
def test_the_scripts_pass_their_own_tests() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.fail("node is missing: install Node 18 or newer (Debian: apt-get install nodejs)")
    english = {**os.environ, "LC_ALL": "en_US.UTF-8"}  # the numbers on the cards follow the reader's language
    result = subprocess.run(
        [node, "--test", *TESTS], env=english, capture_output=True, text=True, timeout=60, check=False
    )

    assert TESTS
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("script", sorted(PAGES_DIR.glob("*.js")), ids=lambda path: path.name)
def test_each_import_leads_to_a_file_that_exports_the_names(script: Path) -> None:
    for names, address in re.findall(r'^import \{([^}]+)\} from "([^"]+)";', script.read_text(), re.MULTILINE):
        target = (script.parent / address).resolve()
        exported = set(re.findall(r"\bexport (?:async )?(?:function|class|const) (\w+)", target.read_text()))
        exported |= {
            name.rpartition(" as ")[2].strip()
            for group in re.findall(r"\bexport ?\{([^}]+)\}", target.read_text())
            for name in group.split(",")
        }
        assert {name.strip() for name in names.split(",")} <= exported, address
