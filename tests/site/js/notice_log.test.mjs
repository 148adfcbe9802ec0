import assert from "node:assert/strict";
import { test } from "node:test";

import { NoticeLog } from "../../../site/static/js/pages/notice_log.js";

/** The part of the browser's Storage that the log uses. */
class MemoryStorage {
  items = new Map();
  getItem = (key) => this.items.get(key) ?? null;
  setItem = (key, value) => void this.items.set(key, value);
}

test("notices are kept newest first and survive a change of page", () => {
  const storage = new MemoryStorage();
  const log = new NoticeLog(storage, "1");
  log.add("first", 1);
  log.add("second", 2);
  assert.deepEqual(new NoticeLog(storage, "1").notices, [{ text: "second", time: 2 }, { text: "first", time: 1 }]);
});

test("another user of the same tab sees none of them", () => {
  const storage = new MemoryStorage();
  new NoticeLog(storage, "1").add("for one", 1);
  assert.deepEqual(new NoticeLog(storage, "2").notices, []);
});

test("only the newest two hundred stay", () => {
  const log = new NoticeLog(new MemoryStorage(), "1");
  for (let index = 1; index <= 250; index += 1) log.add(`notice ${index}`, index);
  assert.equal(log.notices.length, 200);
  assert.equal(log.notices[0].text, "notice 250");
  assert.equal(log.notices[199].text, "notice 51");
});

test("a watcher is told at once and after every change", () => {
  const log = new NoticeLog(new MemoryStorage(), "1");
  const lengths = [];
  log.watch((notices) => lengths.push(notices.length));
  log.add("one", 1);
  log.clear();
  assert.deepEqual(lengths, [0, 1, 0]);
});

test("a storage that is full or broken costs no notice", () => {
  const storage = new MemoryStorage();
  storage.setItem = () => {
    throw new Error("quota");
  };
  storage.getItem = () => "{broken";
  const log = new NoticeLog(storage, "1");
  log.add("still here", 1);
  assert.equal(log.notices[0].text, "still here");
});
