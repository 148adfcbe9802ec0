"""IDL texts compiled for the JavaScript emitters, and the IDL files whose output the JavaScript tests use."""

import json
from pathlib import Path

from tcelib.tmake.compiler import compile_files
from tcelib.tmake.model import Model

ROOT = Path(__file__).parents[3]
GENERATED = ROOT / "tests/js/generated"
RUNTIME = ROOT / "site/static/js/rtc/tce.js"
RUNTIME_OF_GENERATED = "../../../site/static/js/rtc/tce.js"


def compiled(texts: dict[str, str], *paths: str) -> Model:
    """The model of ``paths`` (default: all), read from ``texts`` by path."""

    def read(path: str) -> bytes:
        if path not in texts:
            raise FileNotFoundError(path)
        return texts[path].encode()

    result = compile_files(paths or tuple(texts), read=read)
    assert result.model is not None, result.problems
    return result.model


def model_of(idl: str) -> Model:
    return compiled({"a.idl": idl})


def generated_model() -> Model:
    """Everything in tests/js/generated: the vectors' module and those of the IDL files there."""
    texts = {path.name: path.read_text() for path in sorted(GENERATED.glob("*.idl"))}
    texts["vec.idl"] = json.loads((ROOT / "tests/vectors/tce.json").read_text())["idl"]
    return compiled(texts, "names.idl", "vec.idl")
