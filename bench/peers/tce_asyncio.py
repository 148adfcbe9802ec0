"""TCE over TCP in an asyncio loop."""

import asyncio

from tce_calls import adapter
from work import port_argument

from tcelib.transport.asyncio_tcp import listen


async def main() -> None:
    await listen(adapter(), "127.0.0.1", port_argument())
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
