"""Names of operations, read from IDL files."""

from collections.abc import Mapping, Sequence

from tcelib.tmake.compiler import compile_files


def operations_of(paths: Sequence[str]) -> Mapping[str, Mapping[int, str]]:
    """Return the names of operations by their indexes, for each interface (module.Interface) of these files.

    Raises ``ValueError`` with the first mistake in them.
    """
    compilation = compile_files(paths)
    if compilation.model is None:
        raise ValueError(f"{next(problem for problem in compilation.problems if problem.is_mistake)}")
    return {
        interface.full_name: {operation.index: operation.name for operation in interface.operations}
        for interface in compilation.model.interfaces()
    }
