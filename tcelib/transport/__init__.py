"""Shells that move bytes between a socket, or a queue, and an ``RpcConnection``; none of them knows what a call is.

asyncio_tcp, asyncio_websocket    listen() and dial() for an asyncio loop (imports no gevent)
gevent_tcp, gevent_websocket      the same for a gevent hub, without monkey patching
loop, hub                         their parts; a queue on Redis lists is hub/queue_link
"""
