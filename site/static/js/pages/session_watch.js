/**
 * A handshake that is refused because the session is over looks to a script like a server that is away. So while the
 * client waits for its next attempt, the site is asked whether the session still holds.
 */

/**
 * @param {import("../rtc/index.js").RTClient} client
 * @param {string} sessionUrl answers 401 when the session is over; any other answer, or none, proves nothing
 * @param {() => void} onSignedOut called once, after the client was closed
 * @param {typeof fetch} [ask] how the site is asked
 */
export function watchSession(client, sessionUrl, onSignedOut, ask = (...request) => fetch(...request)) {
  let isAsking = false;

  async function check() {
    if (isAsking) return;
    isAsking = true;
    const isOver = await isSessionOver(sessionUrl, ask);
    isAsking = false;
    if (!isOver || client.state === "open" || client.state === "closed") return;
    client.close();
    onSignedOut();
  }

  client.on("state", () => {
    if (client.state === "waiting") check();
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
