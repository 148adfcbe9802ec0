"""Proof by killing: numbered messages through real servers whose Redis, sockets and processes are broken meanwhile.

    make chaos
    python -m soak.chaos --help

Pure, and tested without a process: ``ledger`` and ``track`` (the verdict), ``chart_copy`` and ``follower`` (what a
careful client does), ``numbered`` (what producers say), ``plan`` (which fault when), ``table`` and ``whereabouts``
(what is told). Shells: ``proxy``, ``redis_node`` or ``sentinel_group``, ``server`` and its ``workers`` over
``child``, ``producer``, ``page``, ``notes``; ``handlers`` run inside the servers. ``fault`` breaks things,
``audience`` and ``stage`` build everything, ``run`` is the sequence.

What is promised, and so judged:

- A pushed message comes to every page of its user once and in order, over all connections of the page. To a page that
  is opened later it comes if no page has said that it has seen it.
- A handler of ``every`` gets each message in each worker, in order; after a kill again what it had in the seconds
  before, and beside a successor on its port both get it.
- A handler of ``once`` gets each message in one worker; after a kill again at most the one that it had in hand.
- A chart shows the newest rows of its quote, each once and in order, whatever it went through.

A failover takes what no replica had. After one, a message that Redis cannot give any more to who waits for it is told
as lost by Redis. One that comes again is told as well, if it has one entry on the bus, because Redis had forgotten
the first, or if it is work of ``once`` whose acknowledgement was lost. All else is judged as ever.
"""
