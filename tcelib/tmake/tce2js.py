"""The command ``tce2js``: IDL files in, an ES module and its TypeScript declarations for each IDL module out."""

import sys
from collections.abc import Mapping, Sequence

from tcelib.tmake.command import command_parser, run
from tcelib.tmake.emit_javascript import DEFAULT_RUNTIME, emit_javascript
from tcelib.tmake.emit_typescript import emit_typescript
from tcelib.tmake.javascript_module import check_bases, check_files
from tcelib.tmake.model import Model, Module


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with ``argv``, or with what the process was started with; returns the exit status."""
    parser = command_parser("tce2js", "Make JavaScript of IDL files.", "./output")
    parser.add_argument(
        "--runtime",
        default=DEFAULT_RUNTIME,
        metavar="PATH",
        help="where the modules import the runtime from, as an import says it (default: %(default)s)",
    )
    options = parser.parse_args(argv)

    def emit(model: Model, module: Module) -> Mapping[str, str]:
        return {
            f"{module.name}.js": emit_javascript(model, module, options.runtime),
            f"{module.name}.d.ts": emit_typescript(model, module, options.runtime),
        }

    return run(options, emit, lambda model: (*check_bases(model), *check_files(model, options.runtime)))


if __name__ == "__main__":
    sys.exit(main())
