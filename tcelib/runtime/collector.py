"""The collector of cycles, for programs that move very many small objects that soon go by themselves."""

import gc

YOUNG_OBJECTS = 20_000
"""New objects that the collector lets come before it looks at them. A burst of messages makes thousands. By the
interpreter's own rule a tenth of a server's processor time, and a fifth of a gateway's, goes into looking at them.
"""


def rest_collector() -> None:
    """Let the collector look seldom, and never again at what exists now. For a whole process, when it is built."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)
