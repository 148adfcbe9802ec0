"""A broker of AMQP 1.0 in memory, for examples and tests: ``python -m tcelib.queue.broker``. Not for production.

It keeps nothing on disk and asks nobody for a password. ``node`` decides who gets which message,
``peer`` speaks AMQP with one client, ``server`` moves the bytes.
"""
