/** The byte vectors that all implementations share, with their values as JavaScript has them. */
import { readFileSync } from "node:fs";
import * as tce from "../../site/static/js/rtc/tce.js";
import * as vec from "./generated/vec.js";
import { fromHex, toHex } from "./tce_harness.mjs";

// JSON.parse would round a long: integers of more digits than a number holds are read as texts.
const source = readFileSync(new URL("../vectors/tce.json", import.meta.url), "utf8");
const exact = source.replace(/(?<=[[:,\s])-?\d{16,}(?=[\],}\s])/g, '"$&"');

export const vectors = JSON.parse(exact).vectors;

/** The type of the runtime, or of the generated module, for a name in `idl_types`. */
export function typeOf(name) {
  return name in vec ? vec[name] : tce[name];
}

/** A value that was read, in the form that the vectors have: plain objects, longs as texts if they are long. */
export function asVector(value) {
  if (value instanceof Uint8Array) return { bytes: toHex(value) };
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, each]) => [String(key), asVector(each)]));
  if (Array.isArray(value)) return value.map(asVector);
  if (typeof value === "bigint") return Math.abs(Number(value)) < 1e15 ? Number(value) : String(value);
  if (typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, asVector(each)]));
}

/** The pieces in which a vector travels. */
export function piecesOf({ hex, ws_frames: frames }) {
  return (frames ?? [hex]).map(fromHex);
}
