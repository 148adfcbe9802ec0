/** The library on pages whose scripts have changed what every object inherits. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { toJson } from "../../site/static/js/rtc/json.js";

function run(...changes) {
  const imports = changes.flatMap((name) => ["--import", here(`changed/${name}.mjs`)]);
  const text = execFileSync(process.execPath, [...imports, here("changed/scenario.mjs")], { encoding: "utf8" });
  return text.trim().split("\n");
}

function here(name) {
  return fileURLToPath(new URL(name, import.meta.url));
}

const unchanged = run();

test("an ordinary page sends its messages", () => {
  assert.deepEqual(JSON.parse(unchanged.find((text) => text.includes('"shop"'))).data, {
    cart: [{ items: [1, "two"] }],
    when: "1970-01-01T00:00:00.000Z",
  });
});

test("a page that has frozen what scripts share sends the same", () => assert.deepEqual(run("frozen"), unchanged));

test("a page with an old framework's toJSON sends the same", () => assert.deepEqual(run("to_json"), unchanged));

test("a page with both sends the same", () => assert.deepEqual(run("to_json", "frozen"), unchanged));

test("a class's own toJSON counts", () => {
  class Money {
    toJSON() {
      return "1 EUR";
    }
  }
  assert.equal(toJson([new Money()]), '["1 EUR"]');
});
