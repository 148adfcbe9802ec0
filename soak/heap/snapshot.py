"""A heap snapshot of Chromium's, added up by the kinds of its nodes. Pure.

The format is V8's: ``snapshot.meta`` names the fields of a node and the kinds, ``nodes`` has the fields of one node
after the other.
"""

import json
from collections import Counter

CODE = frozenset({"code", "object shape", "hidden"})
"""Compiled code, what V8 has learnt about it, shapes of objects: they come and go as V8 sees fit."""
BROWSER = frozenset({"native"})


def sizes(text: str) -> tuple[int, int, int]:
    """Bytes of the page's objects, arrays and strings; of V8's code; of the browser's objects.

    Raises ValueError or KeyError for what is no snapshot.
    """
    document = json.loads(text)
    meta, nodes = document["snapshot"]["meta"], document["nodes"]
    fields, kinds = meta["node_fields"], meta["node_types"][0]
    found: Counter[str] = Counter()
    step = len(fields)
    pairs = zip(nodes[fields.index("type") :: step], nodes[fields.index("self_size") :: step], strict=True)
    for kind, size in pairs:
        found[kinds[kind]] += size
    code, browser = (sum(found[kind] for kind in group) for group in (CODE, BROWSER))
    return found.total() - code - browser, code, browser
