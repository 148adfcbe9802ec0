/** A client, its charts and a TCE call, in a program that was told first what to change. Prints what was sent. */
import assert from "node:assert/strict";
import { MyCharts, RTClient, RTError } from "../../../site/static/js/rtc/index.js";
import { RpcConsts, RpcException } from "../../../site/static/js/rtc/tce.js";
import { IUserGatewayProxy } from "../../../site/static/js/rtc/rtserver.js";
import { FakeClock } from "../fake_clock.mjs";
import { fakeNetwork } from "../fake_websocket.mjs";

const network = fakeNetwork();
const client = new RTClient({ url: "ws://test/rt/", WebSocket: network.WebSocket, clock: new FakeClock(), storage: null });
const say = (text) => network.socket.deliver(text);
network.socket.accept();
say('{"type":"userinfo","data":{"uid":"1","user":{"id":1,"name":"one"},"heartbeat_ms":1000,"offset":"1-0"}}');
const refused = [];
client.on("error", (error) => refused.push(error));
const charts = new MyCharts(client);
const chart = charts.request({ chart_id: "c", exchange: "X", item: "Y", date: "20130301", indicators: ["sma:20", "ema:5"] });
const series = '[{"name":"Y","type":"line","data":[[1,2]]}]';
const picture = `{"legends":[],"xAxis":{"data":[1]},"yAxis":[{"name":""}],"series":${series}}`;
say(`{"type":"mycharts","data":{"type":"render","update":"static","chart_id":"c","seq":1,"chart":${picture}}}`);
assert.deepEqual(Array.from(chart.series[0].points(), (point) => point[1]), [2]);
say('{"type":"error","data":{"code":"forbidden","message":"no"}}');
assert.equal(`${refused[0].name} ${refused[0].code}`, "RTError forbidden");
const when = new Date(0);
client.send("shop", { cart: [{ items: [1, "two"] }], when });
const answer = client.request("total", [1, [2]]);
client.close();
await assert.rejects(answer, (error) => error instanceof RTError && error.code === "disconnected");

const binary = fakeNetwork();
const proxy = IUserGatewayProxy.create("ws://test/rt/", { WebSocket: binary.WebSocket, clock: new FakeClock() });
const call = proxy.ping("text");
proxy.conn.close();
await assert.rejects(call, (error) => error instanceof RpcException && error.name.startsWith("RPCERROR_"));
assert.equal(new RpcException(RpcConsts.RPCERROR_TIMEOUT).name, "RPCERROR_TIMEOUT");

for (const text of network.socket.sent) console.log(text);
