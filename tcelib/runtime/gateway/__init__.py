"""The gateway in a gevent hub: clients, queues and services around the pure core of ``tcelib.gateway``."""
