"""Proxies and how they come by a connection (TCE protocol, section 5.7)."""

import pytest

import tcelib as tce
from tcelib.core import endpoint_table
from tcelib.core.connection import RpcConnection
from tests.tcelib.peer import CalculatorPrx, open_connection


class EndPoint:
    """Opens one connection, and remembers for what."""

    def __init__(self) -> None:
        self.connection = open_connection()
        self.opened_for: list[int] = []

    def open(self, af: int) -> RpcConnection:
        self.opened_for.append(af)
        return self.connection


def test_a_proxy_is_made_on_an_endpoint() -> None:
    endpoint = EndPoint()

    proxy = CalculatorPrx.create(endpoint)
    CalculatorPrx.create(endpoint, tce.AF_WRITE)

    assert type(proxy) is CalculatorPrx
    assert proxy.conn is endpoint.connection
    assert endpoint.opened_for == [tce.AF_READ | tce.AF_WRITE, tce.AF_WRITE]


def test_a_proxy_is_made_on_another_ones_connection() -> None:
    first = tce.Proxy(open_connection())

    assert CalculatorPrx.createWithProxy(first).conn is first.conn


def test_a_name_is_unknown_as_long_as_there_is_no_default_communicator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint_table.DEFAULT, "opener", None)
    with pytest.raises(KeyError, match=r"no endpoint is called 'there'; those added are: none"):
        tce.Proxy.createWithEpName("there")
