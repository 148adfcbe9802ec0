"""Calls of binary clients behind the policy."""

from types import SimpleNamespace
from typing import Never

import pytest

import tcelib as tce
from rtserver.base.tce.gateway import UserGateway
from rtserver.user.guarded_servant import guard_calls
from rtserver.user.identity import Identity
from rtserver.user.policy import ForbiddenError, Policy, Rights
from tcelib.core.servant import ServantTable

CONTEXT = SimpleNamespace(user=SimpleNamespace(user=Identity(1, "ann", "key")))


def operation(name: str, opidx: int) -> tce.Operation:
    return tce.Operation(
        "shop.Prices",
        name,
        ifidx=5,
        opidx=opidx,
        is_void=False,
        write_params=bytes,
        read_params=tuple,
        write_result=bytes,
        read_result=bytes,
    )


class Prices(tce.Servant):
    """Two operations, one of which takes its time."""

    INTERFACE = tce.Interface("shop.Prices", ifidx=5, operations=(operation("read", 0), operation("write", 1)))

    def read(self, name: str, ctx: SimpleNamespace) -> str:
        return f"the price of {name}"

    async def write(self, name: str, price: bytes, ctx: SimpleNamespace) -> Never:
        raise AssertionError("not asked for")


class ReadOnly(Policy):
    def may_call(self, user: Identity, operation: str) -> bool | str:
        return operation == "shop.Prices.read" or f"{user.name} may not {operation}"


def table_of(policy: Policy) -> ServantTable:
    table = ServantTable()
    for servant in (UserGateway(), Prices()):
        table.add(servant)
    guard_calls(table, Rights(policy))
    return table


def call(table: ServantTable, route: int, *args: object) -> object:
    return table.routes[route][1](*args, CONTEXT)


def test_a_call_that_is_allowed_is_served_as_ever() -> None:
    assert call(table_of(ReadOnly()), 5 << 16, "gold") == "the price of gold"


def test_a_call_that_is_not_allowed_is_not_served() -> None:
    with pytest.raises(ForbiddenError, match=r"ann may not shop.Prices.write"):
        call(table_of(ReadOnly()), 5 << 16 | 1, "gold", 1)


def test_the_policy_is_not_asked_about_the_gateway() -> None:
    own = ServantTable()
    own.add(UserGateway())
    guarded = table_of(ReadOnly()).routes
    assert {route for route in guarded if "UserGateway" not in guarded[route][1].__qualname__} == {
        5 << 16,
        5 << 16 | 1,
    }
    assert own.routes.keys() < guarded.keys()


def test_without_a_rule_for_calls_every_call_is_served() -> None:
    assert call(table_of(Policy()), 5 << 16, "gold") == "the price of gold"
