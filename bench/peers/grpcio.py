"""grpcio's asyncio server, which is quicker than its server of threads.

With ``--codec`` the time of its codec: Protocol Buffers, in C.
"""

import asyncio
import sys

import grpc
from codec_timer import VALUES, report
from work import port_argument

messages, services = grpc.protos_and_services("calls.proto")  # found beside this file


class Calls(services.CallsServicer):
    async def Echo(self, request: "messages.Text", _context: object) -> "messages.Text":  # noqa: N802
        return messages.Text(text=request.text)


async def serve() -> None:
    server = grpc.aio.server()
    services.add_CallsServicer_to_server(Calls(), server)
    server.add_insecure_port(f"127.0.0.1:{port_argument()}")
    await server.start()
    await server.wait_for_termination()


def time_codec() -> None:
    report(messages.All(**VALUES).SerializeToString, messages.All.FromString)


if __name__ == "__main__":
    time_codec() if "--codec" in sys.argv else asyncio.run(serve())
