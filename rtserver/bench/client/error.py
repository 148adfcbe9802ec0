"""Errors that stop a measurement: one line each for the person at the terminal.

BenchError
├── TargetError     the server is not there, refuses the handshake, or does not answer
├── LoginError      no session to be had
├── ResourceError   this machine does not give what the measurement needs
└── OptionError     options that make no sense together
"""


class BenchError(Exception):
    """The measurement does not take place. ``str`` of it names the cause and what to do about it."""


class TargetError(BenchError):
    """The server does not take part."""


class LoginError(BenchError):
    """The site does not let us in."""


class ResourceError(BenchError):
    """A limit of this machine."""


class OptionError(BenchError):
    """The options contradict each other, or cannot be carried out."""
