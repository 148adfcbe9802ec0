/**
 * The page's end of the JSON protocol (docs/csprotocols.readme.md): messages out, events and answers in.
 *
 * Decides what a message means to the connection: userinfo, answers by id, errors, the server's wish to reconnect.
 * reconnecting_socket.js makes connections, resumption.js catches up after each, my_charts.js brings messages to charts.
 */

/** @import { Clock } from "./clock.js" */
/** @import { Json } from "./json.js" */
/** @import { Message } from "./request_table.js" */
/** @import { OffsetStorage } from "./resumption.js" */
/** @import { Page } from "./page_signs.js" */
/** @import { PresenceListener } from "./presence.js" */
/** @import { Fetch } from "./session_question.js" */
/** @import { TopicListener } from "./topics.js" */
import { socketAddress } from "./address.js";
import { browserClock } from "./clock.js";
import { CloseCode } from "./codes.js";
import { Emitter } from "./emitter.js";
import { Heartbeat } from "./heartbeat.js";
import { ownJson } from "./json.js";
import { browserPage, PageSigns } from "./page_signs.js";
import { Presence } from "./presence.js";
import { ReconnectingSocket, State } from "./reconnecting_socket.js";
import { RequestTable } from "./request_table.js";
import { Resumption, tabStorage } from "./resumption.js";
import { RTError } from "./rt_error.js";
import { sessionAddress } from "./session_question.js";
import { Topics } from "./topics.js";

/** Until the server has said its own. */
const DEFAULT_HEARTBEAT_MS = 30_000;

/** The client's own events. A message of such a type is seen under "message" only, so that none can pose as them. */
const OWN_EVENTS = new Set(["open", "close", "closed", "disposed", "state", "message"]);

/**
 * @typedef {object} UserInfo
 * @property {string} uid this connection's name on the server; tells several tabs of one user apart
 * @property {{id: number | string, name: string}} user text for an id beyond 2^53 - 1, and for one that is no integer
 * @property {{version: string, epoch: string | number}} server
 * @property {number} heartbeat_ms
 * @property {string | null} [offset] pushed messages that are newer come live
 */

export class RTClient {
  /** @type {UserInfo | null} What the server said at the start of this connection; null while there is none. */
  userinfo = null;
  #events = new Emitter();
  #requests;
  #heartbeat;
  #resumption;
  #socket;
  #signs;
  #json;
  #clock;
  /** @type {Topics | null} made for the first subscription */
  #topics = null;
  /** @type {string | null} whose page this is: the user of the first connection since `connect` */
  #userId = null;
  #isDisposed = false;

