"""Group of commands whose modules are loaded when one of them is asked for."""

from collections.abc import Callable, Mapping
from typing import Any

import click

Load = Callable[[], Mapping[str, click.Command]]


class LazyGroup(click.Group):
    """Group whose commands ``load`` returns by name, in the order in which a newcomer would try them."""

    def __init__(self, *args: Any, load: Load, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._load = load

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names."""
        return list(self._load())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command; None if there is none of that name."""
        return self._load().get(cmd_name)
