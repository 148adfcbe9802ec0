"""The command ``tce2py``: IDL files in, a typed Python module for each IDL module out."""

import sys
from collections.abc import Mapping, Sequence

from tcelib.tmake.command import command_parser, run
from tcelib.tmake.emit_python import emit_python
from tcelib.tmake.model import Model, Module
from tcelib.tmake.python_check import problems_in_python
from tcelib.tmake.python_name import file_name


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with ``argv``, or with what the process was started with; returns the exit status."""
    options = command_parser("tce2py", "Make Python of IDL files.", "./").parse_args(argv)
    return run(options, _emit, problems_in_python)


def _emit(model: Model, module: Module) -> Mapping[str, str]:
    return {f"{file_name(module.name)}.py": emit_python(model, module)}


if __name__ == "__main__":
    sys.exit(main())
