"""Proof by killing: numbered messages through real servers whose Redis, sockets and processes are broken meanwhile.

    make chaos
    python -m bench.chaos --help

Pure, and tested without a process: ``ledger`` and ``track`` (the verdict), ``chart_copy`` and ``follower`` (what a
careful client does), ``numbered`` (what producers say), ``plan`` (which fault when), ``table`` and ``whereabouts``
(what is told). Shells: ``proxy``, ``redis_node``, ``worker``, ``producer``, ``page``, ``notes``. ``fault`` breaks
things, ``stage`` builds everything, ``run`` is the sequence.
"""
