"""The site's secret key, made once per installation and kept beside its database.

It signs what people's browsers bring back, so it is never in the repository and no other account may read it.
"""

import os
import secrets
import tempfile
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

KEY_BYTES = 64


def read_or_make_secret_key(path: Path) -> str:
    """The key in ``path``, made there if there is none. Any number of processes may ask at once: all get the same.

    Raises ``ImproperlyConfigured`` if the file is there and empty, ``OSError`` if it cannot be read or written.
    """
    if not path.exists():
        _make_secret_key(path)
    return read_secret_key(path)


def read_secret_key(path: Path) -> str:
    """The key in ``path``, which has to be there. Raises as ``read_or_make_secret_key``."""
    key = path.read_text(encoding="ascii").strip()
    if not key:
        raise ImproperlyConfigured(
            f"{path} holds no key; remove the file, and a new one is made (people log in again)"
        )
    return key


def _make_secret_key(path: Path) -> None:
    """Write the key elsewhere and link it into place: nobody sees half a key, and whoever comes second loses."""
    # The database with its password hashes lies here too, and SQLite makes it readable to all.
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".secret_key.")  # mkstemp: O_EXCL, mode 0600
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(KEY_BYTES))
        os.link(draft, path)
    except FileExistsError:
        pass  # another process was first; its key is the one
    finally:
        os.unlink(draft)
