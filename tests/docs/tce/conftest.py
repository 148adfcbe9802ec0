"""Workshops: one that is compiled once for each module, as the tutorial says it."""

from pathlib import Path

import pytest

from tests.docs.document import blocks
from tests.docs.tce.workshop import TUTORIAL, Workshop


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """The examples after every line that the tutorial gives to a shell."""
    workshop = Workshop(tmp_path_factory.mktemp("checkout"))
    for line in "".join(blocks(TUTORIAL, "sh")).splitlines():
        workshop.run(line)
    return workshop


@pytest.fixture
def empty_workshop(tmp_path: Path) -> Workshop:
    """The examples as they are in the repository."""
    return Workshop(tmp_path / "checkout")
