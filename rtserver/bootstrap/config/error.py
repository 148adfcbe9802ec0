"""What stops a start: one tree, and each of its errors is one line for the person at the terminal.

    StartError              the command prints it on stderr and exits with 1; no traceback
    ├── ConfigError         a key that is unknown or whose value is not allowed
    ├── RedisError          no server to embed, or it does not start
    ├── CertificateError    a certificate or a key that is not there, or does not fit
    ├── DjangoError         settings that cannot be imported or that Django refuses
    └── PluginError         a dotted path or an entry point that leads to no class of the right kind

Anything else that is raised during a start is a bug, ours or a plug-in's, and keeps its traceback.
"""


class StartError(Exception):
    """The start cannot go on. ``str`` of it names the cause and what to do about it."""


class ConfigError(StartError):
    """A setting that cannot be taken as it is.

    ``source`` is the file, variable or option it came from, ``key`` the name there (empty if the source as a whole
    is bad), ``problem`` what is wrong and what would be allowed.
    """

    def __init__(self, source: str, key: str, problem: str) -> None:
        super().__init__(source, key, problem)
        self.source = source
        self.key = key
        self.problem = problem

    def __str__(self) -> str:
        return ": ".join(part for part in (self.source, self.key, self.problem) if part)


class RedisError(StartError):
    """The embedded Redis cannot be had."""


class CertificateError(StartError):
    """TLS cannot be spoken with these files."""


class DjangoError(StartError):
    """Django cannot be set up."""


class PluginError(StartError):
    """A plug-in cannot be loaded."""
