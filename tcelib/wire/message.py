"""RPC messages (TCE protocol, sections 2 and 4): the fields behind the envelope, and the map of extra values.

``HEADER`` is envelope and message header in one, because they are read and written together for every call. In it,
``route`` is the interface's index and the operation's index as one number: the key that servants are found by.
"""

from collections.abc import Mapping
from struct import Struct
from typing import NamedTuple, Self, TypeAlias

from tcelib.error import DecodeError
from tcelib.wire.text import decode_text, encode_text

CALL = 0x01
RETURN = 0x02
TWOWAY = 0x10
ONEWAY = 0x20
ASYNC = 0x40

MAGIC = 0xEFD2BB99
RPC = 1  # the message's type; no receiver looks at it
ENVELOPE_BYTES = 14
MESSAGE_BYTES = 21
HEADER_BYTES = ENVELOPE_BYTES + MESSAGE_BYTES

HEADER = Struct(">IIBxIBIBIIBHI")
"""The fields of ``Header``; the byte that is skipped is the envelope's encryption, which nobody uses."""

USER_ID = "__user_id__"
TOKEN = "__token__"
DEVICE_ID = "__device_id__"
MQ_RETURN = "__mq_return__"
LINGER_TIME = "__linger_time__"  # seconds since 1970, after which a message on a queue is not taken any more

MOST_EXTRA = 1_000

Extra: TypeAlias = Mapping[str, object]
"""Values that travel beside the parameters; what is not text is sent as ``str`` makes it. ASCII is safest."""

_LENGTH = Struct(">I")
_NO_ENVELOPE = bytes(ENVELOPE_BYTES)
_LEAST_PAIR_BYTES = 8


Packet: TypeAlias = tuple[tuple[int, ...], bytes]
"""A message as it came: the twelve fields of ``HEADER``, and the bytes behind them.

A plain tuple, because a call costs 8 % more with any class in its place. Code that runs for every call takes the
fields by the numbers below; ``Header`` serves the rest.
"""
SEQUENCE, CALLTYPE, ROUTE, CALL_ID, EXTRA_COUNT = 5, 6, 7, 10, 11


class Header(NamedTuple):
    """The fields of a packet by name."""

    magic: int
    size: int
    compression: int
    version: int
    type: int
    sequence: int
    calltype: int
    route: int
    errcode: int
    paramsize: int
    call_id: int
    extra_count: int

    @classmethod
    def of(cls, packet: Packet) -> Self:
        """Return the fields of ``packet``."""
        return cls._make(packet[0])


class RpcExtraData:
    """The extra values of a received message: ``props`` maps names to text."""

    __slots__ = ("props",)

    def __init__(self, props: dict[str, str] | None = None) -> None:
        self.props = {} if props is None else props

    def getValue(self, name: str, dft: str | None = None) -> str | None:  # noqa: N802  the name that TCE's users know
        """The value of a name, or ``dft``."""
        return self.props.get(name, dft)

    def __repr__(self) -> str:
        return f"RpcExtraData({self.props!r})"


