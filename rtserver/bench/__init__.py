"""The load tool: connections, messages and latencies of a deployment, measured from outside.

It meets a server as clients and producers do, and knows nothing of it but the wire and the queue.
"""
