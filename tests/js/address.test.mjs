/** The WebSocket's address from what the page says and where the page comes from. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { socketAddress } from "../../site/static/js/rtc/address.js";
import { RTClient } from "../../site/static/js/rtc/index.js";
import { FakeClock } from "./fake_clock.mjs";
import { fakeNetwork } from "./fake_websocket.mjs";

function scope(href, baseURI) {
  return { location: { href }, document: baseURI === undefined ? undefined : { baseURI } };
}

test("a page connects to its own host, as securely as it was loaded", () => {
  assert.equal(socketAddress(undefined, scope("http://shop.test:8000/a/b?c#d", "http://shop.test:8000/")), "ws://shop.test:8000/rt/");
  assert.equal(socketAddress(undefined, scope("https://shop.test/", "https://shop.test/")), "wss://shop.test/rt/");
  assert.equal(socketAddress(undefined, scope("https://[2001:db8::1]:8443/")), "wss://[2001:db8::1]:8443/rt/");
});

test("the page's host counts, not that of its base element", () => {
  assert.equal(socketAddress(undefined, scope("https://shop.test/", "https://cdn.test/")), "wss://shop.test/rt/");
});

test("a document without a host uses that of the document which made it", () => {
  assert.equal(socketAddress(undefined, scope("about:srcdoc", "https://shop.test/cart/")), "wss://shop.test/rt/");
  assert.equal(socketAddress(undefined, scope("about:blank", "http://shop.test/")), "ws://shop.test/rt/");
  assert.equal(socketAddress(undefined, scope("blob:https://shop.test/0815")), "wss://shop.test/rt/");
  assert.equal(socketAddress(undefined, scope("blob:http://shop.test/0815", "blob:http://shop.test/0815")), "ws://shop.test/rt/");
});

test("a relative address, and one of HTTP, become a WebSocket's", () => {
  const page = scope("https://shop.test/cart/", "https://shop.test/cart/");
  assert.equal(socketAddress("/live/rt/", page), "wss://shop.test/live/rt/");
  assert.equal(socketAddress("https://rt.test/rt/?a=1#part", page), "wss://rt.test/rt/?a=1");
  assert.equal(socketAddress(new URL("http://rt.test/rt/"), page), "ws://rt.test/rt/");
  assert.equal(socketAddress("//rt.test/rt/", page), "wss://rt.test/rt/");
});

test("an absolute address needs no page", () => {
  assert.equal(socketAddress("ws://rt.test/rt/", {}), "ws://rt.test/rt/");
});

for (const [name, page] of [
  ["about:blank", scope("about:blank", "about:blank")],
  ["file:", scope("file:///home/page.html", "file:///home/page.html")],
  ["data:", scope("data:text/html,x", "data:text/html,x")],
  ["blob: without an origin", scope("blob:null/0815", "blob:null/0815")],
  ["no document at all", {}],
]) {
  test(`a document without any host is told to pass an address: ${name}`, () => {
    assert.throws(() => socketAddress(undefined, page), { name: "TypeError", message: /pass `url`/ });
    assert.throws(() => socketAddress("/rt/", page), { name: "TypeError", message: /pass `url`/ });
  });
}

for (const url of ["ftp://rt.test/rt/", "mailto:someone", "wss://", "ws://rt.test:99999/", "javascript:1", "ws://exa mple/"]) {
  test(`no WebSocket has the address ${url}`, () => {
    assert.throws(() => socketAddress(url, scope("https://shop.test/")), { name: "TypeError", message: /no WebSocket has the address/ });
  });
}

test("a client says at once that it has no host, and opens nothing", () => {
  const network = fakeNetwork();
  assert.throws(() => new RTClient({ WebSocket: network.WebSocket, clock: new FakeClock() }), /pass `url`/);
  assert.equal(network.sockets.length, 0);
});
