"""Scripts for Redis: their text, and the digest by which Redis knows them."""

import re
from functools import cache
from hashlib import sha1
from importlib.resources import files

_COMMENTS = re.compile(r"^[ ]*--.*\n|^[ ]*\n|^[ ]+", re.MULTILINE)


@cache
def load_script(package: str, *names: str) -> str:
    """Return the script that these files in the folder ``lua`` of ``package`` make together, without comments.

    Redis gets the text once. A short one is quick to send and to parse.
    """
    texts = ((files(package) / "lua" / name).read_text(encoding="utf-8") for name in names)
    return _COMMENTS.sub("", "".join(texts))


@cache
def digest_of(script: str) -> str:
    """Return the digest that EVALSHA takes."""
    return sha1(script.encode(), usedforsecurity=False).hexdigest()
