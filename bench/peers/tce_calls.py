"""The servant that TCE's servers share: ``calls.idl`` as ``tce2py`` compiles it, with its one method filled in."""

import importlib
import os
import sys
from pathlib import Path
from types import ModuleType

import tcelib as tce
from tcelib.tmake import tce2py

IDL = Path(__file__).with_name("calls.idl")


def compiled() -> ModuleType:
    """The generated module, made afresh in the folder that the harness gave this process."""
    directory = os.environ["BENCH_DIRECTORY"]
    if tce2py.main(["-i", str(IDL), "-o", directory]):
        sys.exit(f"{IDL} does not compile")
    sys.path.append(directory)
    return importlib.import_module("calls")


def adapter() -> tce.RpcCommAdapter:
    """With a servant that gives back what it gets."""
    base: type[tce.Servant] = compiled().Calls

    class Calls(base):
        def echo(self, text: str, ctx: tce.RpcContext) -> str:
            return text

    return tce.RpcCommAdapter("calls").addServant(Calls())
