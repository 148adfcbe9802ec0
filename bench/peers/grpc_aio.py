"""grpcio's asyncio server, which is quicker than its server of threads."""

import asyncio

import grpc
from work import port_argument

messages, services = grpc.protos_and_services("calls.proto")  # found beside this file


class Calls(services.CallsServicer):
    async def Echo(self, request: "messages.Text", _context: object) -> "messages.Text":  # noqa: N802
        return messages.Text(text=request.text)


async def main() -> None:
    server = grpc.aio.server()
    services.add_CallsServicer_to_server(Calls(), server)
    server.add_insecure_port(f"127.0.0.1:{port_argument()}")
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(main())
