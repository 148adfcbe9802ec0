"""Limits of a gateway's doors, as properties of its server: ``limit.connections``, ``limit.calls``, ..."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from tcelib.gateway.config.finding import Findings, Place, quoted
from tcelib.gateway.config.text_value import TextValues
from tcelib.limit.door_limits import DoorLimits

PREFIX = "limit."
LARGEST = 9_999_999_999
LONGEST_SECONDS = 86_400
LEAST_BYTES = 1_024
SECONDS = "_seconds"
DEFAULTS = DoorLimits()
NAMES = tuple(field.name for field in fields(DoorLimits))


def limits_of(properties: Mapping[str, str], place: Place, findings: Findings) -> DoorLimits:
    """Return the limits; the default counts in the place of each that is wrong or not there."""
    values = TextValues(findings)
    found: dict[str, Any] = {}
    for key, text in properties.items():
        name = key.removeprefix(PREFIX)
        what = f"property {key}"
        if not key.startswith(PREFIX):
            continue
        if name not in NAMES:
            findings.warn(place, f"property {quoted(key)}: no such limit; there are {', '.join(NAMES)}")
        elif name.endswith(SECONDS):
            found[name] = values.seconds(text, what, place, LONGEST_SECONDS, getattr(DEFAULTS, name))
        else:
            found[name] = values.whole(text, what, place, LARGEST, getattr(DEFAULTS, name))
    limits = DoorLimits(**found)
    if limits.packet_bytes < LEAST_BYTES:
        findings.error(place, f"property {PREFIX}packet_bytes is {LEAST_BYTES} or more, not {limits.packet_bytes}")
    if limits.unsent_bytes < limits.packet_bytes:
        text = f"property {PREFIX}unsent_bytes is {limits.unsent_bytes}: no message of {limits.packet_bytes} bytes"
        findings.error(place, f"{text} (packet_bytes) could be sent")
    return limits
