/** Both ends of a TCE connection over a fake network: what a client sends as messages, and what a server answers. */
import { decodeExtra, decodeMessage, encodeExtra, encodeMessage } from "../../site/static/js/rtc/tce/message.js";
import { buildPacket, PacketReader } from "../../site/static/js/rtc/tce/packet.js";
import { RpcConnection } from "../../site/static/js/rtc/tce.js";
import { FakeClock } from "./fake_clock.mjs";
import { fakeNetwork } from "./fake_websocket.mjs";

export const CALL = 0x01;
export const RETURN = 0x02;
export const ONEWAY = 0x20;
export const ASYNC = 0x40;

/** A connection with a network and a clock of its own, and all that it reports. Delays are the longest possible. */
export function startConnection(options = {}) {
  const clock = new FakeClock();
  const network = fakeNetwork();
  const reported = [];
  const report = (error) => reported.push(error);
  const environment = { WebSocket: network.WebSocket, clock, random: () => 1, report };
  const conn = new RpcConnection("ws://test/rt/", { ...environment, ...options });
  return { clock, network, conn, reported };
}

/** The same, and the server has accepted it. */
export function startOpenConnection(options) {
  const parts = startConnection(options);
  parts.conn.connect();
  parts.network.socket.accept();
  return parts;
}

/** What was sent into a fake socket: one message for each binary message, `extra` decoded. */
export function sentTo(socket) {
  return socket.sent.map((bytes) => {
    const [message, ...more] = messagesOf(bytes);
    if (more.length > 0) throw new Error("more than one packet in a message");
    return message;
  });
}

/** All messages of some bytes. */
export function messagesOf(bytes) {
  const reader = new PacketReader();
  reader.feed(bytes);
  const messages = [];
  for (let packet = reader.next(); packet !== null; packet = reader.next()) {
    const message = decodeMessage(packet.body);
    messages.push({ ...message, extra: { ...decodeExtra(message.extraBytes) } });
  }
  return messages;
}

/** A packet as a peer would send it; what is left out is 0 or empty. */
export function packetOf({ extra = {}, params = [], ...fields }) {
  const numbers = { sequence: 0, calltype: RETURN, ifidx: 0, opidx: 0, errcode: 0, paramsize: 0, callId: 0 };
  const message = { ...numbers, extraBytes: encodeExtra(extra), params: Uint8Array.from(params), ...fields };
  return buildPacket(encodeMessage(message));
}

/** The server sends these bytes in one binary message. */
export function deliver(socket, ...pieces) {
  socket.deliver(joined(pieces).buffer);
}

export function joined(pieces) {
  const bytes = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

export function fromHex(hex) {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

export function toHex(bytes) {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

/** The parameters of one string. */
export function text(value) {
  const bytes = new TextEncoder().encode(value);
  return [0, 0, 0, bytes.length, ...bytes];
}

/** Everything that was only waiting for its turn has run. */
export function turn() {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Numbers from 0 up to, not including, 1: the same ones for the same seed (mulberry32). */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
