"""Texts of services.xml, the example of the documents and small ones made of parts, and what is read of them."""

from tcelib.gateway.config.model import Services
from tcelib.gateway.config.services import read_services
from tests.docs.document import ROOT

EXAMPLE = ROOT / "docs" / "tce" / "cluster"
SOCKET = '<ep name="s" type="socket" host="localhost" port="1"/>'
QUEUE = '<ep name="q" type="mq"/>'
ANSWERS = '<ep name="a" type="mq"/>'
INTERFACES = '<if id="2" name="test.Server"/>'


def services(
    endpoints: str = "",
    server: str = "",
    *,
    interfaces: str = INTERFACES,
    variables: str = "",
    more: str = "",
) -> bytes:
    """A file of these parts, each on a line of its own: 2 interfaces, 3 variables, 4 endpoints, 5 the server."""
    text = (
        "<SNS>\n"
        f"<InterfaceDef>{interfaces}</InterfaceDef>\n"
        f"<VariantDef>{variables}</VariantDef>\n"
        f"<EndPoints>{endpoints}</EndPoints>\n"
        f'<servers><server name="gw">{server}</server></servers>\n'
        f"{more}</SNS>"
    )
    return text.encode()


def route(inner: str = '<call in="s" out="q"/><return in="a" out="s"/>', attributes: str = "") -> str:
    """A route of test.Server."""
    return f'<route if="test.Server" {attributes}>{inner}</route>'


def properties(**values: str) -> str:
    """The properties of a server."""
    inner = "".join(f'<property name="{name}" value="{value}"/>' for name, value in values.items())
    return f"<properties>{inner}</properties>"


def told(data: bytes) -> list[str]:
    """All findings, as lines."""
    return [str(finding) for finding in read_services(data).findings]


def good(data: bytes) -> Services:
    """The content of a file without errors."""
    reading = read_services(data)
    assert reading.model is not None, reading.findings
    return reading.model
