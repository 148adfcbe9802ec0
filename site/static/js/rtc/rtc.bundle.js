// Made by npm run bundle from the modules beside it; a test compares the two.
"use strict";
var rtc = (() => {
  var __defProp = Object.defineProperty;
  var __getOwnPropDesc = Object.getOwnPropertyDescriptor;
  var __getOwnPropNames = Object.getOwnPropertyNames;
  var __hasOwnProp = Object.prototype.hasOwnProperty;
  var __export = (target, all) => {
    for (var name in all)
      __defProp(target, name, { get: all[name], enumerable: true });
  };
  var __copyProps = (to, from, except, desc) => {
    if (from && typeof from === "object" || typeof from === "function") {
      for (let key of __getOwnPropNames(from))
        if (!__hasOwnProp.call(to, key) && key !== except)
          __defProp(to, key, { get: () => from[key], enumerable: !(desc = __getOwnPropDesc(from, key)) || desc.enumerable });
    }
    return to;
  };
  var __toCommonJS = (mod) => __copyProps(__defProp({}, "__esModule", { value: true }), mod);

  // site/static/js/rtc/index.js
  var index_exports = {};
  __export(index_exports, {
    Chart: () => Chart,
    CloseCode: () => CloseCode,
    MyCharts: () => MyCharts,
    RTClient: () => RTClient,
    RTError: () => RTError,
    State: () => State,
    darkPalette: () => darkPalette,
    lightPalette: () => lightPalette,
    mayReconnect: () => mayReconnect,
    mayTryOnce: () => mayTryOnce,
    preferredPalette: () => preferredPalette
  });

  // site/static/js/rtc/clock.js
  var browserClock = Object.freeze({
    now: () => performance.now(),
    setTimeout: (run, delayMs) => setTimeout(run, delayMs),
    clearTimeout: (handle) => clearTimeout(handle)
  });

  // site/static/js/rtc/codes.js
  var CloseCode = Object.freeze({
    NORMAL: 1e3,
    GOING_AWAY: 1001,
    PROTOCOL_ERROR: 1002,
    UNSUPPORTED_DATA: 1003,
    NO_STATUS: 1005,
    ABNORMAL: 1006,
    INVALID_TEXT: 1007,
    POLICY_VIOLATION: 1008,
    MESSAGE_TOO_BIG: 1009,
    MANDATORY_EXTENSION: 1010,
    INTERNAL_ERROR: 1011,
    NOT_LOGGED_IN: 4001,
    KICKED: 4003,
    SESSION_CLOSED: 4009,
    DRAINING: 4101,
    TOO_SLOW: 4108,
    TOO_MANY: 4129
  });
  function mayReconnect(code) {
    return !(code === CloseCode.NORMAL || code >= 4e3 && code <= 4099);
  }
  function mayTryOnce(code) {
    return code === CloseCode.SESSION_CLOSED;
  }

  // site/static/js/rtc/emitter.js
  var Emitter = class {
    /** @type {Map<string, {listener: Listener}[]>} An array is never changed, so that `emit` may walk it as it is. */
    #entries = /* @__PURE__ */ new Map();
    #report;
    /** @param {(error: unknown) => void} [report] gets what a listener throws */
    constructor(report = (error) => console.error(error)) {
      this.#report = report;
    }
    /**
     * Call `listener` for every `event` from now on.
     * @param {string} event
     * @param {Listener} listener
     * @returns {() => void} ends it
     */
    on(event, listener) {
      const entry = { listener };
      this.#entries.set(event, [...this.#of(event), entry]);
      return () => this.#remove(event, entry);
    }
    /**
     * Call the listeners in the order they came. One that throws is reported and does not stop the others.
     * @param {string} event
     * @param {...any} args
     */
    emit(event, ...args) {
      for (const { listener } of this.#of(event)) {
        try {
          listener(...args);
        } catch (error) {
          this.#report(error);
        }
      }
    }
    /** End all listeners. */
    clear() {
      this.#entries.clear();
    }
    /** @param {string} event */
    #of(event) {
      return this.#entries.get(event) ?? [];
    }
    /**
     * @param {string} event
     * @param {{listener: Listener}} entry
     */
    #remove(event, entry) {
      const rest = this.#of(event).filter((other) => other !== entry);
      if (rest.length > 0) this.#entries.set(event, rest);
      else this.#entries.delete(event);
    }
  };

  // site/static/js/rtc/heartbeat.js
  var PATIENCE = 1.5;
  var Heartbeat = class {
    #clock;
    #ping;
    #giveUp;
    #intervalMs = 0;
    #heardAt = 0;
    /** @type {number | null} When the silence was answered with a ping; null while it was not. */
    #pingedAt = null;
    /** @type {any} */
    #timer = null;
    /**
     * @param {object} options
     * @param {Clock} options.clock
     * @param {() => void} options.ping asks the other side for a sign of life
     * @param {() => void} options.giveUp is called once, after which the heartbeat has stopped
     */
    constructor({ clock, ping, giveUp }) {
      this.#clock = clock;
      this.#ping = ping;
      this.#giveUp = giveUp;
    }
    /**
     * Begin, or go on with another interval.
     * @param {number} intervalMs
     */
    start(intervalMs) {
      this.stop();
      this.#intervalMs = intervalMs;
      this.heard();
      this.#arm();
    }
    stop() {
      this.#clock.clearTimeout(this.#timer);
      this.#timer = null;
    }
    /** Something came. Called for every message, so it touches no timer: the one that runs finds out by itself. */
    heard() {
      this.#heardAt = this.#clock.now();
      this.#pingedAt = null;
    }
    #dueAt() {
      if (this.#pingedAt !== null) return this.#pingedAt + PATIENCE * this.#intervalMs;
      return this.#heardAt + this.#intervalMs;
    }
    #arm() {
      this.#timer = this.#clock.setTimeout(() => this.#check(), this.#dueAt() - this.#clock.now());
    }
    #check() {
      if (this.#clock.now() < this.#dueAt()) return this.#arm();
      if (this.#pingedAt !== null) {
        this.stop();
        return this.#giveUp();
      }
      this.#pingedAt = this.#clock.now();
      this.#arm();
      return this.#ping();
    }
  };

  // site/static/js/rtc/backoff.js
  var Backoff = class {
    #random;
    #baseMs;
    #capMs;
    #stableMs;
    #attempts = 0;
    /** @type {number | null} */
    #openedAt = null;
    /**
     * @param {object} options
     * @param {() => number} options.random from 0 up to, not including, 1
     * @param {number} [options.baseMs] the most that the first delay can be
     * @param {number} [options.capMs] the most that any delay can be
     * @param {number} [options.stableMs] a connection that lived this long makes the next delay a first one again
     */
    constructor({ random, baseMs = 500, capMs = 3e4, stableMs = 1e4 }) {
      this.#random = random;
      this.#baseMs = baseMs;
      this.#capMs = capMs;
      this.#stableMs = stableMs;
    }
    /** @param {number} now when the connection was made, in milliseconds */
    onOpen(now) {
      this.#openedAt = now;
    }
    /**
     * A server that accepts and at once hangs up must not be met with quick attempts for ever: only a connection that
     * lived for a while counts as success.
     * @param {number} now when the connection, or the attempt at one, was lost
     * @returns {number} milliseconds until the next attempt
     */
    nextDelayMs(now) {
      if (this.#openedAt !== null && now - this.#openedAt >= this.#stableMs) this.#attempts = 0;
      this.#openedAt = null;
      const limitMs = Math.min(this.#capMs, this.#baseMs * 2 ** this.#attempts);
      this.#attempts += 1;
      return this.#random() * limitMs;
    }
  };

  // site/static/js/rtc/comeback.js
  var NEW_COOKIE_MS = 1e3;
  var Comeback = class {
    #random;
    #backoff;
    /** @type {Verdict | null} how the session ended, until an attempt after that was answered */
    #ended = null;
    /** @type {number | null} */
    #wishedDelayMs = null;
    /** @param {() => number} random from 0 up to, not including, 1 */
    constructor(random) {
      this.#random = random;
      this.#backoff = new Backoff({ random });
    }
    /** @param {number} now when the connection was made, in milliseconds */
    onOpen(now) {
      this.#ended = null;
      this.#backoff.onOpen(now);
    }
    /**
     * The next loss is followed by this delay instead of the backoff's: the server wants to spread its clients.
     * @param {number} delayMs
     */
    wish(delayMs) {
      this.#wishedDelayMs = delayMs;
    }
    /** The owner stays away: what was before does not count for a later connection. */
    forget() {
      this.#ended = null;
      this.#wishedDelayMs = null;
    }
    /**
     * @param {object} loss
     * @param {number} loss.code
     * @param {string} loss.reason
     * @param {boolean} loss.isRefusal an attempt was answered by no; one that was not answered in time is none
     * @param {number} now in milliseconds
     * @returns {Verdict}
     */
    afterLoss({ code, reason, isRefusal }, now) {
      const wishedDelayMs = this.#wishedDelayMs;
      this.#wishedDelayMs = null;
      if (isRefusal && this.#ended !== null) return this.#end(this.#ended.code, this.#ended.reason);
      if (mayTryOnce(code)) {
        this.#ended = { delayMs: null, code, reason };
        return { delayMs: this.#newCookieDelayMs(now), code, reason };
      }
      if (!mayReconnect(code)) return this.#end(code, reason);
      return { delayMs: wishedDelayMs ?? this.#backoff.nextDelayMs(now), code, reason };
    }
    /**
     * @param {number} code
     * @param {string} reason
     */
    #end(code, reason) {
      this.forget();
      return { delayMs: null, code, reason };
    }
    /** @param {number} now The backoff's delay counts, too: a server may accept and close again and again. */
    #newCookieDelayMs(now) {
      return Math.max(NEW_COOKIE_MS * (1 + this.#random()), this.#backoff.nextDelayMs(now));
    }
  };

  // site/static/js/rtc/reconnecting_socket.js
  var State = Object.freeze({
    CONNECTING: "connecting",
    OPEN: "open",
    WAITING: "waiting",
    CLOSED: "closed"
  });
  var ReconnectingSocket = class {
    #url;
    #WebSocket;
    #clock;
    #owner;
    #connectTimeoutMs;
    #comeback;
    /** @type {string} */
    #state = State.CLOSED;
    /** @type {WebSocket | null} */
    #socket = null;
    /** @type {any} The one timer: the connection's deadline while CONNECTING, the next attempt while WAITING. */
    #timer = null;
    /**
     * Does nothing until `connect`.
     * @param {object} options
     * @param {string} options.url
     * @param {typeof WebSocket} options.WebSocket
     * @param {Clock} options.clock
     * @param {() => number} options.random
     * @param {number} [options.connectTimeoutMs]
     * @param {SocketOwner} owner
     */
    constructor({ url, WebSocket, clock, random, connectTimeoutMs = 15e3 }, owner) {
      this.#url = url;
      this.#WebSocket = WebSocket;
      this.#clock = clock;
      this.#owner = owner;
      this.#connectTimeoutMs = connectTimeoutMs;
      this.#comeback = new Comeback(random);
    }
    get state() {
      return this.#state;
    }
    /** Connect now, without waiting any longer. Nothing happens where a connection is there or on its way. */
    connect() {
      if (this.#state === State.OPEN || this.#state === State.CONNECTING) return;
      const socket = new this.#WebSocket(this.#url);
      socket.onopen = () => this.#onOpen();
      socket.onmessage = ({ data }) => typeof data === "string" && this.#owner.onText(data);
      socket.onclose = ({ code, reason }) => this.#onLost(code, reason, this.#state === State.CONNECTING);
      this.#socket = socket;
      this.#wait(() => this.drop("not open in time"), this.#connectTimeoutMs);
      this.#enter(State.CONNECTING);
    }
    /**
     * @param {string} text
     * @returns {boolean} whether it was handed to an open connection
     */
    send(text) {
      if (this.#socket === null || this.#state !== State.OPEN) return false;
      this.#socket.send(text);
      return true;
    }
    /**
     * Close for good: only `connect` brings it back.
     * @param {number} [code] 1000, or 3000 to 4999
     * @param {string} [reason]
     */
    close(code = CloseCode.NORMAL, reason = "") {
      if (this.#state === State.CLOSED) return;
      this.#detach()?.close(code, reason);
      this.#comeback.forget();
      this.#end(code, reason);
    }
    /**
     * Give this connection up as dead and come back by the rules.
     * @param {string} reason
     */
    drop(reason) {
      this.#detach()?.close();
      this.#onLost(CloseCode.ABNORMAL, reason, false);
    }
    /**
     * The next loss is followed by this delay instead of the backoff's: the server wants to spread its clients.
     * @param {number} delayMs
     */
    comeBackAfter(delayMs) {
      this.#comeback.wish(delayMs);
    }
    #onOpen() {
      this.#stopTimer();
      this.#comeback.onOpen(this.#clock.now());
      this.#enter(State.OPEN);
    }
    /**
     * @param {number} code
     * @param {string} reason
     * @param {boolean} isRefusal
     */
    #onLost(code, reason, isRefusal) {
      this.#detach();
      const verdict = this.#comeback.afterLoss({ code, reason, isRefusal }, this.#clock.now());
      if (verdict.delayMs === null) return this.#end(verdict.code, verdict.reason);
      this.#wait(() => this.connect(), verdict.delayMs);
      this.#enter(State.WAITING, verdict.delayMs);
      return this.#owner.onClose(code, reason, false);
    }
    /**
     * @param {number} code
     * @param {string} reason
     */
    #end(code, reason) {
      this.#stopTimer();
      this.#enter(State.CLOSED);
      this.#owner.onClose(code, reason, true);
    }
    /** Stop listening to the socket: what it still brings belongs to a connection that is over. */
    #detach() {
      const socket = this.#socket;
      if (socket !== null) socket.onopen = socket.onmessage = socket.onclose = null;
      this.#socket = null;
      return socket;
    }
    /**
     * @param {string} state
     * @param {number} [delayMs]
     */
    #enter(state, delayMs = 0) {
      this.#state = state;
      this.#owner.onState(state, delayMs);
    }
    /**
     * @param {() => void} run
     * @param {number} delayMs
     */
    #wait(run, delayMs) {
      this.#stopTimer();
      this.#timer = this.#clock.setTimeout(run, delayMs);
    }
    #stopTimer() {
      this.#clock.clearTimeout(this.#timer);
      this.#timer = null;
    }
  };

  // site/static/js/rtc/rt_error.js
  var RTError = class _RTError extends Error {
    /**
     * @param {string} code
     * @param {string} message for a person to read
     * @param {string | null} [type] the message type it is about, where there is one
     */
    constructor(code, message, type = null) {
      super(message);
      this.name = "RTError";
      this.code = code;
      this.type = type;
    }
    /**
     * @param {ErrorData | null | undefined} data what an `error` message carries
     * @returns {RTError}
     */
    static fromData(data) {
      return new _RTError(data?.code ?? "internal", data?.message ?? "an error without a word", data?.type);
    }
  };

  // site/static/js/rtc/request_table.js
  var RequestTable = class {
    #clock;
    /** @type {Map<number | string, Pending>} */
    #pending = /* @__PURE__ */ new Map();
    #lastId = 0;
    /** @param {Clock} clock */
    constructor(clock) {
      this.#clock = clock;
    }
    /** How many wait. */
    get size() {
      return this.#pending.size;
    }
    /**
     * @param {number} timeoutMs
     * @returns {{id: number, answer: Promise<any>}} the id to send; the promise of the answer's data, rejected with RTError
     */
    add(timeoutMs) {
      const id = ++this.#lastId;
      const answer = new Promise((resolve, reject) => {
        const timer = this.#clock.setTimeout(() => this.#expire(id, timeoutMs), timeoutMs);
        this.#pending.set(id, { resolve, reject, timer });
      });
      return { id, answer };
    }
    /**
     * @param {Message} message
     * @returns {boolean} whether it was an answer that somebody waited for
     */
    settle({ type, data, id }) {
      const pending = id === void 0 ? void 0 : this.#take(id);
      if (pending === void 0) return false;
      if (type === "error") pending.reject(RTError.fromData(data));
      else pending.resolve(data);
      return true;
    }
    /**
     * End all that wait.
     * @param {RTError} error
     */
    rejectAll(error) {
      for (const id of [...this.#pending.keys()]) this.#take(id)?.reject(error);
    }
    /** @param {number | string} id */
    #take(id) {
      const pending = this.#pending.get(id);
      if (pending === void 0) return void 0;
      this.#pending.delete(id);
      this.#clock.clearTimeout(pending.timer);
      return pending;
    }
    /**
     * @param {number} id
     * @param {number} timeoutMs
     */
    #expire(id, timeoutMs) {
      this.#take(id)?.reject(new RTError("timeout", `no answer within ${timeoutMs} ms`));
    }
  };

  // site/static/js/rtc/offset.js
  function isNewer(offset, other) {
    return other === null || compareOffsets(offset, other) > 0;
  }
  function compareOffsets(one, other) {
    const [ms, number] = one.split("-");
    const [otherMs, otherNumber] = other.split("-");
    return compareDigits(ms, otherMs) || compareDigits(number, otherNumber);
  }
  function compareDigits(one = "", other = "") {
    if (one.length !== other.length) return one.length - other.length;
    if (one === other) return 0;
    return one < other ? -1 : 1;
  }

  // site/static/js/rtc/resumption.js
  var PATIENCE_MS = 1e4;
  var SEEN_MS = 1e3;
  var KEY = "rtserver:offset:";
  var Resumption = class {
    #clock;
    #storage;
    #on;
    /** @type {string | null} where the newest offset of the user is stored, once there has been one */
    #key = null;
    /** @type {string | null} the newest offset that was passed on */
    #newest = null;
    /** @type {string | null} what is newer than this comes live; null: not known */
    #liveFrom = null;
    /** @type {Message[]} live messages that wait for the end of the resume */
    #held = [];
    /** @type {any} the timer, while a resume is under way */
    #timer = null;
    /** @type {any} the timer, while there is something that the server does not know to be seen */
    #unsaid = null;
    /**
     * @param {object} options
     * @param {Clock} options.clock
     * @param {OffsetStorage | null} options.storage where the newest offset outlives the page; null for nowhere
     * @param {object} on
     * @param {(offset: string | null) => void} on.ask send the question for what lies behind an offset
     * @param {(offset: string) => void} on.seen tell the server that everything up to an offset has come
     * @param {(messages: Message[]) => void} on.giveUp there will be no answer: pass these on
     */
    constructor({ clock, storage }, on) {
      this.#clock = clock;
      this.#storage = storage;
      this.#on = on;
    }
    /**
     * A connection has begun. A server that keeps nothing says no offset, and is asked nothing.
     * @param {{user: {id: number | string}, offset?: string | null}} userinfo
     */
    begin({ user, offset }) {
      if (offset === void 0) return;
      this.#remember(KEY + user.id);
      this.#liveFrom = offset;
      this.#arm();
      this.#on.ask(this.#newest);
    }
    /** Say what has been seen now, not in a moment: the page is about to close. */
    saySeen() {
      if (this.#unsaid === null) return;
      this.#forgetSeen();
      if (this.#newest !== null) this.#on.seen(this.#newest);
    }
    /** The connection has ended: what was held back comes again when the next one resumes. */
    end() {
      this.#disarm();
      this.#forgetSeen();
      this.#held = [];
    }
    /**
     * @param {Message} message
     * @returns {Message[]} what is to be passed on now, in this order: nothing, the message, or others before it
     */
    receive(message) {
      if (typeof message.offset === "string") return this.#receiveKept(message, message.offset);
      if (this.#timer === null || !isEnd(message)) return [message];
      if (message.type === "error") return [...this.#release(), message, lost(message.data?.code)];
      const released = this.#release();
      if (this.#liveFrom !== null) this.#advance(this.#liveFrom);
      return [...released, message];
    }
    /**
     * @param {Message} message
     * @param {string} offset
     */
    #receiveKept(message, offset) {
      if (this.#timer !== null) {
        this.#arm();
        if (this.#liveFrom === null || isNewer(offset, this.#liveFrom)) {
          this.#held.push(message);
          return [];
        }
      }
      return this.#advance(offset) ? [message] : [];
    }
    /** End the resume. @returns {Message[]} */
    #release() {
      this.#disarm();
      this.#saySeenSoon();
      const held = this.#held;
      this.#held = [];
      held.sort((one, other) => compareOffsets(one.offset ?? "", other.offset ?? ""));
      return held.filter((message) => this.#advance(message.offset ?? ""));
    }
    /**
     * @param {string} offset
     * @returns {boolean} whether it is newer than all before
     */
    #advance(offset) {
      if (!isNewer(offset, this.#newest)) return false;
      this.#newest = offset;
      if (this.#key !== null) this.#store(this.#key, offset);
      if (this.#timer === null) this.#saySeenSoon();
      return true;
    }
    /** @param {string} key another one than before is another user's, whose messages are none of the former's */
    #remember(key) {
      if (key === this.#key) return;
      this.#key = key;
      this.#newest = this.#load(key);
    }
    /** @param {string} key */
    #load(key) {
      try {
        const stored = this.#storage?.getItem(key) ?? null;
        return stored !== null && /^\d{1,15}-\d{1,19}$/.test(stored) ? stored : null;
      } catch {
        return null;
      }
    }
    /**
     * @param {string} key
     * @param {string} offset
     */
    #store(key, offset) {
      try {
        this.#storage?.setItem(key, offset);
      } catch {
        this.#storage = null;
      }
    }
    #arm() {
      this.#disarm();
      this.#timer = this.#clock.setTimeout(() => this.#on.giveUp([...this.#release(), lost("timeout")]), PATIENCE_MS);
    }
    #saySeenSoon() {
      this.#unsaid ??= this.#clock.setTimeout(() => this.saySeen(), SEEN_MS);
    }
    #forgetSeen() {
      if (this.#unsaid !== null) this.#clock.clearTimeout(this.#unsaid);
      this.#unsaid = null;
    }
    #disarm() {
      if (this.#timer !== null) this.#clock.clearTimeout(this.#timer);
      this.#timer = null;
    }
  };
  function tabStorage() {
    try {
      return globalThis.sessionStorage ?? null;
    } catch {
      return null;
    }
  }
  function isEnd({ type, data }) {
    return type === "resumed" || type === "resume_lost" || type === "error" && data?.type === "resume";
  }
  function lost(reason = "internal") {
    return { type: "resume_lost", data: { count: 0, offset: null, reason } };
  }

  // site/static/js/rtc/rt_client.js
  var DEFAULT_HEARTBEAT_MS = 3e4;
  var OWN_EVENTS = /* @__PURE__ */ new Set(["open", "close", "closed", "disposed", "state", "message"]);
  var RTClient = class {
    /** @type {UserInfo | null} What the server said at the start of this connection; null while there is none. */
    userinfo = null;
    #events = new Emitter();
    #requests;
    #heartbeat;
    #resumption;
    #socket;
    /** @type {string | null} whose page this is: the user of the first connection since `connect` */
    #userId = null;
    #isDisposed = false;
    /**
     * Connects by itself, and again after every loss that may be mended (see `CloseCode`).
     * @param {object} [options] everything from the environment
     * @param {string} [options.url] default: /rt/ on the page's own host
     * @param {typeof WebSocket} [options.WebSocket]
     * @param {Clock} [options.clock]
     * @param {() => number} [options.random]
     * @param {OffsetStorage | null} [options.storage] where the offset of the newest pushed message outlives the page, so
     *   that none is missed while it is loaded again; null for nowhere
     */
    constructor({
      url,
      WebSocket = globalThis.WebSocket,
      clock = browserClock,
      random = Math.random,
      storage = tabStorage()
    } = {}) {
      this.#requests = new RequestTable(clock);
      this.#resumption = new Resumption({ clock, storage }, {
        ask: (offset) => this.send("resume", { offset }),
        seen: (offset) => this.send("seen", { offset }),
        giveUp: (messages) => messages.forEach((message) => this.#pass(message))
      });
      this.#heartbeat = new Heartbeat({
        clock,
        ping: () => this.send("ping"),
        giveUp: () => this.#socket.drop("the server is silent")
      });
      this.#socket = new ReconnectingSocket({ url: url ?? defaultUrl(), WebSocket, clock, random }, {
        onState: (state, delayMs) => this.#onState(state, delayMs),
        onText: (text) => this.#onText(text),
        onClose: (code, reason, isFinal) => this.#onClose(code, reason, isFinal)
      });
      this.#socket.connect();
    }
    /** "connecting", "open", "waiting" (for the next attempt) or "closed" (until `connect`). */
    get state() {
      return this.#socket.state;
    }
    /**
     * Listen to an event:
     * - a message type, such as "userinfo" or one's own: `(data, message)`
     * - "resumed", all pushed messages that were missed have come: `({count})`; "resume_lost", some cannot be had any more,
     *   so that the page has to load its state anew: `({reason})`
     * - "error", an error that answers no request of `request`: `(RTError, message)`
     * - "message", every message that answers no request: `(message)`
     * - "state": `(state, {delay_ms})`, with the time until the next attempt in state "waiting"
     * - "open": `()`; "close", each loss: `({code, reason})`; "closed", the client will not come back by itself: the same.
     *   After a session that ended (4009) it tries once more, and is "closed" with 4009 if that is refused. Where it would
     *   come back as another user, it is "closed" with 4001.
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
     * @param {number | string} [id] the server marks its answer, or its error, with it
     * @returns {boolean} whether it was sent: without a connection it is not, and nothing is kept for later
     */
    send(type, data, id) {
      return this.#socket.send(JSON.stringify({ type, data, id }));
    }
    /**
     * @param {string} type
     * @param {any} [data]
     * @param {{timeoutMs?: number}} [options]
     * @returns {Promise<any>} the answer's data. Rejected with RTError: the server's code, "timeout", or "disconnected"
     */
    request(type, data, { timeoutMs = 1e4 } = {}) {
      if (this.state !== State.OPEN) return Promise.reject(new RTError("disconnected", "there is no connection", type));
      const { id, answer } = this.#requests.add(timeoutMs);
      this.send(type, data, id);
      return answer;
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
      this.close();
      this.#isDisposed = true;
      this.#events.emit("disposed");
      this.#events.clear();
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
      if (state === State.OPEN) this.#heartbeat.start(DEFAULT_HEARTBEAT_MS);
      else this.#forgetConnection();
      this.#events.emit("state", state, { delay_ms: delayMs });
      if (state === State.OPEN) this.#events.emit("open");
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
      const message = parseMessage(text);
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
      if (id === void 0) return false;
      this.#userId ??= String(id);
      return this.#userId !== String(id);
    }
    /** @param {UserInfo} userinfo */
    #onUserInfo(userinfo) {
      this.userinfo = userinfo;
      if (userinfo?.heartbeat_ms > 0) this.#heartbeat.start(userinfo.heartbeat_ms);
    }
  };
  function defaultUrl() {
    const { protocol, host } = globalThis.location;
    return `${protocol === "https:" ? "wss:" : "ws:"}//${host}/rt/`;
  }
  function parseMessage(text) {
    try {
      const message = JSON.parse(text);
      return typeof message?.type === "string" ? message : null;
    } catch (error) {
      if (error instanceof SyntaxError) return null;
      throw error;
    }
  }

  // site/static/js/rtc/ring_buffer.js
  var RingBuffer = class {
    /** @type {T[]} */
    #items = [];
    #start = 0;
    #capacity;
    /** @param {number} capacity how many are kept, at least 1 */
    constructor(capacity) {
      if (!(capacity >= 1)) throw new RangeError(`capacity must be at least 1, not ${capacity}`);
      this.#capacity = Math.floor(capacity);
    }
    get length() {
      return this.#items.length;
    }
    /** @returns {T | undefined} the newest item */
    get last() {
      return this.length === 0 ? void 0 : this.#items[this.#place(this.length - 1)];
    }
    /**
     * @param {number} index from 0, the oldest, up to, not including, `length`
     * @returns {T}
     */
    at(index) {
      if (!(index >= 0 && index < this.length)) throw new RangeError(`no item ${index} of ${this.length}`);
      return this.#items[this.#place(index)];
    }
    /**
     * @param {T} item
     * @returns {boolean} whether an older one had to go for it
     */
    push(item) {
      if (this.length < this.#capacity) {
        this.#items.push(item);
        return false;
      }
      this.#items[this.#start] = item;
      this.#start = (this.#start + 1) % this.#capacity;
      return true;
    }
    /** @param {T} item takes the newest item's place; there has to be one */
    replaceLast(item) {
      if (this.length === 0) throw new RangeError("no item to replace");
      this.#items[this.#place(this.length - 1)] = item;
    }
    clear() {
      this.#items = [];
      this.#start = 0;
    }
    /** @returns {T[]} oldest first; the caller's own */
    toArray() {
      return [...this.#items.slice(this.#start), ...this.#items.slice(0, this.#start)];
    }
    /** @param {number} index */
    #place(index) {
      const place = this.#start + index;
      return place < this.#items.length ? place : place - this.#items.length;
    }
  };

  // site/static/js/rtc/label_axis.js
  var LabelAxis = class {
    /** @type {RingBuffer<Label>} */
    #labels;
    #capacity;
    #first = 0;
    /** @param {number} capacity how many labels are kept */
    constructor(capacity) {
      this.#capacity = capacity;
      this.#labels = new RingBuffer(capacity);
    }
    /** The ordinal of the oldest label that is kept. */
    get first() {
      return this.#first;
    }
    /** The ordinal that the next new label gets. */
    get end() {
      return this.#first + this.#labels.length;
    }
    /**
     * Start over with these; the newest of them are kept, and their ordinals begin behind those that are not.
     * @param {Label[]} labels
     */
    load(labels) {
      this.#labels.clear();
      this.#first = Math.max(0, labels.length - this.#capacity);
      for (const label of labels.slice(this.#first)) this.#labels.push(label);
    }
    /**
     * Where a point stands that follows the one at ordinal `after`; a label that is not there yet is appended.
     * Series move in step, so the label is nearly always the very next one.
     * @param {Label} label
     * @param {number} after -1 for a series' first point
     * @returns {number} its ordinal
     */
    place(label, after) {
      for (let ordinal = Math.max(after + 1, this.#first); ordinal < this.end; ordinal += 1) {
        if (this.#labels.at(ordinal - this.#first) === label) return ordinal;
      }
      if (this.#labels.push(label)) this.#first += 1;
      return this.end - 1;
    }
    /** @returns {Label[]} oldest first */
    toArray() {
      return this.#labels.toArray();
    }
  };

  // site/static/js/rtc/series.js
  var Series = class {
    /** @type {RingBuffer<Point>} */
    #points;
    /**
     * @param {SeriesData} description as a static render brings it; its points are loaded by `load`
     * @param {number} capacity how many points are kept
     */
    constructor({ name, type, yAxisIndex = 0 }, capacity) {
      this.name = name;
      this.type = type;
      this.yAxisIndex = yAxisIndex;
      this.#points = new RingBuffer(capacity);
    }
    /** @returns {Row | undefined} the newest point */
    get last() {
      return this.#points.last?.row;
    }
    /** @returns {Row[]} `[label, value, ...]`, oldest first */
    points() {
      return this.#points.toArray().map(({ row }) => row);
    }
    /**
     * The points of a static render. One that fell off the axis' old end, or whose label is not on it, is left out.
     * @param {Row[]} rows
     * @param {Label[]} labels all labels of the render
     * @param {number} first the ordinal of the oldest label that the axis kept
     */
    load(rows, labels, first) {
      let ordinal = -1;
      for (const row of rows) {
        const found = labels.indexOf(row[0], ordinal + 1);
        if (found < 0) continue;
        ordinal = found;
        if (ordinal >= first) this.#points.push({ ordinal, row });
      }
    }
    /**
     * A new point, or the last one's newer values when it has the last one's label.
     * @param {Row} row
     * @param {LabelAxis} axis
     */
    put(row, axis) {
      const last = this.#points.last;
      if (last !== void 0 && last.row[0] === row[0]) this.#points.replaceLast({ ordinal: last.ordinal, row });
      else this.#points.push({ ordinal: axis.place(row[0], last?.ordinal ?? -1), row });
    }
    /**
     * @param {number} first the ordinal of the axis' oldest label
     * @returns {(number | null)[][]} `[place on the axis, value, ...]`: what ECharts draws on a category axis
     */
    drawing(first) {
      const data = [];
      for (const { ordinal, row } of this.#points.toArray()) {
        if (ordinal < first) continue;
        const item = (
          /** @type {(number | null)[]} */
          row.slice()
        );
        item[0] = ordinal - first;
        data.push(item);
      }
      return data;
    }
  };

  // site/static/js/rtc/chart.js
  var Chart = class {
    /** @type {string[]} */
    legends = [];
    /** @type {{name: string}[]} */
    yAxis = [];
    /** @type {Series[]} */
    series = [];
    /** The number of the last point that came; 0 before the first render. */
    seq = 0;
    /** Whether points are missing before the last one: the next picture has them. */
    hasGap = false;
    #points;
    /** @type {string | undefined} */
    #epoch;
    #axis;
    #events = new Emitter();
    #isWaiting = true;
    #labelsChanged = false;
    /** @type {Set<number>} */
    #changed = /* @__PURE__ */ new Set();
    #seenFirst = 0;
    /**
     * @param {ChartRequest} request
     * @param {number} points how many points of each series are kept
     */
    constructor(request, points) {
      this.request = request;
      this.chart_id = request.chart_id;
      this.#points = points;
      this.#axis = new LabelAxis(points);
    }
    /**
     * Listen: "render" and "dynamic" bring the data of the `mycharts` message, "error" an RTError. All are called after
     * the chart took the message in.
     * @param {"render" | "dynamic" | "error"} event
     * @param {import("./emitter.js").Listener} listener
     * @returns {() => void} ends it
     */
    on(event, listener) {
      return this.#events.on(event, listener);
    }
    /** @returns {Label[]} the x axis of all series, oldest first */
    labels() {
      return this.#axis.toArray();
    }
    /** The request goes out (again): until its static render is there, what comes belongs to an earlier one. */
    onRequested() {
      this.#isWaiting = true;
    }
    /**
     * @param {Render} render
     * @returns {boolean} whether it counts: what comes of an earlier request does not
     */
    onRender(render) {
      if (render.update === "static") {
        this.#load(render.chart);
        this.hasGap = false;
      } else if (!this.#isWaiting) {
        this.#append(render.chart);
        this.hasGap ||= !this.#isNextTo(render);
      } else {
        return false;
      }
      this.seq = render.seq;
      this.#epoch = render.epoch;
      this.#events.emit(render.update === "static" ? "render" : "dynamic", render);
      return true;
    }
    /** @param {RTError} error the server's answer to this chart's request: no picture will come of it */
    onError(error) {
      this.#isWaiting = this.series.length === 0;
      this.#events.emit("error", error);
    }
    /** @returns {Changes} since the last call */
    takeChanges() {
      const hasMoved = this.#axis.first !== this.#seenFirst;
      const series = hasMoved ? [...this.series.keys()] : [...this.#changed];
      const labels = this.#labelsChanged;
      this.#seenFirst = this.#axis.first;
      this.#labelsChanged = false;
      this.#changed.clear();
      return { labels, series };
    }
    /**
     * @param {number} index of a series
     * @returns {(number | null)[][]} `[place on the axis, value, ...]`
     */
    drawing(index) {
      return this.series[index].drawing(this.#axis.first);
    }
    /** @param {Render} render a server that does not number its messages leaves no gap to be seen */
    #isNextTo({ prev_seq, epoch }) {
      return prev_seq === void 0 || prev_seq === this.seq && epoch === this.#epoch;
    }
    /** @param {StaticChart} chart */
    #load({ legends, xAxis: xAxis2, yAxis: yAxis2, series }) {
      this.legends = legends;
      this.yAxis = yAxis2;
      this.#axis.load(xAxis2.data);
      this.series = series.map((description) => new Series(description, this.#points));
      this.series.forEach((each, index) => each.load(series[index].data, xAxis2.data, this.#axis.first));
      this.#changed = new Set(this.series.keys());
      this.#labelsChanged = true;
      this.#isWaiting = false;
    }
    /** @param {DynamicChart} chart */
    #append({ series: rows }) {
      const end = this.#axis.end;
      for (const [index, ...row] of rows) {
        if (this.series[index] === void 0) continue;
        this.series[index].put(row, this.#axis);
        this.#changed.add(index);
      }
      if (this.#axis.end !== end) this.#labelsChanged = true;
    }
  };

  // site/static/js/rtc/refresh_pace.js
  var FIRST_WAIT_MS = 1e3;
  var LONGEST_WAIT_MS = 3e4;
  var RefreshPace = class {
    #last = -Infinity;
    #waitMs = FIRST_WAIT_MS;
    /**
     * @param {number} now milliseconds
     * @returns {number} milliseconds until the chart may be asked for again; 0 for at once
     */
    delayMs(now) {
      return Math.max(0, this.#last + this.#waitMs - now);
    }
    /** @param {number} now it is asked for again */
    onAsked(now) {
      const isCalm = now - this.#last > LONGEST_WAIT_MS;
      this.#waitMs = isCalm ? FIRST_WAIT_MS : Math.min(2 * this.#waitMs, LONGEST_WAIT_MS);
      this.#last = now;
    }
  };

  // site/static/js/rtc/chart_refresh.js
  var RETRY_MS = 1e3;
  var ChartRefresh = class {
    #clock;
    #ask;
    #pace = new RefreshPace();
    #isWanted = false;
    #isHeld;
    /** @type {any} the timer, while one is armed */
    #timer = null;
    /**
     * @param {Clock} clock
     * @param {() => void} ask
     * @param {boolean} isHeld whether the client lags at the moment
     */
    constructor(clock, ask, isHeld) {
      this.#clock = clock;
      this.#ask = ask;
      this.#isHeld = isHeld;
    }
    /** Something is missing. However often it is said: the picture is asked for once. */
    want() {
      this.#isWanted = true;
      this.#maybeAsk();
    }
    /** The server refused the request, for now. */
    retry() {
      this.#isWanted = true;
      this.#maybeAsk(RETRY_MS);
    }
    /** The client lags: what comes next may be missing something, too. */
    hold() {
      this.#isHeld = true;
      this.#disarm();
    }
    /** It does not lag any more. */
    release() {
      this.#isHeld = false;
      this.#maybeAsk();
    }
    /** There is nothing to be asked for: a picture is on its way, or the chart is given up. */
    cancel() {
      this.#isWanted = false;
      this.#disarm();
    }
    #maybeAsk(leastMs = 0) {
      if (!this.#isWanted || this.#isHeld || this.#timer !== null) return;
      const delayMs = Math.max(leastMs, this.#pace.delayMs(this.#clock.now()));
      if (delayMs > 0) this.#timer = this.#clock.setTimeout(() => this.#onTime(), delayMs);
      else this.#carryOut();
    }
    #onTime() {
      this.#timer = null;
      this.#carryOut();
    }
    #carryOut() {
      this.#isWanted = false;
      this.#pace.onAsked(this.#clock.now());
      this.#ask();
    }
    #disarm() {
      if (this.#timer !== null) this.#clock.clearTimeout(this.#timer);
      this.#timer = null;
    }
  };

  // site/static/js/rtc/label_format.js
  var DAY_MS = 24 * 60 * 60 * 1e3;
  var FULL = new Intl.NumberFormat("en-US", { maximumFractionDigits: 4 });
  var COMPACT = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });
  function axisLabelFormat(labels) {
    const [first, last] = [labels[0], labels[labels.length - 1]];
    if (typeof first !== "number" || typeof last !== "number") return String;
    if (isoDate(first) === isoDate(last)) return (label) => timeOfDay(Number(label));
    const meanStepMs = (last - first) / (labels.length - 1);
    if (meanStepMs >= DAY_MS) return (label) => isoDate(Number(label));
    return (label) => `${isoDate(Number(label)).slice(5)} ${timeOfDay(Number(label)).slice(0, 5)}`;
  }
  function fullLabel(label) {
    if (typeof label !== "number") return label;
    const milliseconds = label % 1e3;
    const fraction = milliseconds === 0 ? "" : `.${String(Math.floor(milliseconds)).padStart(3, "0")}`;
    return `${isoDate(label)} ${timeOfDay(label)}${fraction}`;
  }
  function fullNumber(value) {
    return FULL.format(value);
  }
  function shortNumber(value) {
    return Math.abs(value) < 1e4 ? fullNumber(value) : COMPACT.format(value);
  }
  function isoDate(time) {
    const date = new Date(time);
    return `${date.getFullYear()}-${twoDigits(date.getMonth() + 1)}-${twoDigits(date.getDate())}`;
  }
  function timeOfDay(time) {
    const date = new Date(time);
    return [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(":");
  }
  function twoDigits(number) {
    return String(number).padStart(2, "0");
  }

  // site/static/js/rtc/chart_axis.js
  function xAxis(index, count, labels, { axis, muted }) {
    const { data, axisLabel } = labelling(labels);
    const look2 = { color: muted, fontSize: 11, hideOverlap: true, alignMinLabel: "left", alignMaxLabel: "right" };
    return {
      id: `x${index}`,
      type: "category",
      gridIndex: index,
      data,
      axisLine: { lineStyle: { color: axis } },
      axisTick: { show: false },
      splitLine: { show: false },
      axisLabel: { ...axisLabel, ...look2, show: index === count - 1 },
      axisPointer: { label: { show: false } }
    };
  }
  function labelling(labels) {
    const format = axisLabelFormat(labels);
    return {
      data: labels.map(String),
      axisLabel: { formatter: (text) => format(labelOf(text, labels)) }
    };
  }
  function labelOf(text, labels) {
    return typeof labels[0] === "number" ? Number(text) : text;
  }
  function yAxis(index, startsAtZero2, { grid, muted, text, surface, axis }) {
    return {
      id: `y${index}`,
      type: "value",
      gridIndex: index,
      position: "right",
      scale: !startsAtZero2,
      splitNumber: index === 0 ? 5 : 2,
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: { color: muted, fontSize: 11, hideOverlap: true, formatter: shortNumber },
      splitLine: { lineStyle: { color: grid } },
      axisPointer: {
        label: {
          color: text,
          backgroundColor: surface,
          borderColor: axis,
          borderWidth: 1,
          shadowBlur: 0,
          fontSize: 11,
          padding: [4, 5],
          formatter: ({ value }) => fullNumber(Number(value.toPrecision(6)))
        }
      }
    };
  }

  // site/static/js/rtc/panel_layout.js
  var HEADER_PX = 34;
  var FOOTER_PX = 52;
  var GAP_PX = 22;
  var MAIN_WEIGHT = 3;
  function panelLayout(heightPx, count) {
    const room = Math.max(0, heightPx - HEADER_PX - FOOTER_PX - GAP_PX * (count - 1));
    const unit = room / (MAIN_WEIGHT + count - 1);
    const panels = [];
    let top = HEADER_PX;
    for (let index = 0; index < count; index += 1) {
      const height = index === 0 ? unit * MAIN_WEIGHT : unit;
      panels.push({ top: Math.round(top), height: Math.round(height) });
      top += height + GAP_PX;
    }
    return panels;
  }

  // site/static/js/rtc/series_style.js
  var VOLUME = "volume";
  function seriesStyle(series, index, palette) {
    const color = palette.series[index % palette.series.length];
    return { ...placement(series, index), ...look(series, color, palette) };
  }
  function lastPriceLine({ type, last }, { up, down, surface }) {
    const [, open, close] = last ?? [];
    const price = type === "candlestick" ? close : open;
    if (typeof price !== "number" || typeof open !== "number") return {};
    const color = price < open ? down : up;
    return {
      markLine: {
        symbol: "none",
        silent: true,
        animation: false,
        lineStyle: { color, width: 1, type: "dotted" },
        label: { color: surface, backgroundColor: color, padding: [3, 5], borderRadius: 3, fontSize: 11 },
        data: [{ yAxis: price }]
      }
    };
  }
  function placement({ name, type, yAxisIndex }, index) {
    return {
      id: String(index),
      name,
      type,
      xAxisIndex: yAxisIndex,
      yAxisIndex,
      encode: { x: 0, y: type === "candlestick" ? [1, 2, 3, 4] : 1 },
      emphasis: { disabled: true }
    };
  }
  function look({ name, type }, color, palette) {
    switch (type) {
      case "candlestick":
        return candleLook(palette);
      case "bar":
        return barLook(name, color, palette);
      case "scatter":
        return { symbolSize: 5, itemStyle: { color, opacity: 0.8 } };
      default:
        return { showSymbol: false, sampling: "lttb", lineStyle: { width: 1.4, color }, itemStyle: { color } };
    }
  }
  function candleLook({ up, down }) {
    return {
      barMaxWidth: 14,
      itemStyle: { color: up, borderColor: up, color0: down, borderColor0: down }
    };
  }
  function barLook(name, color, { volume, up, down }) {
    if (name === VOLUME) return { barMaxWidth: 14, itemStyle: { color: volume } };
    const signed = ({ value }) => value[1] < 0 ? down : up;
    const isHistogram = name.endsWith("/histogram");
    return { barMaxWidth: 14, itemStyle: { color: isHistogram ? signed : color, opacity: 0.75 } };
  }

  // site/static/js/rtc/tooltip.js
  var CANDLE_VALUES = ["O", "C", "L", "H"];
  function tooltipHtml(heading, items, { muted }) {
    const lines = [...items].sort((one, other) => one.seriesIndex - other.seriesIndex).filter(({ value }) => typeof value[1] === "number").map((item) => line(item, muted));
    return `<div style="color:${muted};margin-bottom:4px">${escapeHtml(heading)}</div>${lines.join("")}`;
  }
  function line({ seriesName, seriesType, value, color }, muted) {
    const dot = `<span style="width:8px;height:8px;border-radius:2px;background:${color}"></span>`;
    const name = `<span style="flex:1;padding-right:14px">${escapeHtml(seriesName)}</span>`;
    const text = seriesType === "candlestick" ? candleText(value, muted) : bold(value[1]);
    return `<div style="display:flex;align-items:center;gap:6px;line-height:1.6">${dot}${name}${text}</div>`;
  }
  function candleText(value, muted) {
    const parts = CANDLE_VALUES.map((letter, index) => `<span style="color:${muted}">${letter}</span> ${bold(value[index + 1])}`);
    return `<span>${parts.join(" &nbsp;")}</span>`;
  }
  function bold(value) {
    return value === null ? "" : `<b style="font-variant-numeric:tabular-nums">${fullNumber(value)}</b>`;
  }
  function escapeHtml(text) {
    return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
  }

  // site/static/js/rtc/chart_option.js
  var VISIBLE_BARS = 160;
  var LEFT_PX = 14;
  var RIGHT_PX = 62;
  function wholeOption(chart, palette, heightPx) {
    const axes = chart.yAxis.map((_, index) => index);
    return {
      animation: false,
      backgroundColor: "transparent",
      textStyle: { fontFamily: "system-ui, sans-serif", color: palette.text },
      color: palette.series,
      legend: legend(chart, palette),
      title: titles(chart, palette, heightPx),
      tooltip: tooltip(chart, palette),
      axisPointer: { link: [{ xAxisIndex: "all" }] },
      grid: grids(chart, heightPx),
      xAxis: axes.map((index) => xAxis(index, axes.length, chart.labels(), palette)),
      yAxis: axes.map((index) => yAxis(index, startsAtZero(chart, index), palette)),
      dataZoom: zooms(axes, palette, zoomWindow(chart)),
      series: chart.series.map((series, index) => ({
        ...seriesStyle(series, index, palette),
        data: chart.drawing(index),
        ...index === 0 && lastPriceLine(series, palette)
      }))
    };
  }
  function updateOption(chart, changes, palette, isFollowing) {
    const series = changes.series.map((index) => ({
      id: String(index),
      data: chart.drawing(index),
      ...index === 0 && lastPriceLine(chart.series[0], palette)
    }));
    if (!changes.labels) return { series };
    const labels = chart.labels();
    const update = { series, xAxis: chart.yAxis.map((_, index) => ({ id: `x${index}`, ...labelling(labels) })) };
    if (!isFollowing) return update;
    const window = zoomWindow(chart);
    return { ...update, dataZoom: ["inside", "slider"].map((id) => ({ id, ...window })) };
  }
  function layoutOption(chart, palette, heightPx) {
    return { grid: grids(chart, heightPx), title: titles(chart, palette, heightPx) };
  }
  function structureOf({ legends, yAxis: yAxis2, series }) {
    return JSON.stringify([legends, yAxis2, series.map(({ name, type, yAxisIndex }) => [name, type, yAxisIndex])]);
  }
  function zoomWindow(chart) {
    const hasBars = chart.series.some(({ type }) => type === "candlestick" || type === "bar");
    const count = chart.labels().length;
    if (!hasBars || count <= VISIBLE_BARS) return { start: 0, end: 100 };
    return { startValue: count - VISIBLE_BARS, endValue: count - 1 };
  }
  function startsAtZero({ series }, panel) {
    return panel > 0 && series.some(({ type, yAxisIndex }) => yAxisIndex === panel && type === "bar");
  }
  function legend({ legends, series }, { muted }) {
    return {
      type: "scroll",
      top: 6,
      left: LEFT_PX,
      right: RIGHT_PX,
      itemWidth: 14,
      itemHeight: 8,
      icon: "roundRect",
      textStyle: { color: muted, fontSize: 12 },
      data: legends.length > 0 ? legends : series.map(({ name }) => name)
    };
  }
  function titles({ yAxis: yAxis2 }, { muted }, heightPx) {
    const panels = panelLayout(heightPx, yAxis2.length).slice(1);
    return panels.map(({ top }, index) => ({
      text: yAxis2[index + 1].name,
      left: LEFT_PX,
      top: top - 17,
      padding: 0,
      textStyle: { color: muted, fontSize: 11, fontWeight: "normal" }
    }));
  }
  function tooltip(chart, palette) {
    const { surface, axis, text, muted } = palette;
    return {
      trigger: "axis",
      confine: true,
      transitionDuration: 0,
      backgroundColor: surface,
      borderColor: axis,
      borderWidth: 1,
      padding: [8, 10],
      textStyle: { color: text, fontSize: 12 },
      formatter: (items) => tooltipHtml(fullLabel(labelOf(items[0].axisValue, chart.labels())), items, palette),
      axisPointer: {
        type: "cross",
        animation: false,
        lineStyle: { color: muted, width: 1, type: "dashed" },
        crossStyle: { color: muted, width: 1, type: "dashed" }
      }
    };
  }
  function grids({ yAxis: yAxis2 }, heightPx) {
    return panelLayout(heightPx, yAxis2.length).map((panel, index) => ({
      id: `grid${index}`,
      left: LEFT_PX,
      right: RIGHT_PX,
      outerBoundsMode: "none",
      ...panel
    }));
  }
  function zooms(xAxisIndex, { axis, grid, muted, volume }, window) {
    const slider = {
      bottom: 8,
      left: LEFT_PX,
      right: RIGHT_PX,
      height: 14,
      borderColor: "transparent",
      backgroundColor: grid,
      fillerColor: volume,
      showDataShadow: false,
      showDetail: false,
      brushSelect: false,
      handleSize: "100%",
      handleStyle: { color: muted, borderColor: axis },
      moveHandleSize: 0
    };
    return [
      { id: "inside", type: "inside", xAxisIndex, zoomOnMouseWheel: "ctrl", ...window },
      { id: "slider", type: "slider", xAxisIndex, ...slider, ...window }
    ];
  }

  // site/static/js/rtc/chart_view.js
  var ChartView = class {
    #chart;
    #instance;
    #requestFrame;
    #palette;
    #observer;
    /** @type {string | null} What the drawn picture consists of; null: draw all of it. */
    #structure = null;
    #isScheduled = false;
    #isDisposed = false;
    #hasResized = false;
    #isFollowing = true;
    /**
     * @param {Chart} chart
     * @param {HTMLElement} element
     * @param {object} options
     * @param {ECharts} options.echarts
     * @param {(run: () => void) => void} options.requestFrame
     * @param {typeof ResizeObserver | undefined} options.ResizeObserver
     * @param {Palette} options.palette
     */
    constructor(chart, element, { echarts, requestFrame, ResizeObserver, palette }) {
      this.#chart = chart;
      this.#instance = echarts.init(element);
      this.#requestFrame = requestFrame;
      this.#palette = palette;
      this.#observer = ResizeObserver && new ResizeObserver(() => this.#onResize());
      this.#observer?.observe(element);
      this.#instance.on("datazoom", () => this.#isFollowing = false);
    }
    /** The chart's state may have changed: draw in the next frame, once for however many calls until then. */
    invalidate() {
      if (this.#isScheduled || this.#isDisposed) return;
      this.#isScheduled = true;
      this.#requestFrame(() => this.#onFrame());
    }
    /** @param {Palette} palette */
    setPalette(palette) {
      this.#palette = palette;
      this.#structure = null;
      this.invalidate();
    }
    /** Take the drawing off the page. A frame that is on its way finds nothing to do. */
    dispose() {
      this.#isDisposed = true;
      this.#observer?.disconnect();
      this.#instance.dispose();
    }
    #onResize() {
      this.#hasResized = true;
      this.invalidate();
    }
    #onFrame() {
      this.#isScheduled = false;
      if (this.#isDisposed) return;
      if (this.#hasResized) this.#instance.resize();
      if (this.#chart.series.length > 0) this.#draw();
      this.#hasResized = false;
    }
    #draw() {
      const changes = this.#chart.takeChanges();
      const structure = structureOf(this.#chart);
      const height = this.#instance.getHeight();
      if (structure !== this.#structure) {
        this.#structure = structure;
        this.#isFollowing = true;
        this.#instance.setOption(wholeOption(this.#chart, this.#palette, height), { notMerge: true });
        return;
      }
      const layout = this.#hasResized ? layoutOption(this.#chart, this.#palette, height) : null;
      if (layout === null && changes.series.length === 0) return;
      this.#instance.setOption({ ...updateOption(this.#chart, changes, this.#palette, this.#isFollowing), ...layout });
    }
  };

  // site/static/js/rtc/page_visibility.js
  var PageVisibility = class {
    /** Whether the page has been hidden for long enough. */
    isHidden = false;
    #document;
    #clock;
    #afterMs;
    #on;
    #listener = () => this.#onChange();
    #isWatching = false;
    /** @type {any} the timer, while one is armed */
    #timer = null;
    /**
     * Looks at nothing until `start`.
     * @param {object} options
     * @param {VisibleDocument | undefined} options.document without one the page never counts as hidden
     * @param {Clock} options.clock
     * @param {number | null} options.afterMs how long it has to be hidden for that; null: for ever
     * @param {{hide: () => void, show: () => void}} on what is called when `isHidden` has changed
     */
    constructor({ document: document2, clock, afterMs }, on) {
      this.#document = document2;
      this.#clock = clock;
      this.#afterMs = afterMs;
      this.#on = on;
    }
    /** Follow the document from now on; once, however often it is called. */
    start() {
      if (this.#document === void 0 || this.#afterMs === null || this.#isWatching) return;
      this.#isWatching = true;
      this.#document.addEventListener("visibilitychange", this.#listener);
      this.#onChange();
    }
    /** Leave the document alone, which would keep its listeners for as long as it lives. Nothing is called for it. */
    stop() {
      this.#isWatching = false;
      this.#document?.removeEventListener("visibilitychange", this.#listener);
      this.#disarm();
      this.isHidden = false;
    }
    #onChange() {
      if (this.#document?.visibilityState === "hidden") this.#arm();
      else this.#onShown();
    }
    #arm() {
      this.#timer ??= this.#clock.setTimeout(() => this.#onHidden(), this.#afterMs ?? 0);
    }
    #onHidden() {
      this.isHidden = true;
      this.#on.hide();
    }
    #onShown() {
      this.#disarm();
      if (!this.isHidden) return;
      this.isHidden = false;
      this.#on.show();
    }
    #disarm() {
      if (this.#timer !== null) this.#clock.clearTimeout(this.#timer);
      this.#timer = null;
    }
  };

  // site/static/js/rtc/palette.js
  var lightPalette = Object.freeze({
    text: "#1f2937",
    muted: "#6b7280",
    grid: "#eceff3",
    axis: "#c9d0d9",
    surface: "#ffffff",
    up: "#0f9d6b",
    down: "#d9404c",
    volume: "rgba(90, 112, 146, 0.42)",
    series: ["#2563eb", "#d97706", "#7c3aed", "#0891b2", "#db2777", "#65a30d", "#475569"]
  });
  var darkPalette = Object.freeze({
    text: "#e5e9f0",
    muted: "#8b96a8",
    grid: "#222b3a",
    axis: "#3b475c",
    surface: "#182130",
    up: "#2ebd85",
    down: "#f0616d",
    volume: "rgba(122, 148, 190, 0.42)",
    series: ["#5b9dff", "#f5a742", "#a98bfa", "#3cc8dc", "#f472b6", "#a3d65c", "#94a3b8"]
  });
  function preferredPalette() {
    const prefersDark = globalThis.matchMedia?.("(prefers-color-scheme: dark)").matches ?? false;
    return prefersDark ? darkPalette : lightPalette;
  }

  // site/static/js/rtc/wire_names.js
  var NAMES = /* @__PURE__ */ new WeakMap();
  var WireNames = class _WireNames {
    /** @type {Set<string | number>} */
    #taken = /* @__PURE__ */ new Set();
    #requests = 0;
    /**
     * @param {RTClient} client
     * @returns {WireNames} the same for all who ask
     */
    static of(client) {
      const names = NAMES.get(client) ?? new _WireNames();
      NAMES.set(client, names);
      return names;
    }
    /**
     * @param {string | number} chart_id the page's name of a chart; 7 and "7" are two
     * @returns {string | number} its name on the wire, until `release`
     */
    take(chart_id) {
      const name = this.#free(chart_id);
      this.#taken.add(name);
      return name;
    }
    /** @param {string | number} name that `take` gave */
    release(name) {
      this.#taken.delete(name);
    }
    /** @returns {string} the id of a request, which its answer or error has, too */
    nextRequest() {
      return `chart-${this.#requests += 1}`;
    }
    /** @param {string | number} chart_id */
    #free(chart_id) {
      if (!this.#taken.has(chart_id)) return chart_id;
      let number = 2;
      while (this.#taken.has(suffixed(chart_id, number))) number += 1;
      return suffixed(chart_id, number);
    }
  };
  var LONGEST = 128;
  function suffixed(chart_id, number) {
    const suffix = `~${number}`;
    return [...String(chart_id)].slice(0, LONGEST - suffix.length).join("") + suffix;
  }

  // site/static/js/rtc/my_charts.js
  var PAUSE_AFTER_MS = 5e3;
  var MyCharts = class {
    #client;
    #echarts;
    #requestFrame;
    #ResizeObserver;
    #points;
    #palette;
    #clock;
    #visibility;
    #names;
    #isLagging = false;
    /** @type {Map<string | number, Entry>} by chart_id */
    #entries = /* @__PURE__ */ new Map();
    /** @type {Map<string | number, Entry>} the same by their names on the wire */
    #named = /* @__PURE__ */ new Map();
    /** @type {(() => void)[]} end what listens to the client */
    #ends;
    #isDisposed = false;
    /**
     * @param {RTClient} client
     * @param {object} [options]
     * @param {ECharts} [options.echarts] default: the global one, looked up when a chart with an element is asked for
     * @param {(run: () => void) => void} [options.requestFrame]
     * @param {typeof ResizeObserver} [options.ResizeObserver]
     * @param {number} [options.points] how many points of each series are kept
     * @param {Palette} [options.palette] the colours; default: as the browser prefers, light or dark
     * @param {number | null} [options.pauseAfterMs] how long the page has to be hidden until charts rest; null: they never do
     * @param {VisibleDocument} [options.document] default: the page's
     * @param {Clock} [options.clock]
     */
    constructor(client, options = {}) {
      this.#client = client;
      this.#names = WireNames.of(client);
      this.#echarts = options.echarts;
      this.#requestFrame = options.requestFrame ?? ((run) => void requestAnimationFrame(run));
      this.#ResizeObserver = options.ResizeObserver ?? globalThis.ResizeObserver;
      this.#points = options.points ?? 2e3;
      this.#palette = options.palette ?? preferredPalette();
      this.#clock = options.clock ?? browserClock;
      const { pauseAfterMs = PAUSE_AFTER_MS } = options;
      this.#visibility = new PageVisibility(
        { document: options.document ?? globalThis.document, clock: this.#clock, afterMs: pauseAfterMs },
        { hide: () => this.#pause(), show: () => this.#askForAll() }
      );
      this.#ends = [
        client.on("userinfo", () => this.#onUserInfo()),
        client.on("mycharts", (data, message) => this.#onRender(data, message)),
        client.on("notice", (data) => this.#onNotice(data)),
        client.on("error", (error, message) => this.#onError(error, message)),
        client.on("state", (state) => this.#onState(state)),
        client.on("disposed", () => this.dispose())
      ];
      if (client.state !== State.CLOSED) this.#visibility.start();
    }
    /**
     * Ask for a chart, now or as soon as there is a connection, and again on every new connection. A chart that had the
     * same `chart_id` is given up for it.
     *
     * While the page is hidden a drawn chart rests: nothing is sent for it, and one picture when the page is seen again.
     * One that only keeps data goes on, because a page may count on it to make a sound or to change its title.
     * @param {ChartRequest & {element?: HTMLElement | string, whileHidden?: "pause" | "keep"}} options `element`, or the id
     * of one: where to draw; `whileHidden`: for a chart that is to do otherwise
     * @returns {Chart}
     */
    request({ element, whileHidden, ...asked }) {
      this.#checkAlive();
      this.unlisten(asked.chart_id);
      const chart = new Chart(asked, this.#points);
      const view = element === void 0 ? null : this.#view(chart, element);
      const pauses = (whileHidden ?? (view === null ? "keep" : "pause")) === "pause";
      const refresh = new ChartRefresh(this.#clock, () => this.#askAgain(entry), this.#isLagging);
      const name = this.#names.take(chart.chart_id);
      const entry = { chart, name, view, requestId: "", askedOn: null, pauses, refresh };
      this.#entries.set(chart.chart_id, entry);
      this.#named.set(name, entry);
      this.#ask(entry);
      return chart;
    }
    /**
     * @param {string | number} chart_id
     * @returns {Chart | undefined} the chart of that id, if it was asked for and not given up
     */
    get(chart_id) {
      return this.#entries.get(chart_id)?.chart;
    }
    /**
     * Give a chart up: nothing more is sent for it, its drawing goes. One that is not known is nobody's loss.
     * @param {string | number} chart_id
     */
    unlisten(chart_id) {
      const entry = this.#entries.get(chart_id);
      if (entry === void 0) return;
      this.#entries.delete(chart_id);
      this.#named.delete(entry.name);
      entry.view?.dispose();
      this.#giveUp(entry);
      this.#names.release(entry.name);
    }
    /**
     * Have a chart sent more seldom, or more often, from now on: points are not left out, they come together.
     * @param {string | number} chart_id one that is not known is passed over
     * @param {number | null} max_rate updates a second; null: as fast as the server allows
     */
    setMaxRate(chart_id, max_rate) {
      this.#checkAlive();
      const entry = this.#entries.get(chart_id);
      if (entry === void 0) return;
      entry.chart.request.max_rate = max_rate;
      if (this.#isAsked(entry)) this.#client.send("mycharts", { type: "rate", chart_id: entry.name, max_rate });
    }
    /**
     * Draw all charts in other colours, for a page that turns dark or light.
     * @param {Palette} palette
     */
    setPalette(palette) {
      this.#checkAlive();
      this.#palette = palette;
      for (const { view } of this.#entries.values()) view?.setPalette(palette);
    }
    /**
     * Give all charts up, with their drawings, and listen to nothing any more. What is asked for after that is an error.
     * The client goes on; its own `dispose` does this for all that listen to it.
     */
    dispose() {
      if (this.#isDisposed) return;
      this.#isDisposed = true;
      for (const chart_id of [...this.#entries.keys()]) this.unlisten(chart_id);
      for (const end of this.#ends) end();
      this.#visibility.stop();
    }
    /** Raises an error for one that was given up. */
    #checkAlive() {
      if (this.#isDisposed) throw new Error("this MyCharts was disposed of: make a new one");
    }
    /**
     * While the client is closed nothing outside refers to it or to its charts, so that a page may just forget both.
     * @param {string} state
     */
    #onState(state) {
      if (state === State.CLOSED) {
        this.#visibility.stop();
        for (const { refresh } of this.#entries.values()) refresh.cancel();
      } else if (state === State.CONNECTING) {
        this.#visibility.start();
      }
    }
    /**
     * @param {Chart} chart
     * @param {HTMLElement | string} element
     */
    #view(chart, element) {
      const echarts = this.#echarts ?? /** @type {any} */
      globalThis.echarts;
      if (echarts === void 0) throw new Error("drawing needs ECharts: load it before, or pass it as `echarts`");
      const place = typeof element === "string" ? document.getElementById(element) : element;
      if (place === null) throw new Error(`the page has no element with the id ${element}`);
      return new ChartView(chart, place, {
        echarts,
        requestFrame: this.#requestFrame,
        ResizeObserver: this.#ResizeObserver,
        palette: this.#palette
      });
    }
    #onUserInfo() {
      this.#setLagging(false);
      this.#askForAll();
    }
    #askForAll() {
      for (const entry of this.#entries.values()) this.#ask(entry);
    }
    /**
     * Once per connection, however often it is called; not before the server's first word on it, and not while it rests.
     * @param {Entry} entry
     */
    #ask(entry) {
      if (this.#client.userinfo === null || this.#isAsked(entry)) return;
      if (entry.pauses && this.#visibility.isHidden) return;
      entry.refresh.cancel();
      entry.askedOn = this.#client.userinfo;
      entry.requestId = this.#names.nextRequest();
      entry.chart.onRequested();
      this.#client.send("mycharts", wireRequest(entry), entry.requestId);
    }
    /**
     * The server puts the new request in the place of the one that it knows.
     * @param {Entry} entry
     */
    #askAgain(entry) {
      entry.askedOn = null;
      this.#ask(entry);
    }
    #pause() {
      for (const entry of this.#entries.values()) {
        if (entry.pauses) this.#giveUp(entry);
      }
    }
    /** @param {Entry} entry */
    #giveUp(entry) {
      entry.refresh.cancel();
      if (this.#isAsked(entry)) this.#client.send("mycharts", { type: "unlisten", chart_id: entry.name });
      entry.askedOn = null;
    }
    /**
     * @param {Entry} entry
     * @returns {boolean} whether the server knows it on this connection
     */
    #isAsked({ askedOn }) {
      return askedOn !== null && askedOn === this.#client.userinfo;
    }
    /**
     * @param {Render} render one for a chart that was given up is late, and ignored
     * @param {Message} [message] a picture has the id of the request that it answers
     */
    #onRender(render, message) {
      if (render?.type !== "render") return;
      const entry = this.#named.get(render.chart_id);
      if (entry === void 0 || (message?.id ?? entry.requestId) !== entry.requestId) return;
      const { chart, name } = entry;
      if (!chart.onRender(name === chart.chart_id ? render : { ...render, chart_id: chart.chart_id })) return;
      entry.view?.invalidate();
      if (entry.chart.hasGap && this.#isAsked(entry)) entry.refresh.want();
    }
    /** @param {{code?: string, lagging?: boolean} | null} data */
    #onNotice(data) {
      if (data?.code === "lag") this.#setLagging(Boolean(data.lagging));
    }
    /** @param {boolean} isLagging */
    #setLagging(isLagging) {
      this.#isLagging = isLagging;
      for (const { refresh } of this.#entries.values()) {
        if (isLagging) refresh.hold();
        else refresh.release();
      }
    }
    /**
     * @param {RTError} error
     * @param {Message} [message]
     */
    #onError(error, message) {
      if (message?.id === void 0) return;
      for (const { chart, requestId, refresh } of this.#entries.values()) {
        if (requestId !== message.id) continue;
        if (error.code === "rate_limited") refresh.retry();
        chart.onError(error);
      }
    }
  };
  function wireRequest({ name, chart }) {
    const { exchange, item, date, update, period, shape, indicators, max_rate } = chart.request;
    return {
      type: "quote",
      chart_id: name,
      exchange,
      item,
      date,
      update: update ?? "dynamic",
      period: period ?? 0,
      shape: shape ?? "line",
      indicators: indicators ?? [],
      max_rate
    };
  }
  return __toCommonJS(index_exports);
})();
