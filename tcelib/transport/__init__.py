"""Shells that move bytes between a socket, or a queue, and an ``RpcConnection``; none of them knows what a call is.

asyncio_tcp, asyncio_websocket    listen() and dial() for an asyncio loop (imports no gevent)
gevent_tcp, gevent_websocket      the same for a gevent hub, without monkey patching
loop, hub                         their parts; queues are hub/queue_link, their kinds hub/queue_kind
"""
