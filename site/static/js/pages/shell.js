/**
 * The frame of every page behind the login: one client, the connection's state, notices, who is online. Which page it surrounds it does
 * not know; a page calls `startShell` once and goes on with the client it gets back.
 */

import { RTClient } from "../rtc/rtc.module.js";
import { ConnectionView } from "./connection_view.js";
import { NoticeLog } from "./notice_log.js";
import { PeopleView } from "./people_view.js";
import { tabStorage } from "./tab_storage.js";
import { Toasts } from "./toasts.js";

/**
 * Connects and brings the frame to life. The page's settings are in the body's data attributes.
 *
 * @returns {{client: RTClient, notices: NoticeLog}}
 */
export function startShell() {
  const { websocketUrl, sessionUrl, userId } = document.body.dataset;
  // The site answers for itself: its policy lets pages ask nobody else, also where the server is at another port.
  const client = new RTClient({ url: websocketUrl || undefined, sessionUrl });
  const notices = new NoticeLog(tabStorage(), userId);
  const connection = new ConnectionView(document);

  // For tests and for curious people with a console.
  window.__rtc = { client, charts: null };

  client.on("state", (state) => connection.showState(state));
  const stopShowingEnd = client.on("closed", ({ code, reason }) => connection.showEnd(code, reason));
  connection.showState(client.state);
  showNotices(client, notices, connection);
  showPeople(client);
  document.getElementById("logout-form").addEventListener("submit", () => {
    // Only the other tabs have to be told; and the next user of this one finds nothing to read.
    stopShowingEnd();
    client.close();
    notices.clear();
    connection.showLeaving();
  });
  return { client, notices };
}

/** Whoever has a page open anywhere is online, and stays so for ten seconds after the last one. */
function showPeople(client) {
  const people = new PeopleView(document);
  const show = () => people.show(presence.users);
  const presence = client.presence("all", { onSync: show, onJoin: show, onLeave: show, onError: () => people.hide() });
}

/**
 * A notice with a text is a toast and an entry in the log, under the time at which it was sent: it may have waited for
 * its user. One that says `lag` is about this connection.
 */
function showNotices(client, notices, connection) {
  const toasts = new Toasts(document.getElementById("toasts"));
  client.on("notice", (data, { offset }) => {
    if (data?.code === "lag") connection.showLag(Boolean(data.lagging));
    if (typeof data?.text !== "string") return;
    notices.add(data.text, timeOf(offset) ?? Date.now());
    toasts.show(data.text);
  });
  client.on("resume_lost", () => toasts.show("Some notices have been lost, and cannot be had any more."));
}

/** @param {string | undefined} offset milliseconds, a dash, a number */
function timeOf(offset) {
  return offset === undefined ? null : Number(offset.split("-")[0]);
}
