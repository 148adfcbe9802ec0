"""StartError: the errors that end a start, one tree. Each is one line for the person at the terminal.

    StartError              the command prints it on stderr and exits with 1; no traceback
    ├── ConfigError         a key that is unknown or whose value is not allowed
    ├── RedisError          no server to embed, or it does not start
    ├── CertificateError    a certificate or a key that is missing, or does not fit
    ├── DjangoError         settings that cannot be imported or that Django refuses
    ├── WorkerNameError     another server has the name of this one
    └── PluginError         a dotted path or an entry point that leads to no class of the right kind

Any other exception during a start is a bug, ours or a plug-in's, and keeps its traceback.
"""


class StartError(Exception):
    """The start cannot go on. ``str`` of it names the cause and the remedy."""


class ConfigError(StartError):
    """A setting that is not allowed as it is.

    ``source`` is the file, variable or option it came from. ``key`` is the name there, empty if the whole source is
    bad. ``problem`` names the fault and what would be allowed.
    """

    def __init__(self, source: str, key: str, problem: str) -> None:
        super().__init__(source, key, problem)
        self.source = source
        self.key = key
        self.problem = problem

    def __str__(self) -> str:
        return ": ".join(part for part in (self.source, self.key, self.problem) if part)


class RedisError(StartError):
    """No Redis can be found or started."""


class CertificateError(StartError):
    """TLS cannot be spoken with these files."""


class DjangoError(StartError):
    """Django cannot be set up."""


class WorkerNameError(StartError):
    """Two servers of one name would go on where the other one was."""


class PluginError(StartError):
    """A plug-in cannot be loaded."""
