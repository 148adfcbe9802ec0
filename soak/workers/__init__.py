"""Several workers under one supervisor and thousands of clients: one worker is killed, or all are renewed.

    python -m soak.workers kill
    python -m soak.workers renew
    python -m soak.workers --help

Each client is a user of its own at an address of its own (127.1.x.y). It follows a quote, gets messages of its own,
and comes back as browsers do: after up to half a second, with the offset of its last message. All messages are
numbered, and the ledger of ``soak.chaos`` counts what is lost, doubled or out of order.

Pure: ``guest`` (a client between its wire and its books), ``report`` (the verdict). Shells: ``crowd`` (all clients on
one epoll), ``source`` (the producer, a process), ``server`` (the supervisor, looked at from outside); ``play`` is the
sequence.
"""
