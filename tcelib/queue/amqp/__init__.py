"""Queues and topics at a broker that speaks AMQP 1.0 (``type_='qpid'``).

``engine``, ``link`` and ``codec`` are pure: bytes, events and moments in, bytes and messages out. They rest on the
engine of python-qpid-proton, without its reactor. ``connection`` is the one door between threads or greenlets,
``waiting`` their two ways to wait, ``node`` a queue or topic as a program has it, ``amqp_queue`` and
``amqp_bare_queue`` the two kinds of queues. Only ``open`` is for others: it says what to install where the
package is missing.
"""
