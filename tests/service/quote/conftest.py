"""Work that is charged to nobody is done at once, unless a test asks for slices: no test depends on a clock."""

import pytest

from rtserver.service.quote import turns


@pytest.fixture(autouse=True)
def _slices_have_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "SLICE_SECONDS", float("inf"))


@pytest.fixture
def short_slices(_slices_have_no_end: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make each step a slice."""
    monkeypatch.setattr(turns, "SLICE_SECONDS", 0.0)
