"""The browser library where a team serves it: found by Django's own finders, collected, or copied."""

from pathlib import Path

import pytest

import rtserver
from tests import fork_server
from tests.own_site import OwnSite

MANIFEST = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
SETTINGS = f"""
import rtserver
INSTALLED_APPS.append("django.contrib.staticfiles")
STATIC_URL, STATIC_ROOT = "/static/", BASE_DIR / "collected"
STATICFILES_DIRS = [*rtserver.static_dirs()]
STORAGES = {{"staticfiles": {{"BACKEND": "{MANIFEST}"}}}}
"""
WANTED = ("js/rtc/index.js", "js/rtc/rtc.bundle.js", "vendor/echarts/echarts.min.js")


def test_djangos_finders_find_the_library_by_one_line_and_collect_it_with_hashed_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(rtserver.__file__).parents[1]))
    site = OwnSite(tmp_path, SETTINGS)
    site.run("from django.core.management import call_command\ncall_command('collectstatic', '--no-input')")
    for name in WANTED:
        place = tmp_path / "collected" / name
        assert place.is_file()
        assert len(list(place.parent.glob(f"{place.stem}.*{place.suffix}"))) >= 1
    # Nothing of the demo's own pages comes along.
    assert sorted(each.name for each in (tmp_path / "collected").iterdir()) == ["js", "staticfiles.json", "vendor"]
    assert [each.name for each in (tmp_path / "collected" / "js").iterdir()] == ["rtc"]


def test_the_command_says_where_the_files_are_and_copies_them(tmp_path: Path) -> None:
    def run(*words: str) -> list[str]:
        return fork_server.run(["-m", "rtserver", "static", *words], check=True).stdout.splitlines()

    library, echarts = (Path(line) for line in run())
    assert (library / "index.js").is_file()
    assert (echarts / "echarts.min.js").is_file()
    target = tmp_path / "static"
    for _ in range(2):  # the second time renews them
        assert run(str(target)) == [str(target / "js/rtc"), str(target / "vendor/echarts")]
    assert all((target / name).is_file() for name in WANTED)
