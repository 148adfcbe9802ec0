"""All targets by name."""

from collections.abc import Mapping

from tests.fuzz.file_targets import FILE_TARGETS
from tests.fuzz.gateway_targets import GATEWAY_TARGETS
from tests.fuzz.message_targets import MESSAGE_TARGETS
from tests.fuzz.target import Target
from tests.fuzz.wire_targets import WIRE_TARGETS

TARGETS: Mapping[str, Target] = {
    target.name: target for target in (*WIRE_TARGETS, *MESSAGE_TARGETS, *FILE_TARGETS, *GATEWAY_TARGETS)
}