  /**
   * Connects by itself, and again after every loss that may be mended (see `CloseCode`).
   * @param {object} [options] everything from the environment
   * @param {string | URL} [options.url] absolute or relative; default: /rt/ on the page's own host
   * @param {typeof WebSocket} [options.WebSocket]
   * @param {Clock} [options.clock]
   * @param {() => number} [options.random]
   * @param {OffsetStorage | null} [options.storage] where the offset of the newest pushed message outlives the page, so
   *   that none is missed while it is loaded again; null for nowhere
   * @param {string | URL | null} [options.sessionUrl] where to ask whether the session still holds when attempts are refused:
   *   401 means that it is over. Default: the server itself, at `url`. null: never ask, and go on trying
   * @param {Fetch | null} [options.fetch] how to ask there
   * @param {Json} [options.json] default: as `JSON` does, which reads whole numbers beyond 2^53 as their neighbours
   * @param {Page} [options.page] whose visibility and signs of the network count
   */
  constructor({
    url,
    WebSocket = globalThis.WebSocket,
    clock = browserClock,
    random = Math.random,
    storage = tabStorage(),
    json = ownJson,
    page = browserPage(),
    sessionUrl,
    fetch = globalThis.fetch,
  } = {}) {
    this.#json = json;
    this.#clock = clock;
    const address = socketAddress(url);
    const own = { url: String(sessionUrl ?? sessionAddress(address)), isOwn: sessionUrl === undefined };
    const session = sessionUrl === null || !fetch ? null : { ...own, fetch };
    this.#requests = new RequestTable(clock);
    this.#resumption = new Resumption({ clock, storage }, {
      ask: (offset) => this.send("resume", { offset }),
      seen: (offset) => this.send("seen", { offset }),
      giveUp: (messages) => messages.forEach((message) => this.#pass(message)),
    });
    this.#heartbeat = new Heartbeat(clock, {
      ping: () => this.send("ping"),
      onSilence: (isSilent, silentMs) => this.#onSilence(isSilent, silentMs),
      giveUp: () => this.#socket.drop("the server is silent"),
    });
    this.#socket = new ReconnectingSocket({ url: address, WebSocket, clock, random, session }, {
      onState: (state, delayMs) => this.#onState(state, delayMs),
      onText: (text) => this.#onText(text),
      onClose: (code, reason, isFinal) => this.#onClose(code, reason, isFinal),
    });
    this.#signs = new PageSigns(page, {
      visible: (isVisible) => this.#heartbeat.watch(isVisible),
      wake: () => this.#onWake(),
      forbidden: (forbidden) => this.#onForbidden(forbidden, address),
    });
    this.#socket.connect();
  }

  /**
   * "connecting", "open", "silent" (open, but nothing comes, not even an answer to a ping), "waiting" (for the next
   * attempt) or "closed" (until `connect`).
   */
  get state() {
    return this.#heartbeat.isSilent ? State.SILENT : this.#socket.state;
  }

  /**
   * Listen to an event:
   * - a message type, such as "userinfo" or one's own: `(data, message)`
   * - "resumed", all pushed messages that were missed have come: `({count})`; "resume_lost", some cannot be had any more,
   *   so that the page has to load its state anew: `({reason})`
   * - "error", an error that answers no request of `request`: `(RTError, message)`
   * - "message", every message that answers no request: `(message)`
   * - "state": `(state, {delay_ms, silent_ms})`, in state "waiting" with the time until the next attempt, in state "silent"
   *   with how long nothing has come. While the page is visible, "silent" comes within 10 s. Then follows "open" again, or
   *   the loss of the connection
   * - "open": `()`; "close", each loss: `({code, reason})`; "closed", the client will not come back by itself: the same.
   *   4009, the session is over; 4001, nobody is logged in, or another user than before; 4003, the user was disconnected;
   *   1008, pages of this origin may not connect, or the page's own Content-Security-Policy forbids the address. After a
   *   session that ended it tries once more, with the cookie of then
   * - "disposed": `()`, after `dispose`
   * @param {string} event
   * @param {import("./emitter.js").Listener} listener
   * @returns {() => void} ends it
   */
  on(event, listener) {
    this.#checkAlive();
    return this.#events.on(event, listener);
  }

  /**
   * @param {string} type
   * @param {any} [data]
   * @param {number | string} [id] the server marks its answer, or its error, with it; a text, because `request` numbers
   *   its own from 1 on, and would take an answer with the same number for its own
   * @returns {boolean} whether it was sent: without a connection it is not, and nothing is kept for later
   */
  send(type, data, id) {
    return this.#socket.send(this.#json.stringify({ type, data, id }));
  }

  /**
   * @param {string} type
   * @param {any} [data]
   * @param {{timeoutMs?: number}} [options]
   * @returns {Promise<any>} the answer's data. Rejected with RTError: the server's code, "timeout", or "disconnected"
   */
  request(type, data, { timeoutMs = 10_000 } = {}) {
    if (this.#socket.state !== State.OPEN) return Promise.reject(new RTError("disconnected", "there is no connection", type));
    const { id, answer } = this.#requests.add(timeoutMs);
    this.send(type, data, id);
    return answer;
  }

  /**
   * Follow what a service says to a request: a snapshot, then every update after it, each once and in order. It is asked for
   * on every connection, and what was missed meanwhile comes as updates or as a new snapshot.
   * @param {string} service
   * @param {any} request
   * @param {TopicListener} listener
   * @returns {() => void} ends it
   */
  subscribe(service, request, listener) {
    return this.#liveTopics().subscribe(service, request, listener);
  }

  /**
   * Ask a service for a state once: what a request names that never changes, such as an older part of what is followed.
   * @param {string} service
   * @param {any} request
   * @param {{timeoutMs?: number}} [options]
   * @returns {Promise<any>} the data of the snapshot. Rejected with RTError, as by `request`
   */
  snapshot(service, request, options) {
    return this.#liveTopics().snapshot(service, request, options);
  }

  /**
   * Follow who is present: of "all", of "group:NAME", or of "channel:NAME", in which the user is while the page follows it.
   * @param {string | {scope: string, join?: boolean}} scope `join` false looks at a channel without being in it
   * @param {PresenceListener} [listener]
   * @returns {Presence} who is there, and how to end it
   */
  presence(scope, listener = {}) {
    this.#checkAlive();
    return new Presence(this, scope, listener, this.#clock);
  }

  /** Connect now: after "closed", as whoever is logged in then; or to cut a wait short. */
  connect() {
    this.#checkAlive();
    if (this.state === State.CLOSED) this.#userId = null;
    this.#socket.connect();
  }

  /** Close and stay closed, until `connect`. A closed client has no timer, and nothing of the page refers to it. */
  close() {
    this.#resumption.saySeen();
    this.#socket.close();
  }

  /** Close for ever, and let go of everything: the listeners, and the charts of each MyCharts with their drawings. */
  dispose() {
    if (this.#isDisposed) return;
    this.#isDisposed = true; // before a listener of "closed" connects again
    this.close();
    this.#events.emit("disposed");
    this.#events.clear();
  }

  #liveTopics() {
    this.#checkAlive();
    return (this.#topics ??= new Topics(this, this.#clock));
  }

  /** Raises an error for a client that was given up. */
  #checkAlive() {
    if (this.#isDisposed) throw new Error("this RTClient was disposed of: make a new one");
  }

  /**
   * @param {string} state
   * @param {number} delayMs
   */
  #onState(state, delayMs) {
    if (state === State.CLOSED) this.#signs.stop();
    else this.#signs.start();
    if (state === State.OPEN) this.#heartbeat.start(DEFAULT_HEARTBEAT_MS);
    else this.#forgetConnection();
    this.#events.emit("state", state, { delay_ms: delayMs });
    // A listener may have closed it.
    if (state === State.OPEN && this.#socket.state === State.OPEN) this.#events.emit("open");
  }

  /**
   * @param {boolean} isSilent
   * @param {number} silentMs
   */
  #onSilence(isSilent, silentMs) {
    if (isSilent) this.#events.emit("state", State.SILENT, { delay_ms: 0, silent_ms: silentMs });
    else this.#events.emit("state", State.OPEN, { delay_ms: 0 });
  }

  /**
   * @param {string} forbidden by the page's policy: the beginning of an address, or all of it
   * @param {string} address the server's
   */
  #onForbidden(forbidden, address) {
    // Of a scheme alone nobody knows which of the page's sockets it is about.
    if (!forbidden.includes("://") || !address.startsWith(forbidden)) return;
    this.#socket.forbid(`the page's Content-Security-Policy needs connect-src ${new URL(address).origin}`);
  }

  #onWake() {
    this.#heartbeat.probe();
    this.#socket.hurry();
  }

  #forgetConnection() {
    this.userinfo = null;
    this.#heartbeat.stop();
    this.#resumption.end();
    this.#requests.rejectAll(new RTError("disconnected", "the connection was lost before the answer"));
  }

  /**
   * @param {number} code
   * @param {string} reason
   * @param {boolean} isFinal
   */
  #onClose(code, reason, isFinal) {
    this.#events.emit("close", { code, reason });
    if (isFinal && this.state === State.CLOSED) this.#events.emit("closed", { code, reason });
  }

  /** @param {string} text */
  #onText(text) {
    this.#heartbeat.heard();
    if (this.#socket.state !== State.OPEN) return; // a listener of "state" has closed it
    const message = parseMessage(text, this.#json);
    if (message === null) this.#events.emit("error", new RTError("bad_json", "the server sent what is no message"));
    else if (!this.#requests.settle(message)) for (const each of this.#resumption.receive(message)) this.#pass(each);
  }

  /** @param {Message} message */
  #pass(message) {
    const { type, data } = message;
    if (type === "userinfo" && this.#isOtherUser(data)) {
      this.#socket.close(CloseCode.NOT_LOGGED_IN, "another user is signed in");
      return;
    }
    if (type === "userinfo") this.#onUserInfo(data);
    if (type === "reconnect" && data?.after_ms >= 0) this.#socket.comeBackAfter(data.after_ms);
    this.#events.emit("message", message);
    if (!OWN_EVENTS.has(type)) this.#events.emit(type, type === "error" ? RTError.fromData(data) : data, message);
    if (type === "userinfo" && data?.user) this.#resumption.begin(data);
  }

  /**
   * The browser may have the cookie of somebody else by now, to whom this page does not belong.
   * @param {UserInfo} userinfo
   */
  #isOtherUser(userinfo) {
    const id = userinfo?.user?.id;
    if (id === undefined) return false;
    this.#userId ??= String(id);
    return this.#userId !== String(id);
  }

  /** @param {UserInfo} userinfo */
  #onUserInfo(userinfo) {
    this.userinfo = userinfo;
    if (userinfo?.heartbeat_ms > 0) this.#heartbeat.start(userinfo.heartbeat_ms);
  }
}

/**
 * @param {string} text
 * @param {Json} json
 * @returns {Message | null} null: not JSON, or not a message
 */
function parseMessage(text, json) {
  try {
    const message = json.parse(text);
    return typeof message?.type === "string" ? message : null;
  } catch {
    return null;
  }
}
