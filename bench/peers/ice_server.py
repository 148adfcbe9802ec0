"""ZeroC Ice, whose server threads are C++ and whose servant is Python."""

import sys
from pathlib import Path

import Ice
from work import port_argument

Ice.loadSlice(str(Path(__file__).with_name("calls.ice")))
import rpc  # noqa: E402  it is made by the line before


class Calls(rpc.Calls):
    def echo(self, text: str, _current: object = None) -> str:
        return text


def main() -> None:
    with Ice.initialize(sys.argv) as communicator:
        endpoint = f"tcp -h 127.0.0.1 -p {port_argument()}"
        adapter = communicator.createObjectAdapterWithEndpoints("calls", endpoint)
        adapter.add(Calls(), communicator.stringToIdentity("calls"))
        adapter.activate()
        communicator.waitForShutdown()


if __name__ == "__main__":
    main()
