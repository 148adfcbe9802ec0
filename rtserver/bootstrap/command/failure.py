"""Failure of a command, as the terminal shows it."""

import click

from rtserver.base.wire.printable import printable_lines


def failure(text: str) -> click.ClickException:
    """Return the error for the terminal; ``text`` may quote input from outside."""
    return click.ClickException(printable_lines(text))
