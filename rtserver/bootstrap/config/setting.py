"""Setting: the fields of ``Config`` as data, for the command line, the environment, files and the documentation."""

import msgspec

from rtserver.bootstrap.config.config import TABLE_KEYS, Config


class Setting(msgspec.Struct, frozen=True):
    """One key of ``Config``: its type, its default and its documentation."""

    key: str
    kind: type
    """bool, int, float, str or tuple."""
    default: object
    description: str
    allowed: str
    """The allowed values, in words that follow "must be"."""
    annotation: object
    """The type with its bounds, for ``msgspec.convert``."""

    @property
    def variable(self) -> str:
        """The name of the environment variable."""
        return f"RTSERVER_{self.key.upper()}"

    @property
    def option(self) -> str:
        """The option of the command line."""
        return "--" + self.key.replace("_", "-")


def settings() -> dict[str, Setting]:
    """Return all keys but those of tables, in the order of ``Config``."""
    fields = msgspec.structs.fields(Config)
    return {field.name: _setting(field) for field in fields if field.name not in TABLE_KEYS}


def as_markdown() -> str:
    """Return the settings as the table of ``docs/configuration.md``."""
    rows = [("key", "default", "allowed", "what it is"), ("---",) * 4]
    rows += [
        (f"`{setting.key}`", f"`{_as_toml(setting.default)}`", setting.allowed, setting.description)
        for setting in settings().values()
    ]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _setting(field: msgspec.structs.FieldInfo) -> Setting:
    info = msgspec.inspect.type_info(field.type)
    description, allowed = "", ""
    if isinstance(info, msgspec.inspect.Metadata):
        description = (info.extra_json_schema or {}).get("description", "")
        allowed = (info.extra or {}).get("allowed", "")
        info = info.type
    return Setting(field.name, type(field.default), field.default, description, allowed or _allowed(info), field.type)


def _allowed(info: msgspec.inspect.Type) -> str:
    match info:
        case msgspec.inspect.BoolType():
            return "true or false"
        case msgspec.inspect.LiteralType(values=values):
            return f"{', '.join(map(str, values[:-1]))} or {values[-1]}"
        case msgspec.inspect.IntType():
            return "a whole number" + _bounds(info)
        case msgspec.inspect.FloatType():
            return "a number" + _bounds(info)
        case msgspec.inspect.StrType(min_length=int()):
            return "text, not empty"
        case _:
            return "text"


def _bounds(info: msgspec.inspect.IntType | msgspec.inspect.FloatType) -> str:
    if info.ge is not None and info.le is not None:
        return f" from {info.ge} to {info.le}"
    if info.gt is not None and info.le is not None:
        return f" above {info.gt}, up to {info.le}"
    if info.gt is not None:
        return f" above {info.gt}"
    return f" of at least {info.ge}"


def _as_toml(value: object) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_as_toml(item) for item in value) + "]"
    return str(msgspec.json.encode(value), "utf-8")


if __name__ == "__main__":
    print(as_markdown(), end="")  # noqa: T201 (run as a program, it prints)
