"""rtserver carries live data from a Redis list to the logged-in users of a Django site."""

from pathlib import Path

__version__ = "0.1.0"

BROWSER_FILES = ("js/rtc", "vendor/echarts")
"""What pages of a site need of ours, by its place below the static files: the library, and what draws charts."""


def demo_site_dir() -> Path:
    """The demo's Django project: inside the installed package, or beside the package in a checkout."""
    package = Path(__file__).resolve().parent
    packaged = package / "demo_site"
    return packaged if packaged.is_dir() else package.parent / "site"


def static_dirs() -> list[tuple[str, Path]]:
    """Return the entries for a site's ``STATICFILES_DIRS``, prefixes and directories of the browser library."""
    static = demo_site_dir() / "static"
    return [(name, static / name) for name in BROWSER_FILES]
