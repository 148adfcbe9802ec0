"""Reader of config.yml, the queues of services and of clients over queues (TCE protocol, section 6.3).

common_defs:
  endpoints: [{name, type, host, port, address}]   see ``endpoint_form``
NAME:                                              of a program: ``RpcCommunicator.init(NAME)``
  endpoints: [{name, af_mode}]                     AF_WRITE writes, anything else reads
  endpoint_pairs: [{call, return}]                 answers of calls that are written to one come back on the other
"""

from collections.abc import Mapping
from types import MappingProxyType

from tcelib.gateway.config import endpoint_form
from tcelib.gateway.config.endpoint_form import EndPointForm
from tcelib.gateway.config.finding import Findings, Reading, quoted
from tcelib.gateway.config.model import QueueFile, Section
from tcelib.gateway.config.yaml_node import Item, read_yaml

COMMON, ENDPOINTS, PAIRS = "common_defs", "endpoints", "endpoint_pairs"
MODES = {"AF_READ": False, "AF_WRITE": True}
NOTHING = QueueFile(MappingProxyType({}), MappingProxyType({}))


def read_queue_file(data: bytes) -> Reading[QueueFile]:
    """Return the configuration in ``data``, and all that is wrong with it. Raises nothing."""
    findings = Findings()
    root = read_yaml(data, findings)
    return findings.reading(_QueueForm(findings).read(root) if root is not None else NOTHING)


class _QueueForm:
    """Reads one file."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._endpoints = EndPointForm(findings)

    def read(self, root: Item) -> QueueFile:
        """Return the content of a file, without what is wrong with it."""
        parts = root.mapping("the file", self._findings)
        common = parts.pop(COMMON, None)
        if common is None:
            self._findings.error(root.place, f"there is no {COMMON}")
        else:
            self._read_common(common)
        sections = {name: self._section(name, item) for name, item in parts.items()}
        return QueueFile(MappingProxyType(self._endpoints.endpoints), MappingProxyType(sections))

    def _read_common(self, common: Item) -> None:
        parts = common.mapping(COMMON, self._findings)
        self._refuse_others(parts, (ENDPOINTS,), COMMON)
        if ENDPOINTS not in parts:
            self._findings.error(common.place, f"{COMMON} has no {ENDPOINTS}")
            return
        for item in parts[ENDPOINTS].sequence(f"{COMMON}.{ENDPOINTS}", self._findings):
            fields = self._fields(item, "an endpoint", endpoint_form.REQUIRED, endpoint_form.OPTIONAL)
            self._endpoints.add(fields, item.place)

    def _section(self, name: str, item: Item) -> Section:
        parts = item.mapping(name, self._findings)
        self._refuse_others(parts, (ENDPOINTS, PAIRS), name)
        if ENDPOINTS not in parts:
            self._findings.warn(
                item.place, f"{quoted(name)} has no {ENDPOINTS}: a program of this name reads nothing"
            )
        uses: dict[str, bool] = {}
        for each in parts[ENDPOINTS].sequence(f"{name}.{ENDPOINTS}", self._findings) if ENDPOINTS in parts else ():
            self._add_use(each, uses)
        pairs: dict[str, str] = {}
        for each in parts[PAIRS].sequence(f"{name}.{PAIRS}", self._findings) if PAIRS in parts else ():
            self._add_pair(each, uses, pairs)
        reads, writes = (tuple(key for key, is_written in uses.items() if is_written is way) for way in (False, True))
        return Section(name, reads, writes, MappingProxyType(pairs))

    def _add_use(self, item: Item, uses: dict[str, bool]) -> None:
        fields = self._fields(item, "an endpoint of a program", ("name",), ("af_mode",))
        name, mode = fields["name"], fields["af_mode"]
        self._endpoints.refer_queue(name, item.place, "name")
        if mode.upper() not in MODES:
            self._findings.warn(item.place, f"af_mode is AF_READ or AF_WRITE; {quoted(mode)} counts as AF_READ")
        if name in uses:
            self._findings.error(item.place, f"a second {quoted(name)}: a queue is read or written, not both")
        uses[name] = MODES.get(mode.upper(), False)

    def _add_pair(self, item: Item, uses: Mapping[str, bool], pairs: dict[str, str]) -> None:
        fields = self._fields(item, "a pair", ("call", "return"), ())
        for key, is_written in (("call", True), ("return", False)):
            name = fields[key]
            if self._endpoints.refer_queue(name, item.place, key) is not None and uses.get(name) is not is_written:
                mode = "AF_WRITE" if is_written else "AF_READ"
                self._findings.error(item.place, f"{key}: {quoted(name)} is no endpoint with {mode} of this program")
        if fields["call"] in pairs:
            self._findings.warn(item.place, f"a second pair of {quoted(fields['call'])} replaces the first")
        pairs[fields["call"]] = fields["return"]

    def _fields(self, item: Item, what: str, required: tuple[str, ...], optional: tuple[str, ...]) -> dict[str, str]:
        """Return the texts of a mapping by name, '' for those that are missing."""
        parts = item.mapping(what, self._findings)
        self._refuse_others(parts, (*required, *optional), what)
        fields = {
            name: parts[name].text(name, self._findings).strip() if name in parts else ""
            for name in (*required, *optional)
        }
        for name in required:
            if not fields[name]:
                self._findings.error(item.place, f"{what} has no {name}")
        return fields

    def _refuse_others(self, parts: Mapping[str, Item], known: tuple[str, ...], where: str) -> None:
        for name, item in parts.items():
            if name not in known:
                self._findings.warn(item.place, f"unknown key {quoted(name)} in {where}")
