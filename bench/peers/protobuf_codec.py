"""gRPC's codec: Protocol Buffers, in C."""

import grpc
from codec_timer import VALUES, report

messages = grpc.protos("calls.proto")  # found beside this file


def main() -> None:
    report(messages.All(**VALUES).SerializeToString, messages.All.FromString)


if __name__ == "__main__":
    main()
