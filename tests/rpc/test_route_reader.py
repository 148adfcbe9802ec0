"""Tables of routes: what they mean, and the one line that says what is wrong with them."""

from pathlib import Path
from typing import Any

import pytest

from rtserver.rpc.route import QueueType, RouteError
from rtserver.rpc.route_reader import read_routes

IDL = """
module shop {
struct Item { string name; double price; };
[index=40] interface Base { bool is_open(); };
[index=41] interface Orders extends Base { long place(Item item); void note(string text); };
[index=42] interface Other { long place(Item item); };
};
"""


@pytest.fixture
def idl(tmp_path: Path) -> str:
    path = tmp_path / "shop.idl"
    path.write_text(IDL)
    return str(path)


def table(idl: str, **changed: object) -> dict[str, Any]:
    return {"idl": idl, "interfaces": ["shop.Orders"], "queue": "orders", **changed}


def test_a_table_names_interfaces_with_their_bases_and_a_queue(idl: str) -> None:
    (route,) = read_routes({"orders": table(idl)})
    assert (route.name, route.queue, route.type, route.timeout, route.is_idempotent) == (
        "orders",
        "orders",
        QueueType.STREAM,
        120.0,
        False,
    )
    assert route.interfaces == {41: "shop.Orders", 40: "shop.Base"}
    assert {each.msg_type: (each.full_name, each.route) for each in route.operations} == {
        "orders.place": ("shop.Orders.place", 41 << 16),
        "orders.note": ("shop.Orders.note", 41 << 16 | 1),
        "orders.is_open": ("shop.Base.is_open", 40 << 16),
    }


def test_a_table_may_say_more(idl: str) -> None:
    (route,) = read_routes({"o": table(idl, type="mq", timeout=1, idempotent=True, index_list="")})
    assert (route.type, route.timeout, route.is_idempotent) == (QueueType.MQ, 1.0, True)


def fault(tables: object) -> str:
    with pytest.raises(RouteError) as caught:
        read_routes(tables)
    text = str(caught.value)
    assert "\n" not in text
    return text


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"queue": ""}, "orders: Expected `str` of length >= 1 - at `$.queue`"),
        ({"queue": "a b"}, "orders.queue: 'a b': 1 to 128 printable characters, no braces, no spaces"),
        ({"queue": "q" * 101}, "orders.queue: has 101 characters; allowed are 100"),
        ({"type": "qpid"}, "orders: Invalid enum value 'qpid' - at `$.type`"),
        ({"timeout": 0}, "orders: Expected `float` > 0.0 - at `$.timeout`"),
        ({"interfaces": []}, "orders: Expected `array` of length >= 1 - at `$.interfaces`"),
        (
            {"interfaces": ["Orders"]},
            "orders.interfaces: the IDL has no interface 'Orders'; did you mean 'shop.Orders'?",
        ),
        (
            {"interfaces": ["shop.Ordres"]},
            "orders.interfaces: the IDL has no interface 'shop.Ordres'; did you mean 'shop.Orders'?",
        ),
        ({"que": "x"}, "orders: Object contains unknown field `que`"),
        (
            {"interfaces": ["shop.Orders", "shop.Other"]},
            "orders.interfaces: shop.Orders and shop.Other both have an operation 'place', and messages of type "
            "'orders.place' could mean either: give each interface a table of its own",
        ),
    ],
)
def test_a_mistake_in_a_table_is_one_line(idl: str, changed: dict[str, object], text: str) -> None:
    assert fault({"orders": table(idl, **changed)}) == text


def test_a_mistake_in_the_idl_has_its_place(tmp_path: Path) -> None:
    path = tmp_path / "bad.idl"
    path.write_text("module shop {\nstruct A { strng x; whole y; };\n};\n")
    text = fault({"orders": table(str(path))})
    assert text.startswith(f"orders.idl: {path}:2:12: ")
    assert text.endswith("(and 1 more)")


def test_an_idl_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "cannot read" in fault({"orders": table(str(tmp_path / "none.idl"))})


def test_numbers_beside_the_idl_are_not_overlooked(idl: str) -> None:
    path = Path(idl).with_name("if-index-list.txt")
    path.write_text("shop.Other = 50\n")
    assert fault({"orders": table(idl)}).startswith("orders.index_list: is missing; if-index-list.txt beside the IDL")
    (route,) = read_routes({"orders": table(idl, interfaces=["shop.Other"], index_list=str(path))})
    assert route.interfaces == {42: "shop.Other"}  # an annotation counts more


def test_an_interface_has_one_way(idl: str) -> None:
    text = fault({"a": table(idl), "b": table(idl, interfaces=["shop.Base"], queue="other")})
    assert text == "b.interfaces: shop.Base has the index 40, as shop.Base of a: calls find their way by it"


def test_a_queue_has_one_type(idl: str) -> None:
    tables = {"a": table(idl), "b": table(idl, interfaces=["shop.Other"], type="mq")}
    assert fault(tables) == "b.type: orders is of type stream in a"


@pytest.mark.parametrize("name", ["", "a.b", "1a", "ä"])
def test_a_name_is_a_word(idl: str, name: str) -> None:
    assert "a name has letters" in fault({name: table(idl)})


def test_a_type_has_at_most_64_characters(idl: str) -> None:
    assert "more than 64 characters" in fault({"o" * 60: table(idl)})


def test_routes_are_tables() -> None:
    assert "must be tables" in fault([1])
    assert fault({"orders": 1}).startswith("orders: Expected `object`")
