/** The page of notices: the tab's log as a list, and a button that empties it. */

import { startShell } from "./shell.js";

const FORMAT = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });

const list = document.getElementById("notice-list");
const empty = document.getElementById("notice-empty");
const clearButton = document.getElementById("clear-notices");
const { notices } = startShell();
let newestShown = notices.notices[0]?.time ?? 0;

/** @param {import("./notice_log.js").Notice} notice */
function buildEntry({ text, time }) {
  const entry = document.createElement("li");
  entry.className = time > newestShown ? "notice is-new" : "notice";
  const when = document.createElement("time");
  when.dateTime = new Date(time).toISOString();
  when.textContent = FORMAT.format(time);
  const what = document.createElement("p");
  what.className = "notice-text";
  what.textContent = text;
  entry.append(when, what);
  return entry;
}

notices.watch((all) => {
  list.replaceChildren(...all.map(buildEntry));
  empty.hidden = all.length > 0;
  clearButton.hidden = all.length === 0;
  newestShown = all[0]?.time ?? newestShown;
});
clearButton.addEventListener("click", () => notices.clear());
