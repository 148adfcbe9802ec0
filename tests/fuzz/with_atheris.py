"""The same targets under atheris, libFuzzer for Python, which also sees what the code compares its input with.

    pip install atheris
    python -m tests.fuzz.with_atheris head -max_total_time=600

Optional: nothing else needs it. What stands behind the target's name are options of libFuzzer; a finding ends the run
with its traceback, and its bytes are in a file named ``crash-…``, which ``python -m tests.fuzz --replay`` reads.
"""

import logging
import sys
import tempfile
from pathlib import Path

import atheris


def main() -> None:
    """See the module."""
    with atheris.instrument_imports(include=["rtserver", "tcelib"]):
        from tests.fuzz.table import TARGETS  # what is to be watched has to be imported here
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(f"name a target: {', '.join(TARGETS)}")
    target = TARGETS[sys.argv.pop(1)]
    logging.getLogger("rtserver").propagate = False
    logging.getLogger("rtserver").addHandler(logging.NullHandler())
    with tempfile.TemporaryDirectory() as directory:
        corpus = Path(directory) / "corpus"
        corpus.mkdir()
        for number, seed in enumerate(target.seeds):
            (corpus / str(number)).write_bytes(seed)
        try_one = target.make(Path(directory))
        limits = [f"-max_len={target.max_bytes}", "-timeout=10", "-rss_limit_mb=1024"]
        atheris.Setup([sys.argv[0], *limits, *sys.argv[1:], str(corpus)], try_one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
