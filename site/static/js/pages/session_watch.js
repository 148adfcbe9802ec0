/**
 * A handshake that is refused because the session is over looks to a script like a server that is away. So whenever an
 * attempt fails, the site is asked whether the browser's session still holds.
 */

import { CloseCode } from "../rtc/index.js";

/**
 * @param {import("../rtc/index.js").RTClient} client
 * @param {string} sessionUrl answers 401 when the session is over; any other answer, or none, proves nothing
 * @param {() => void} onSignedOut called once, after the client was closed
 * @param {typeof fetch} [ask] how the site is asked
 */
export function watchSession(client, sessionUrl, onSignedOut, ask = (...request) => fetch(...request)) {
  let isAsking = false;

  async function endIfOver() {
    if (isAsking) return;
    isAsking = true;
    const isOver = await isSessionOver(sessionUrl, ask);
    isAsking = false;
    if (!isOver || client.state === "open" || client.state === "closed") return;
    client.close();
    onSignedOut();
  }

  /** The attempt after 4009 may as well have failed because the server was away or full. */
  async function goOnUnlessOver() {
    if (await isSessionOver(sessionUrl, ask)) onSignedOut();
    else if (client.state === "closed") client.connect();
  }

  client.on("close", ({ code }) => {
    // After 4009 the client is about to try with what may be a new cookie, which may not have come yet.
    if (client.state === "waiting" && code !== CloseCode.SESSION_CLOSED) endIfOver();
  });
  client.on("closed", ({ code }) => {
    if (code === CloseCode.SESSION_CLOSED) goOnUnlessOver();
  });
}

async function isSessionOver(sessionUrl, ask) {
  try {
    const response = await ask(sessionUrl, { cache: "no-store" });
    return response.status === 401;
  } catch {
    return false; // the site is away as well
  }
}
