"""Names that mean something in JavaScript or TypeScript: in every place of the IDL they give modules that work."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tcelib.tmake.declaration import RESERVED
from tcelib.tmake.emit_javascript import emit_javascript
from tcelib.tmake.emit_typescript import emit_typescript
from tcelib.tmake.javascript_name import exported_names, method_name
from tests.tcelib.tmake.javascript_case import ROOT, RUNTIME, model_of
from tests.test_javascript import find_node, find_tool, run

MEANING = """
    then default constructor __proto__ toString valueOf hasOwnProperty prototype name length caller arguments apply
    call bind async await of get set from as type declare namespace abstract require exports global globalThis window
    self document process asserts infer is keyof readonly unique using accessor satisfies intrinsic out override
    undefined NaN Infinity null true false this super new class function var const delete in instanceof typeof while
    with try catch finally throw switch case break continue do else for if let static yield eval enum implements
    package private protected public return debugger any bigint boolean never number object symbol unknown Object
    Array String Number Boolean Symbol Function Promise Map Set Uint8Array Error BigInt Date Proxy Reflect Record
    Partial Required Readonly Pick Iterator tce Operation Servant RpcContext options callback error props cookie ctx
    fields
    reader writer value conn minBytes read write create createWithProxy report toJSON toLocaleString isPrototypeOf
    propertyIsEnumerable __defineGetter__ __lookupGetter__ _ count index data
"""
WORDS = [word for word in dict.fromkeys(MEANING.split()) if word not in RESERVED]
STRUCTS = "".join(f"struct {word} {{ int x; string {word}; }};" for word in WORDS)
LISTS = "".join(f"sequence<{word}> list_{word};" for word in WORDS)
OPERATIONS = "".join(f"string {word}(string {word});" for word in WORDS)
INTERFACES = "".join(
    f"[index={at}] interface {word} {{ names::{word} {word}(names::list_{word} {word}); }};"
    for at, word in enumerate(WORDS, start=9)
)
IDL = f"""
module names {{ {STRUCTS} {LISTS} }}
module operations {{ interface Every {{ {OPERATIONS} }}; }}
module interfaces {{
    {INTERFACES}
}}
"""
USE = """
import assert from "node:assert/strict";
import * as tce from "{runtime}";
import {{ CALL, deliver, packetOf, sentTo, startOpenConnection, turn }} from "{harness}";

// As a page does that loads a module when it needs it: a module that exports `then` is taken for a promise.
const names = await import("./names.js");
const {{ Every, EveryProxy }} = await import("./operations.js");
const interfaces = await import("./interfaces.js");

for (const name of {structs}) {{
  const Type = names[name];
  const [, text] = Object.keys(new Type());
  const value = new Type({{ x: 5, [text]: "hi" }});
  assert.deepEqual([Object.keys(value).length, Object.getPrototypeOf(value)], [2, Type.prototype], name);
  const writer = new tce.ByteWriter();
  Type.write(writer, value);
  assert.deepEqual(Type.read(new tce.ByteReader(writer.toBytes())), value);
  assert.equal(await value, value);
  assert.throws(() => Type.write(new tce.ByteWriter(), {{ x: 5 }}), name);
}}

for (const name of {proxies}) {{
  const prx = new interfaces[name](startOpenConnection().conn);
  assert.equal(await Promise.race([prx, turn()]), prx, name);
}}

const methods = {methods};
const {{ conn, network }} = startOpenConnection();
const prx = new EveryProxy(conn);
class Mine extends Every {{}}
for (const [at, name] of methods.entries()) {{
  prx[name]("x").catch(() => {{}});
  Object.defineProperty(Mine.prototype, name, {{ value: (text) => text + at }});
}}
assert.deepEqual(sentTo(network.socket).map(({{ opidx }}) => opidx), [...methods.keys()]);
network.socket.sent.length = 0;
conn.attachAdapter(new tce.RpcAdapter().addServant(new Mine()));
const params = [0, 0, 0, 1, 65];
for (const opidx of methods.keys()) deliver(network.socket, packetOf({{ calltype: CALL, opidx, params }}));
await turn();
const answers = sentTo(network.socket).map(({{ params }}) => new TextDecoder().decode(params.subarray(4)));
assert.deepEqual(answers.sort(), [...methods.keys()].map((at) => `A${{at}}`).sort());
"""
OPTIONS = ("--strict", "--skipDefaultLibCheck", "--noEmit", "--allowJs", "--target", "es2022", "--module", "es2022")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A directory with the modules, and a file for each that is asked for."""
    directory = tmp_path_factory.mktemp("names")
    (directory / "package.json").write_text('{"type": "module"}')
    model = model_of(IDL)
    for module in model.modules:
        (directory / f"{module.name}.js").write_text(emit_javascript(model, module, str(RUNTIME)))
        (directory / f"{module.name}.d.ts").write_text(emit_typescript(model, module, str(RUNTIME)))

    def write(name: str, text: str) -> Path:
        (directory / name).write_text(text)
        return directory / name

    return write


@pytest.mark.javascript
def test_structs_proxies_and_servants_of_such_names_load_and_work(made: Callable[..., Path]) -> None:
    names, operations, interfaces = model_of(IDL).modules
    (every,) = operations.interfaces()
    exported = exported_names(names)
    script = USE.format(
        runtime=RUNTIME,
        harness=ROOT / "tests/js/tce_harness.mjs",
        structs=[exported[word] for word in WORDS],
        proxies=[exported_names(interfaces)[f"{word}$Proxy"] for word in WORDS],
        methods=[method_name(operation) for operation in every.operations],
    )
    run(find_node(), str(made("use.mjs", script)))


@pytest.mark.javascript
def test_typescript_takes_the_declarations_of_such_names(made: Callable[..., Path]) -> None:
    use = "".join(f'import * as {name} from "./{name}.js";\n' for name in ("names", "operations", "interfaces"))
    use += "const one: number = new names.then_({ x: 1 }).x;\nexport { interfaces, one, operations };\n"
    run(find_tool("tsc"), *OPTIONS, "--moduleResolution", "bundler", str(made("use.ts", use)))
