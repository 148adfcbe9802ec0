"""The common part of ``tce2py`` and ``tce2js``: options, problems on stderr, files and their names, the exit status.

A language gives what it is called and what it makes of a module; everything else is the same for all of them.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeAlias

from tcelib.tmake.compiler import compile_files
from tcelib.tmake.index_list import index_table
from tcelib.tmake.model import Model, Module
from tcelib.tmake.syntax.error import Problem

INDEX_LISTS = ("if-index-list.txt", "ifx-index-list.txt", "ifx-index-list.xml")
"""The name that the original documents, and those that its compilers read."""
INDEX_TABLE = "ifxdef.txt"

Emit: TypeAlias = Callable[[Model, Module], Mapping[str, str]]
"""The files that are made of a module: names, and texts."""
Check: TypeAlias = Callable[[Model], Iterable[Problem]]
"""Words that are right in the IDL, and cannot be said in the language, or not without harm."""


def command_parser(program: str, description: str, directory: str) -> argparse.ArgumentParser:
    """The options of every command; ``directory`` is where its files go unless it is told."""
    parser = argparse.ArgumentParser(program, description=description, allow_abbrev=False)
    parser.add_argument(
        "-i",
        dest="inputs",
        required=True,
        metavar="FILE[,FILE...]",
        help="IDL files; imported ones are found beside them",
    )
    parser.add_argument(
        "-o",
        dest="directory",
        metavar="DIR",
        help=f"where the files go, made if needed (default: {directory})",
    )
    parser.add_argument("here", nargs="?", metavar="DIR", help="the same, as the original compilers take it")
    parser.set_defaults(default_directory=directory)
    parser.add_argument(
        "--index-list",
        dest="index_list",
        metavar="FILE",
        help=f"indexes of interfaces and operations (default: {' or '.join(INDEX_LISTS)}, if there is one here)",
    )
    parser.add_argument(
        "--ifxdef",
        dest="index_table",
        metavar="FILE",
        help=f"where the table of indexes goes (default: {INDEX_TABLE} in DIR; the original compilers: here)",
    )
    parser.add_argument("-if", dest="first_index", metavar="N", help="has no effect, as in the original compilers")
    return parser


def run(options: argparse.Namespace, emit: Emit, check: Check = lambda model: ()) -> int:
    """Compile what ``options`` name, and write what ``emit`` makes of it.

    Returns the exit status: 0, or 1 after any mistake, and then nothing was written.
    """
    if options.directory is not None and options.here is not None:
        sys.stderr.write("error: the folder is told twice: with -o, and without\n")
        return 1
    if options.first_index is not None:
        sys.stderr.write("warning: -if has no effect; an interface's index is said by [index=N] or an index list\n")
    result = compile_files(options.inputs.split(","), options.index_list or _index_list_here())
    problems = (*result.problems, *(() if result.model is None else check(result.model)))
    for problem in problems:
        sys.stderr.write(f"{_printable(str(problem))}\n")
    if result.model is None or any(problem.is_mistake for problem in problems):
        return 1
    texts = {name: text for module in result.model.modules for name, text in emit(result.model, module).items()}
    try:
        directory = Path(options.directory or options.here or options.default_directory)
        directory.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            _write(directory / name, text)
        _write(Path(options.index_table or directory / INDEX_TABLE), index_table(result.model.interfaces()))
    except OSError as error:
        sys.stderr.write(f"{_printable(str(error.filename))}: error: cannot be written: {error.strerror}\n")
        return 1
    return 0


def _index_list_here() -> str | None:
    here = [name for name in INDEX_LISTS if Path(name).is_file()]
    for other in here[1:]:
        sys.stderr.write(f"warning: {other} is not read, because {here[0]} is here; --index-list says which\n")
    return here[0] if here else None


def _printable(text: str) -> str:
    """Return a text of an IDL, which may be anybody's, so that it steers no terminal."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
    sys.stdout.write(f"{path}\n")
