"""The base of generated structs."""

import pytest

import tcelib as tce


class Point(tce.Struct):
    __slots__ = ("x", "y")

    def __init__(self, x: int = 0, y: int | str = 0) -> None:
        self.x = x
        self.y = y


class Vector(tce.Struct):
    __slots__ = ("x", "y")

    def __init__(self, x: int = 0, y: int = 0) -> None:
        self.x = x
        self.y = y


def test_structs_are_equal_if_class_and_fields_are() -> None:
    assert Point(1, 2) == Point(1, 2)
    assert Point(1, 2) != Point(1, 3)
    assert Point(1, 2) != Vector(1, 2)
    assert Point(1, 2) != (1, 2)


def test_a_struct_shows_its_fields() -> None:
    assert repr(Point(1, "a")) == "Point(x=1, y='a')"


def test_a_struct_can_be_changed_and_is_therefore_no_key() -> None:
    point = Point()
    point.x = 5
    assert point == Point(5, 0)
    with pytest.raises(TypeError, match="unhashable"):
        hash(point)
    with pytest.raises(AttributeError):
        point.z = 1
