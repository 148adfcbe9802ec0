"""The declarations for TypeScript, by the eyes of its compiler in strict mode."""

from pathlib import Path

import pytest

from tcelib.tmake.emit_javascript import emit_javascript
from tcelib.tmake.emit_typescript import emit_typescript
from tests.tcelib.tmake.javascript_case import RUNTIME, generated_model, model_of
from tests.test_javascript import find_tool, run

OPTIONS = (
    "--strict",
    "--skipDefaultLibCheck",
    "--noEmit",
    "--allowJs",
    "--target",
    "es2022",
    "--module",
    "es2022",
    "--moduleResolution",
    "bundler",
)

USE = """
import { RpcAdapter, RpcContext, RpcException } from "%s";
import { BaseProxy, FarProxy, Map_ } from "./names.js";
import { RootProxy } from "./roots.js";
import { ContProxy, Point, PrimProxy, Terminal, type IntStr_t } from "./vec.js";

const prx = PrimProxy.create("ws://host/rt/", { timeout: 3, reconnect: true });
const sum: Promise<number> = prx.add(1, 2, { timeout: 5, extra: { first: 1 } });
const long: Promise<bigint> = prx.echo_long(5);
prx.add_async(1, 2, (result: number, proxy: PrimProxy) => proxy.nop(), (error: RpcException) => error.what(), {}, 1);
prx.nop_async((proxy) => proxy.nop(), null, null, "cookie");
prx.nop_oneway();
prx.nop_oneway({ extra: { a: "b" }, error: (error) => error.errcode });
prx.nop_oneway((error) => error.errcode, { a: "b" });

const cont = ContProxy.createWithProxy(prx);
const points: Promise<Point[]> = cont.echo_points([{ x: 1, y: 2 }, new Point({ x: 3 })]);
const texts: Promise<IntStr_t> = cont.echo_is(new Map([[1, "one"]]));
cont.echo_ss({ key: "value" });
cont.echo_bytes([1, 2]);

class Page extends Terminal {
  onMessage(message: string, ctx: RpcContext): void {
    ctx.msg.extra["__user_id__"].concat(message);
    new PrimProxy(ctx.conn).nop_oneway();
  }

  async ask(question: string): Promise<string> {
    return question;
  }
}
prx.conn.attachAdapter(new RpcAdapter("page").addServant(new Page()));

const root: RootProxy = FarProxy.create("ws://host/");
new BaseProxy(prx.conn).then_().then((text) => text.length);
new Map_({ for__: "x", toString_: 5n }).thing.deep.name.length;
export { sum, long, points, texts, root };
"""

REFUSED = [
    "prx.add(1);",
    'prx.add(1, "2");',
    "prx.echo_string(5);",
    "prx.echo_string_oneway('x');",
    'prx.nop({ timeout: "5" });',
    'cont.echo_is({ 1: "one" });',
    "cont.echo_point({ x: 1 });",
    'cont.echo_strs("abc");',
    "new Point({ z: 1 });",
    "prx.echo_long_async(5, (result: number) => result);",
    "class Wrong extends Terminal { ask() { return 5; } } new Wrong();",
]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("typescript")
    model = generated_model()
    for module in model.modules:
        (directory / f"{module.name}.js").write_text(emit_javascript(model, module, str(RUNTIME)))
        (directory / f"{module.name}.d.ts").write_text(emit_typescript(model, module, str(RUNTIME)))
    return directory


def check(path: Path) -> None:
    run(find_tool("tsc"), *OPTIONS, str(path))


@pytest.mark.javascript
def test_a_strict_program_can_use_all_of_it(project: Path) -> None:
    path = project / "use.ts"
    path.write_text(USE % RUNTIME)
    check(path)


@pytest.mark.javascript
def test_a_strict_program_is_told_what_is_wrong(project: Path) -> None:
    path = project / "misuse.ts"
    imports = 'import { ContProxy, Point, PrimProxy, Terminal } from "./vec.js";\n'
    proxies = 'const prx = PrimProxy.create("");\nconst cont = ContProxy.createWithProxy(prx);\n'
    # The compiler complains where a line that it is to refuse has nothing wrong with it.
    path.write_text(imports + proxies + "".join(f"// @ts-expect-error\n{line}\n" for line in REFUSED))
    check(path)


def test_what_is_declared_is_what_is_exported(project: Path) -> None:
    for declarations in sorted(project.glob("*.d.ts")):
        module = declarations.with_name(declarations.name.replace(".d.ts", ".js"))
        assert exported(declarations) == exported(module)


def test_a_comment_of_the_idl_cannot_end_the_comment_it_becomes() -> None:
    model = model_of('module m { [comment="one */ two"] interface I { [comment="three */"] void op(); }; }')
    for emit in (emit_javascript, emit_typescript):
        text = emit(model, model.modules[0])
        assert "one * / two" in text
        assert text.count("/**") == text.count("*/")


def exported(path: Path) -> list[str]:
    words = ("export class ", "export const ")
    lines = path.read_text().splitlines()
    return [line.split()[2].rstrip(":") for line in lines if line.startswith(words)]
