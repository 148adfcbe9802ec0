"""thriftpy2's codec: binary, in Cython."""

from pathlib import Path

import thriftpy2
from codec_timer import VALUES, report
from thriftpy2.protocol import TCyBinaryProtocolFactory
from thriftpy2.utils import deserialize, serialize


def main() -> None:
    calls = thriftpy2.load(str(Path(__file__).with_name("calls.thrift")), module_name="calls_thrift")
    factory = TCyBinaryProtocolFactory()
    struct = calls.All(**VALUES)
    report(lambda: serialize(struct, factory), lambda data: deserialize(calls.All(), data, factory))


if __name__ == "__main__":
    main()
