/** Shows what the connection does: the pill in the top bar, the badge for a slow one, the banner at its end. */

import { CloseCode } from "../rtc/rtc.module.js";

const STATE_TEXT = {
  connecting: "Connecting",
  open: "Live",
  silent: "No answer",
  waiting: "Reconnecting",
};

/** The banner's words for a close code after which the client does not come back. */
const END_TEXT = {
  [CloseCode.NOT_LOGGED_IN]: { pill: "Signed out", title: "You are not signed in", link: "Sign in" },
  [CloseCode.SESSION_CLOSED]: {
    pill: "Signed out",
    title: "You have been signed out",
    detail: "Your session ended here or in another tab. What you see is no longer updated.",
    link: "Sign in again",
  },
  [CloseCode.KICKED]: {
    pill: "Disconnected",
    title: "You have been disconnected",
    detail: "The server ended this connection.",
    link: "Connect again",
  },
};

const OTHER_END = { pill: "Disconnected", title: "The connection was closed", link: "Connect again" };

export class ConnectionView {
  /** @param {Document} page */
  constructor(page) {
    this.body = page.body;
    this.pillText = page.getElementById("connection-text");
    this.lagBadge = page.getElementById("lag-badge");
    this.banner = page.getElementById("banner");
    this.bannerTitle = page.getElementById("banner-title");
    this.bannerDetail = page.getElementById("banner-detail");
    this.bannerLink = page.getElementById("banner-link");
  }

  /** @param {"connecting" | "open" | "silent" | "waiting" | "closed"} state */
  showState(state) {
    this.body.dataset.connection = state;
    if (state !== "closed") this.pillText.textContent = STATE_TEXT[state];
    // A connection that goes on after a silence lags as it did before.
    if (state !== "open" && state !== "silent") this.showLag(false);
  }

  /** @param {boolean} lagging */
  showLag(lagging) {
    this.lagBadge.hidden = !lagging;
  }

  /** The logout form is on its way. */
  showLeaving() {
    this.showState("closed");
    this.pillText.textContent = "Signing out";
  }

  /**
   * The connection is over for good.
   * @param {number} code
   * @param {string} reason what the server gave with a kick, or the client itself; may be empty
   */
  showEnd(code, reason) {
    const text = END_TEXT[code] ?? OTHER_END;
    this.showState("closed");
    this.pillText.textContent = text.pill;
    this.bannerTitle.textContent = text.title;
    this.bannerDetail.textContent = (code !== CloseCode.SESSION_CLOSED && reason) || text.detail || "";
    this.bannerLink.textContent = text.link;
    this.banner.hidden = false;
  }
}
