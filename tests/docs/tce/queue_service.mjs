// A service in another language: what docs/tce/queues.md says, and nothing else. It gives back what it gets.
//
//     node queue_service.mjs PORT QUEUE SCRIPTS
//
// SCRIPTS is the folder of the registry's scripts. It says "ready" when it holds its lease, and drains at SIGTERM.

import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { Redis } from "./redis_words.mjs";

const [port, queue, scripts] = process.argv.slice(2);
const GROUP = "workers";
const LEASE_MS = 10_000;
const [CALL, RETURN, ONEWAY] = [1, 2, 0x20];
const HEAD_BYTES = 21;
const CONNECTION_LOST = 104;
const KEYS = ["leases", "leases:end", "leases:load", "leases:told", "leases:grave", "leases:changes", "leases:number"];
const BURY = `
if #redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[2], ARGV[2], 1) == 0 then return 0 end
redis.call('DEL', KEYS[1] .. ':none')
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[3], '*', unpack(ARGV, 4))
redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
redis.call('XDEL', KEYS[1], ARGV[2])
return 1`;

const words = new Redis(Number(port));
const waits = new Redis(Number(port)); // its commands wait in Redis
const name = `${os.hostname()}:${process.pid}:${Math.random().toString(16).slice(2)}`;
const reader = `lease:${name}`;
const registry = fs.readFileSync(path.join(scripts, "registry.lua"), "utf8");
let isDraining = false;

// The registry of leases.

function run(script, ...argv) {
    const text = registry + fs.readFileSync(path.join(scripts, `${script}.lua`), "utf8");
    const keys = KEYS.map((key) => `{tce}:${key}`);
    return words.call("EVAL", text, keys.length, ...keys, "{tce}:held:", 1000, 3600, ...argv);
}

async function join(reads, replaces) {
    const record = { kind: "service", name, reads, holds: [], sharing: "", since: Date.now() / 1000 };
    const [number] = await run("join", JSON.stringify(record), LEASE_MS, replaces);
    return number.toString();
}

async function living() {
    const [seconds, micros] = await words.call("TIME");
    const now = Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
    const numbers = await words.call("ZRANGE", "{tce}:leases:end", `(${now}`, "+inf", "BYSCORE");
    const records = numbers.length ? await words.call("HMGET", "{tce}:leases", ...numbers) : [];
    return new Set(records.filter(Boolean).map((raw) => JSON.parse(raw).name));
}

// Messages.

function entryOf([id, fields]) {
    const found = new Map();
    for (let n = 0; n < fields.length; n += 2) found.set(fields[n].toString(), fields[n + 1]);
    return { id: id.toString(), fields, body: found.get("body"), expires: found.get("expires"), found };
}

function extrasOf(body) {
    const extras = new Map();
    let at = HEAD_BYTES;
    const text = () => {
        const begin = at + 4;
        at = begin + body.readUInt32BE(at);
        return body.toString("utf8", begin, at);
    };
    for (let count = body.readUInt32BE(17); count > 0; count -= 1) extras.set(text(), text());
    return { extras, params: body.subarray(at) };
}

function answerOf(body, errcode, isVoid) {
    const { params } = extrasOf(body);
    const head = Buffer.from(body.subarray(0, body.length - params.length));
    head[5] = RETURN;
    head.writeUInt16BE(0, 8);
    head.writeUInt32BE(errcode, 10);
    head[14] = isVoid ? 0 : 1;
    return Buffer.concat(isVoid ? [head] : [head, params]);
}

async function answer(entry, errcode = 0) {
    const calltype = entry.body[5];
    if (!(calltype & CALL) || calltype & ONEWAY) return;
    await words.call("XADD", extrasOf(entry.body).extras.get("__mq_return__"), "*", "body",
        answerOf(entry.body, errcode, errcode !== 0));
}

function acknowledge(id) {
    words.call("MULTI");
    words.call("XACK", queue, GROUP, id);
    words.call("XDEL", queue, id);
    return words.call("EXEC");
}

function bury(entry, reason, detail) {
    return words.call("EVAL", BURY, 2, queue, `{${queue}}:dead`, GROUP, entry.id, 10000,
        "reason", reason, "detail", detail, "at", Date.now(), ...entry.fields);
}

async function serve(entry, tries) {
    if (entry.expires && Number(entry.expires) <= Date.now()) {
        await bury(entry, "expired", "its time is over");
    } else if (tries > 1 && `${entry.found.get("h:idempotent")}` !== "true") {
        await answer(entry, CONNECTION_LOST);
        await bury(entry, "unfinished", "the service that had taken the call is gone");
    } else {
        await answer(entry);
        await acknowledge(entry.id);
    }
}

async function claim() {
    const [, , , holding] = await words.call("XPENDING", queue, GROUP);
    const live = await living();
    for (const [owner] of holding ?? []) {
        if (!`${owner}`.startsWith("lease:") || live.has(`${owner}`.slice("lease:".length))) continue;
        for (const [id, , , tries] of await words.call("XPENDING", queue, GROUP, "-", "+", 10, owner)) {
            const entries = await words.call("XCLAIM", queue, GROUP, reader, 0, id);
            for (const raw of entries) await serve(entryOf(raw), tries + 1);
        }
    }
}

let number = await join([queue], 0);
const renewal = setInterval(() => run("renew", number, LEASE_MS), LEASE_MS / 3);
await words.call("XGROUP", "CREATE", queue, GROUP, "0", "MKSTREAM").catch(() => {});
process.on("SIGTERM", () => {
    isDraining = true;
});
console.log("ready");
while (!isDraining) {
    await claim();
    const found = await waits.call("XREADGROUP", "GROUP", GROUP, reader, "COUNT", 10, "BLOCK", 250, "STREAMS", queue, ">");
    for (const raw of found ? found[0][1] : []) await serve(entryOf(raw), 1);
}
number = await join([], number);
clearInterval(renewal);
await run("leave", number);
words.close();
waits.close();