class RpcMessage:
    """A message with all its fields by name, as servants see it in ``ctx.msg`` and listeners in ``onDataPacket``."""

    __slots__ = (
        "call_id",
        "calltype",
        "errcode",
        "extra",
        "ifidx",
        "opidx",
        "paramsize",
        "paramstream",
        "sequence",
        "user_id",
    )

    def __init__(
        self,
        calltype: int = CALL,
        sequence: int = 0,
        ifidx: int = 0,
        opidx: int = 0,
        *,
        errcode: int = 0,
        paramsize: int = 0,
        call_id: int = 0,
        extra: RpcExtraData | None = None,
        paramstream: bytes = b"",
    ) -> None:
        self.calltype = calltype
        self.sequence = sequence
        self.ifidx = ifidx
        self.opidx = opidx
        self.errcode = errcode
        self.paramsize = paramsize
        self.call_id = call_id
        self.extra = RpcExtraData() if extra is None else extra
        self.paramstream = paramstream
        self.user_id = self.extra.props.get(USER_ID, "0")

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)
        return f"RpcMessage({fields})"

    @classmethod
    def of(cls, packet: Packet) -> "RpcMessage":
        """The message that a packet carries. Raises ``DecodeError`` for extra values that are cut."""
        (*_, sequence, calltype, route, errcode, paramsize, call_id, count), rest = packet
        props, params = split_extra(count, rest)
        return cls(
            calltype,
            sequence,
            route >> 16,
            route & 0xFFFF,
            errcode=errcode,
            paramsize=paramsize,
            call_id=call_id,
            extra=RpcExtraData(props),
            paramstream=params,
        )

    @classmethod
    def parse(cls, body: bytes) -> "RpcMessage":
        """The message in ``body``, a packet without its envelope. Raises ``DecodeError``."""
        return cls.of(parse_body(body))

    def pack(self) -> bytes:
        """The body that says the same."""
        return build_body(
            self.sequence,
            self.calltype,
            self.ifidx << 16 | self.opidx,
            errcode=self.errcode,
            paramsize=self.paramsize,
            call_id=self.call_id,
            extra=self.extra.props,
            params=self.paramstream,
        )


def parse_body(body: bytes) -> Packet:
    """The fields of a message that came without an envelope. Raises ``DecodeError`` if it is cut."""
    if len(body) < MESSAGE_BYTES:
        raise DecodeError(f"a message of {len(body)} bytes has no room for its header")
    return HEADER.unpack_from(_NO_ENVELOPE + body), body[MESSAGE_BYTES:]


def build_body(
    sequence: int,
    calltype: int,
    route: int,
    *,
    errcode: int = 0,
    paramsize: int = 0,
    call_id: int = 0,
    extra: Extra | None = None,
    params: bytes = b"",
) -> bytes:
    """A message without its envelope. Raises ``struct.error`` for numbers that do not fit their field."""
    count = len(extra) if extra else 0
    header = HEADER.pack(0, 0, 0, 0, RPC, sequence, calltype, route, errcode, paramsize, call_id, count)
    return b"".join((header[ENVELOPE_BYTES:], write_extra(extra) if extra else b"", params))


def split_extra(count: int, rest: bytes) -> tuple[dict[str, str], bytes]:
    """The extra values at the front of ``rest``, and the parameters behind them. Raises ``DecodeError``.

    Of equal names the last one counts. The lengths count bytes, whatever characters are in them. More than
    ``MOST_EXTRA`` are not decoded: 65,535 of them would take 60 ms.
    """
    if count > MOST_EXTRA:
        raise DecodeError(f"{count} extra values, at most {MOST_EXTRA} are taken")
    if count * _LEAST_PAIR_BYTES > len(rest):
        raise DecodeError(f"{count} extra values are announced, {len(rest)} bytes are left")
    props = {}
    at = 0
    for _ in range(count):
        name, at = _read_text(rest, at)
        props[name], at = _read_text(rest, at)
    return props, rest[at:]


def props_of(packet: Packet) -> dict[str, str]:
    """Return the extra values of a packet; none if they cannot be read."""
    try:
        return split_extra(Header.of(packet).extra_count, packet[1])[0]
    except DecodeError:
        return {}


def write_extra(extra: Extra) -> bytes:
    """Names and values, each behind its length."""
    written: list[bytes] = []
    for name, value in extra.items():
        for text in (name, value):
            raw = encode_text(text if isinstance(text, str) else str(text))
            written += (_LENGTH.pack(len(raw)), raw)
    return b"".join(written)


def _read_text(data: bytes, at: int) -> tuple[str, int]:
    start = at + 4
    if start > len(data):
        raise DecodeError("the extra values are cut")
    end = start + _LENGTH.unpack_from(data, at)[0]
    if end > len(data):
        raise DecodeError("the extra values are cut")
    return decode_text(data[start:end]), end
