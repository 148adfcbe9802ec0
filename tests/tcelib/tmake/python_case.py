"""IDL texts compiled to Python modules that are imported from memory, circles and all."""

import importlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from tcelib.tmake.compiler import Compilation, compile_files
from tcelib.tmake.emit_python import emit_python
from tcelib.tmake.model import Model
from tcelib.tmake.python_name import file_name

ROOT = Path(__file__).parents[3]
IDL = ROOT / "tests/tcelib/idl"
GENERATED = ROOT / "tests/tcelib/generated"


def compiled(idl: str, index_list: str | None = None, **imported: str) -> Compilation:
    """Compile ``idl``, the text of a.idl, with the texts of the files that it imports."""
    texts = {"a.idl": idl, **{f"{name}.idl": text for name, text in imported.items()}}
    if index_list is not None:
        texts["list"] = index_list

    def read(path: str) -> bytes:
        if path not in texts:
            raise FileNotFoundError(2, "No such file or directory", path)
        return texts[path].encode("utf-8", "surrogatepass")

    return compile_files(["a.idl"], None if index_list is None else "list", read)


def model_of(idl: str, **imported: str) -> Model:
    result = compiled(idl, **imported)
    assert result.model is not None, [str(problem) for problem in result.problems]
    return result.model


def texts_of(model: Model) -> dict[str, str]:
    """The Python of each module, by the name that it is imported by."""
    return {file_name(module.name): emit_python(model, module) for module in model.modules}


class _Texts(MetaPathFinder, Loader):
    """Imports modules from their texts."""

    def __init__(self, texts: dict[str, str]) -> None:
        self._texts = texts

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: object = None) -> ModuleSpec | None:
        return ModuleSpec(fullname, self) if fullname in self._texts else None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._texts[module.__name__], f"{module.__name__}.py", "exec"), module.__dict__)


@contextmanager
def imported(texts: dict[str, str]) -> Iterator[None]:
    """While it lasts, ``import`` finds the modules in ``texts``; then they are forgotten."""
    finder = _Texts(texts)
    sys.meta_path.insert(0, finder)
    before = {name: sys.modules.pop(name) for name in texts if name in sys.modules}
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in texts:
            sys.modules.pop(name, None)
        sys.modules.update(before)


def python_of(idl: str, module: str = "m", **others: str) -> ModuleType:
    """The generated module ``module``."""
    with imported(texts_of(model_of(idl, **others))):
        return importlib.import_module(module)
