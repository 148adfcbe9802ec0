/** Runs all tests of the browser library in one process: one for each file costs more than the tests. */

import { readdirSync } from "node:fs";

const here = new URL(".", import.meta.url);
const names = readdirSync(here).filter((name) => name.endsWith(".test.mjs"));
if (names.length === 0) throw new Error(`no tests in ${here}`);
for (const name of names.sort()) await import(new URL(name, here));
