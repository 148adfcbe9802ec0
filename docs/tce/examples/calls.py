"""Every kind of call, once."""

import tcelib as tce
from test import ITerminalGatewayServerPrx, ServerPrx

prx = ServerPrx.create(tce.RpcEndPoint(host="localhost", port=16005))

# Two-way: the call waits for its answer, as long as it is told.
print(prx.echo("hello"))
print(prx.echo("hello", timeout=5, extra={"voice": "loud"}))
print(
    prx.echo("hello", timeout=0, extra={"date": "1926-12-12"})
)  # 0 is no limit of its own: the default of 30 seconds
prx.timeout(1, 6)  # the operation takes 1 second; the call waits for at most 6
print(prx.datetime())  # an operation of the interface that Server extends

# When there is no answer in time, or when it says that something went wrong.
try:
    prx.timeout(1, 0.1)
except tce.RpcException as error:
    print(error.errcode == tce.RPCERROR_TIMEOUT, error.what())
try:
    prx.echo("")
except tce.RpcException as error:
    print(error)

# One-way: no answer, no waiting; for operations that return nothing.
prx.heartbeat_oneway("hi", extra={"from": "calls.py"})


# Asynchronous: the call returns a promise at once, and the answer calls back.
def answered(result: str, proxy: ServerPrx, cookie: object) -> None:
    print("answered:", result, cookie)


def failed(error: tce.RpcException, proxy: ServerPrx, cookie: object) -> None:
    print("failed:", error.errcode, cookie)


good = prx.echo_async("pingpang", answered, cookie="c", extra={"voice": "loud"})
print(good.get(timeout=5))  # the promise gives the same answer to whoever waits for it

bad = prx.echo_async("", answered, cookie="d", error=failed)
try:
    bad.get()
except tce.RpcException as error:
    print(error.what())

# Another interface of the same server, over the same connection.
ITerminalGatewayServerPrx.createWithProxy(prx).ping()
