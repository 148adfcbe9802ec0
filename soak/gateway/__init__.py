"""Calls of hundreds of clients through real gateways, queues and services, all of which are broken meanwhile.

    python -m soak.gateway --help

Pure, and tested without a process: ``mark`` (what a call carries), ``account`` (the verdict), ``layout`` (the files
of the programs), ``report`` (what is told). Shells: ``client``, ``queue_server``, ``program`` and its ``service``.
``fault`` breaks things, ``stage`` builds everything, ``run`` is the sequence. Proxies, processes, plans and notes are
those of ``soak.chaos``.

What is promised, and so judged:

- A two-way call is answered, or fails, within its deadline and a second. A client whose connection hangs cannot know;
  its call fails by its own deadline then.
- An answer is that of the call: it repeats the call's mark, which no other call has. No call has two answers.
- A call that is not idempotent runs at most once. Services note each call before they run it.
- A call that is answered has run.
- A push that a service has put on a queue arrives, once, at the client that is there, and at no other one.
- After each fault every client's calls are answered again, and nobody has started anything but what was killed.
"""
