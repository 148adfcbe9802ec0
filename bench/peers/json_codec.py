"""rtserver's JSON: ujson writes, msgspec reads into checked shapes."""

import msgspec
import ujson
from codec_timer import VALUES, report


class All(msgspec.Struct):
    b: int
    f: bool
    s: int
    i: int
    l: int  # noqa: E741  the IDL's name
    g: float
    dbl: float
    t: str


def main() -> None:
    decoder = msgspec.json.Decoder(All)
    report(lambda: ujson.dumps(VALUES, ensure_ascii=False).encode(), decoder.decode)


if __name__ == "__main__":
    main()
