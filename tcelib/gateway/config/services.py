"""Reader of services.xml, in the dialects of the gateways in Python and in C++ (TCE protocol, section 6.2).

any root
├── InterfaceDef/if        id, name            needed
├── VariantDef/var         name, value
├── ServiceDef                                 of C++; not read
├── EndPoints/ep           see ``endpoint_form``  needed
└── servers/server         name                needed; see ``server_form``
"""

from collections.abc import Sequence
from types import MappingProxyType

from tcelib.gateway.config import endpoint_form
from tcelib.gateway.config.element import Element, only, read_xml
from tcelib.gateway.config.endpoint_form import EndPointForm
from tcelib.gateway.config.finding import Findings, Reading, quoted
from tcelib.gateway.config.model import Server, Services
from tcelib.gateway.config.server_form import ServerForm
from tcelib.gateway.config.text_value import TextValues
from tcelib.gateway.config.variables import Variables

INTERFACES, VARIABLES, SERVICES, ENDPOINTS, SERVERS = (
    "InterfaceDef",
    "VariantDef",
    "ServiceDef",
    "EndPoints",
    "servers",
)
NEEDED = (INTERFACES, ENDPOINTS, SERVERS)
HIGHEST_INTERFACE = 0xFFFF
WITH_VARIABLES = ("host", "port", "address")
NOTHING = Services(MappingProxyType({}), MappingProxyType({}), MappingProxyType({}))


def read_services(data: bytes) -> Reading[Services]:
    """Return the configuration in ``data``, and all that is wrong with it. Raises nothing."""
    findings = Findings()
    root = read_xml(data, findings)
    return findings.reading(_read(root, findings) if root is not None else NOTHING)


def _read(root: Element, findings: Findings) -> Services:
    sections = list(root.inner((INTERFACES, VARIABLES, SERVICES, ENDPOINTS, SERVERS), findings))
    for name in NEEDED:
        if not any(section.name == name for section in sections):
            findings.error(root.place, f"<{root.name}> has no <{name}>")
    interfaces = _read_interfaces(only(INTERFACES, sections, findings), findings)
    variables = _read_variables(only(VARIABLES, sections, findings), findings)
    endpoints = _read_endpoints(only(ENDPOINTS, sections, findings), variables, findings)
    is_of_cpp = any(section.name == SERVICES for section in sections)
    form = ServerForm(interfaces, endpoints, findings, checks_by_default=is_of_cpp)
    servers = _read_servers(only(SERVERS, sections, findings), form, findings)
    return Services(MappingProxyType(interfaces), MappingProxyType(endpoints.endpoints), MappingProxyType(servers))


def _read_interfaces(section: Element | None, findings: Findings) -> dict[str, int]:
    indexes: dict[str, int] = {}
    values = TextValues(findings)
    for element in _inner(section, ("if",), findings):
        fields = element.fields(findings, required=("id", "name"))
        name = fields["name"]
        index = values.whole(fields["id"], "id", element.place, HIGHEST_INTERFACE)
        if name in indexes:
            findings.error(element.place, f"a second interface {quoted(name)}")
            continue
        if fields["id"] and index in indexes.values():
            other = next(each for each, number in indexes.items() if number == index)
            findings.warn(element.place, f"{quoted(name)} has the id of {quoted(other)}; no server can route both")
        if name:
            indexes[name] = index
    return indexes


def _read_variables(section: Element | None, findings: Findings) -> Variables:
    variables = Variables(findings)
    for element in _inner(section, ("var",), findings):
        fields = element.fields(findings, required=("name",), optional=("value",))
        variables.add(fields["name"], fields["value"], element.place)
    variables.close()
    return variables


def _read_endpoints(section: Element | None, variables: Variables, findings: Findings) -> EndPointForm:
    form = EndPointForm(findings)
    for element in _inner(section, ("ep",), findings):
        fields = element.fields(findings, required=endpoint_form.REQUIRED, optional=endpoint_form.OPTIONAL)
        form.add(variables.replace_in(fields, WITH_VARIABLES, element.place), element.place)
    return form


def _read_servers(section: Element | None, form: ServerForm, findings: Findings) -> dict[str, Server]:
    servers: dict[str, Server] = {}
    for element in _inner(section, ("server",), findings):
        server = form.read(element)
        if server.name in servers:
            findings.error(element.place, f"a second server {quoted(server.name)}")
        elif server.name:
            servers[server.name] = server
    return servers


def _inner(section: Element | None, names: Sequence[str], findings: Findings) -> Sequence[Element]:
    if section is None:
        return ()
    section.fields(findings)
    return list(section.inner(names, findings))
