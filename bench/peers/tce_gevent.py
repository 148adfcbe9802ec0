"""TCE over TCP in a gevent hub: what ``RpcCommunicator`` gives a program of its own."""

from tce_calls import adapter
from work import port_argument

import tcelib as tce
from tcelib.transport.gevent_tcp import listen


def main() -> None:
    listen(adapter(), "127.0.0.1", port_argument())
    tce.waitForShutdown()


if __name__ == "__main__":
    main()
