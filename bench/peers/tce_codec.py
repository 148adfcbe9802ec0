"""tcelib's codec: what ``tce2py`` makes of the struct, as the parameter of an operation."""

from codec_timer import VALUES, report
from tce_calls import compiled


def main() -> None:
    calls = compiled()
    same = next(operation for operation in calls.Calls.INTERFACE.operations if operation.name == "same")
    struct = calls.All(**VALUES)
    report(lambda: same.write_params(struct), lambda data: same.read_params(data)[0])


if __name__ == "__main__":
    main()
