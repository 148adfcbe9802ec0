// Every kind of call in JavaScript, once: the same in Node and in a page.
import { RpcConsts } from "../../../site/static/js/rtc/tce.js";
import { ITerminalGatewayServerProxy, ServerProxy } from "./test.js";

const prx = ServerProxy.create("ws://localhost:16006/");

// Two-way: a promise of the answer.
console.log(await prx.echo("hello"));
console.log(await prx.echo("hello", { timeout: 5, extra: { voice: "loud" } }));
console.log(await prx.datetime());
await prx.timeout(1, { timeout: 0.1 }).catch((error) => console.log(error.what()));
await prx.echo("").catch((error) => console.log(error.errcode === RpcConsts.RPCERROR_REMOTEMETHOD_EXCEPTION));

// One-way: for operations that return nothing.
prx.heartbeat_oneway("hi", { extra: { from: "calls.mjs" } });

// With callbacks, as users of the original library know it: callback, error, extra, cookie.
const both = (say) => new Promise((done) => say(done));
await both((done) => {
  prx.echo_async("pingpang", (text, proxy, cookie) => done(console.log(text, cookie)), null, { voice: "loud" }, "c");
});
await both((done) => {
  prx.echo_async("", null, (error, proxy, cookie) => done(console.log(error.errcode, cookie)), null, "d");
});

// Another interface over the same connection.
await ITerminalGatewayServerProxy.createWithProxy(prx).ping();
prx.conn.close();
