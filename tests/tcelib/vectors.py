"""The byte vectors of tests/vectors/tce.json: what the original implementations sent, and what it means."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[1] / "vectors" / "tce.json"
WHOLE = json.loads(FILE.read_text(encoding="utf-8"))
IDL: str = WHOLE["idl"]


@dataclass(frozen=True)
class Vector:
    """One vector. ``envelopes`` and ``messages`` are the packets in it, of which most have one."""

    name: str
    data: bytes
    transport: str
    must_reproduce: bool
    quirk: str
    envelopes: tuple[dict[str, Any], ...]
    messages: tuple[dict[str, Any], ...]
    types: tuple[str, ...] | None
    values: list[Any] | None
    frames: tuple[bytes, ...] = field(default=())

    @property
    def has_envelope(self) -> bool:
        return self.transport != "mq-body"

    @property
    def is_compressed(self) -> bool:
        return any(envelope["compress"] for envelope in self.envelopes)


def _load(raw: dict[str, Any]) -> Vector:
    packets = raw.get("decoded_packets") or ([raw["decoded"]] if "decoded" in raw else [])
    is_cut = "undecoded_trailing_bytes" in raw  # the values stand for a part of the bytes only
    return Vector(
        name=raw["name"],
        data=bytes.fromhex(raw["hex"]),
        transport=raw["transport"],
        must_reproduce=raw["must_reproduce"],
        quirk=raw.get("quirk", ""),
        envelopes=tuple(packet["envelope"] for packet in packets if "envelope" in packet),
        messages=tuple(packet["rpc"] for packet in packets),
        types=tuple(raw["idl_types"]) if raw.get("idl_types") is not None else None,
        values=None if is_cut else raw.get("values"),
        frames=tuple(bytes.fromhex(frame) for frame in raw.get("ws_frames", ())),
    )


VECTORS = {raw["name"]: _load(raw) for raw in WHOLE["vectors"]}
POSITIVE = [vector for vector in VECTORS.values() if vector.messages]
REPRODUCED = [vector for vector in VECTORS.values() if vector.must_reproduce]
ODD = [vector for vector in VECTORS.values() if not vector.must_reproduce and vector.messages]
NEGATIVE = [vector for vector in VECTORS.values() if not vector.messages]
