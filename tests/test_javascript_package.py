"""The browser library as a package: what TypeScript and a bundler make of it in somebody else's project."""

import json
import shutil
from pathlib import Path

import pytest

import rtserver
from tests.test_javascript import LIBRARY, find_tool, run

pytestmark = pytest.mark.javascript

STRICT = ("--strict", "--noEmit", "--target", "es2022", "--module", "es2022", "--moduleResolution", "bundler")
BROWSER = ("--skipDefaultLibCheck", "--lib", "es2022,dom,dom.iterable")

PAGE = """
import {
  Chart, CloseCode, MyCharts, OwnChart, RTClient, RTError, State, View, darkPalette, mayReconnect,
  type ChartRequest, type Older, type Palette, type Render, type Row, type UserInfo, type ViewTools,
} from "rtserver-rtc";

const client = new RTClient({ url: new URL("/rt/", "https://shop.test/") });
const end: () => void = client.on("notice", ({ text }: { text: string }) => text.length);
client.on("closed", ({ code, reason }: { code: number; reason: string }) => mayReconnect(code) || reason);
const isSent: boolean = client.send("shop", { cart: [1] });
const answer: Promise<{ total: number }> = client.request("total", { cart: 1 }, { timeoutMs: 500 });
answer.catch((error: unknown) => error instanceof RTError && error.code === "timeout");
const endTopic: () => void = client.subscribe("weather", { city: "rome" }, {
  onSnapshot: (reading: { celsius: number }, { seq }) => reading.celsius + seq,
  onUpdate: (reading: { celsius: number }) => reading.celsius,
  onError: (error) => error.code === "forbidden",
  maxRate: 2,
});
const user: UserInfo | null = client.userinfo;
const name: string | undefined = user?.user.name;

const charts = new MyCharts(client, { points: 500, palette: darkPalette, pauseAfterMs: null });
const asked: ChartRequest = { chart_id: "gold", exchange: "SHFE", item: "au1512", date: "20151120", shape: "ohlc" };
const chart: Chart = charts.request({ ...asked, element: document.body, whileHidden: "keep" });
chart.on("dynamic", (render: Render) => render.seq + 1);
const rows: Row[] = chart.series[0].points();
charts.setMaxRate("gold", null);
const own: Palette = { ...darkPalette, up: "#00ff00" };
charts.setPalette(own);

class Pie extends View<OwnChart> {
  slices: number;
  constructor(chart: OwnChart, element: HTMLElement, tools: ViewTools) {
    super(chart, element, tools);
    this.slices = 0;
  }
  override draw(): void {
    this.slices = Object.keys(this.chart.data).length;
    this.element.style.color = this.palette.text;
  }
}
class DeskCharts extends MyCharts {
  override wireRequest(name: string | number, request: ChartRequest): object {
    return { ...super.wireRequest(name, request), desk: this.client.state };
  }
}
const desk = new DeskCharts(client, { onScreenOnly: true, lingerMs: 100, mostPoints: 5000 });
desk.register("pie", Pie);
const merge = (all: number[], one: number) => [...all, one];
const pie: OwnChart = desk.show({ chart_id: "orders", kind: "pie", service: "orders", element: "place", merge });
pie.on("data", (data: number[]) => data.length);
const part = { period: "1d", from: "2020-01-01", count: 500 };
const daily = desk.request({ chart_id: 1, exchange: "X", item: "Y", ...part, watch: document.body });
const came: Promise<number> = daily.loadOlder(100);
const older: Older = daily.older;
daily.on("older", ({ isLoading }: Older) => isLoading);
const bid: number | undefined = daily.quote.bid;
const isOpen: boolean = client.state === State.OPEN && CloseCode.NORMAL === 1000;
export { end, endTopic, isSent, name, rows, isOpen, came, older, bid };
"""

SCRIPT = """
const client = new rtc.RTClient();
const charts: rtc.MyCharts = new rtc.MyCharts(client);
"""

MISTAKES = {
    "an option that does not exist": 'new RTClient({ adress: "ws://x/rt/" });',
    "an address that is no text": "new RTClient({ url: 7 });",
    "a request without an item": 'new MyCharts(client).request({ chart_id: "c", exchange: "X", date: "20130301" });',
    "a listener of a topic that does not exist": 'new RTClient().subscribe("weather", {}, { onsnapshot: () => {} });',
    "a shape that is not drawn": (
        'new MyCharts(client).request({ chart_id: "c", exchange: "X", item: "Y", date: "D", shape: "pie" });'
    ),
    "a kind whose class is no View": 'new MyCharts(client).register("pie", class {});',
    "a member that is private": "client.socket;",
}

BINARY = """
import { RpcConsts, RpcException, type CallOptions } from "rtserver-rtc/tce.js";
import { IUserGatewayProxy } from "rtserver-rtc/rtserver.js";

const options: CallOptions = { timeout: 3 };
const proxy = IUserGatewayProxy.create("wss://shop.test/rt/", { timeout: 3 });
const isLate = (error: RpcException): boolean => error.errcode === RpcConsts.RPCERROR_TIMEOUT;
export { options, proxy, isLate };
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that has the library among its packages, without its tests and tools."""
    shutil.copytree(LIBRARY, tmp_path / "node_modules/rtserver-rtc")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    return tmp_path


def compile_strictly(project: Path, *sources: tuple[str, str]) -> None:
    for name, text in sources:
        (project / name).write_text(text)
    run(find_tool("tsc"), *STRICT, *BROWSER, *(name for name, _ in sources), cwd=project)


def test_strict_consumers_compile_and_their_mistakes_are_found(project: Path) -> None:
    """A page and a program with every public name, a classic script with the bundle's global, and what is wrong."""
    reference = '/// <reference path="node_modules/rtserver-rtc/index.d.ts" />\n'
    lines = ['import { MyCharts, RTClient } from "rtserver-rtc";', "const client = new RTClient();"]
    for mistake in MISTAKES.values():
        # An expected error that does not come is an error itself.
        lines += ["// @ts-expect-error", mistake]
    mistakes = ("mistakes.ts", "\n".join(lines))
    compile_strictly(project, ("page.ts", PAGE), ("binary.ts", BINARY), ("script.ts", reference + SCRIPT), mistakes)


def test_a_bundler_leaves_out_what_a_page_does_not_use(project: Path) -> None:
    (project / "page.js").write_text('import { RTError } from "rtserver-rtc";\nconsole.log(RTError.name);\n')
    run(find_tool("esbuild"), "page.js", "--bundle", "--format=esm", "--outfile=out.js", cwd=project)
    made = (project / "out.js").read_text()
    assert "var RTError = " in made
    assert "WebSocket" not in made
    assert "MyCharts" not in made


def test_an_import_for_its_own_sake_brings_nothing(project: Path) -> None:
    (project / "page.js").write_text('import "rtserver-rtc";\n')
    run(find_tool("esbuild"), "page.js", "--bundle", "--format=esm", "--outfile=out.js", cwd=project)
    assert (project / "out.js").read_text().strip() == ""


def test_the_package_has_the_version_of_the_server() -> None:
    assert json.loads((LIBRARY / "package.json").read_text())["version"] == rtserver.__version__
