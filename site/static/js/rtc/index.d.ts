declare class DrawSchedule {
	/**
	 * Charts that take their frames from the same source share the time there is.
	 * @param {(run: () => void) => void} requestFrame
	 * @param {Clock} clock
	 * @returns {DrawSchedule}
	 */
	static of(requestFrame: (run: () => void) => void, clock: Clock): DrawSchedule;
	/**
	 * @param {(run: () => void) => void} requestFrame
	 * @param {Clock} clock
	 * @param {(error: unknown) => void} [report] gets what a drawing throws
	 */
	constructor(requestFrame: (run: () => void) => void, clock: Clock, report?: (error: unknown) => void);
	/** @param {Drawable} drawable counts as seen until `setSeen` says otherwise */
	add(drawable: Drawable): void;
	/** @param {Drawable} drawable is not drawn any more */
	remove(drawable: Drawable): void;
	/** @param {Drawable} drawable is to be drawn, once for however many calls until then */
	invalidate(drawable: Drawable): void;
	/**
	 * @param {Drawable} drawable
	 * @param {boolean} isSeen one that is out of sight waits until it is seen
	 */
	setSeen(drawable: Drawable, isSeen: boolean): void;
	#private;
}
declare class LabelAxis {
	/**
	 * @param {number} capacity how many labels are kept
	 * @param {number} [periodMs] the length of a bar
	 */
	constructor(capacity: number, periodMs?: number);
	/** Number of labels that are kept. */
	get length(): number;
	/** The ordinal of the oldest label that is kept. */
	get first(): number;
	/** Number of times that labels got other ordinals: those of one numbering mean nothing in another. */
	get numbering(): number;
	/** Number of labels that were put before those of the picture and are still there. */
	get older(): number;
	/** True when the label before the oldest one was here and had to go. */
	get hasForgotten(): boolean;
	/** @returns {Label | undefined} the one at the left end */
	get oldest(): Label | undefined;
	/** The ordinal that the next new label gets. */
	get end(): number;
	/**
	 * Start over with these; the newest of them are kept, and their ordinals begin behind those that are not.
	 * @param {Label[]} labels
	 */
	load(labels: Label[]): void;
	/**
	 * Ordinal of a point that follows the one at ordinal `after`; a label that is not there yet is appended.
	 * Series move in step, so the label is nearly always the very next one.
	 * @param {Label} label
	 * @param {number} after -Infinity for a series' first point
	 * @returns {number} its ordinal
	 */
	place(label: Label, after: number): number;
	/** @param {Label} label @returns {boolean} whether it belongs before the newest one */
	isPast(label: Label): boolean;
	/**
	 * @param {Label} label
	 * @returns {number | null} the ordinal of the newest label that is the same; null where there is none
	 */
	find(label: Label): number | null;
	/**
	 * Put a past label between the others: those after it get the next ordinals.
	 * @param {Label} label that `find` does not find
	 * @param {boolean} mayBeOldest whether it may stand before all others
	 * @returns {number | null} its ordinal; null where it has no place
	 */
	insert(label: Label, mayBeOldest: boolean): number | null;
	/**
	 * Put older labels before all others, which keep their ordinals.
	 * @param {Label[]} labels oldest first
	 * @param {number} capacity how many labels are kept from now on
	 * @returns {number} how many of them found room, the newest ones
	 */
	prepend(labels: Label[], capacity: number): number;
	/** @returns {Label[]} oldest first */
	toArray(): Label[];
	#private;
}
declare class Presence {
	/**
	 * @param {RTClient} client
	 * @param {string | {scope: string, join?: boolean}} scope
	 * @param {PresenceListener} listener
	 * @param {Clock} clock
	 */
	constructor(client: RTClient, scope: string | {
		scope: string;
		join?: boolean;
	}, listener: PresenceListener, clock: Clock);
	/** @returns {ReadonlySet<string>} the ids of who is present, as text; empty before the first `onSync` */
	get users(): ReadonlySet<string>;
	/**
	 * @param {string | number} user an id, as a number or as text
	 * @returns {boolean} whether the user is present
	 */
	has(user: string | number): boolean;
	/** Follow no longer, and leave the channel. */
	end(): void;
	#private;
}
declare class PriceScale {
	/** @param {number} [said] the quote's decimals, where it says them */
	constructor(said?: number);
	/** @param {unknown} price the next one; what is no number is passed over */
	see(price: unknown): void;
	/** Decimals that every price is shown with. */
	get decimals(): number;
	/** @returns {number} the characters of the longest price */
	get width(): number;
	/**
	 * @param {number} price
	 * @returns {string}
	 */
	format(price: number): string;
	/**
	 * @param {number} change a difference of two prices
	 * @returns {string} with its sign
	 */
	formatChange(change: number): string;
	/**
	 * @param {number} value something that was computed from prices and is measured as they are
	 * @returns {string}
	 */
	formatAverage(value: number): string;
	#private;
}
declare class Series {
	/**
	 * @param {SeriesData} description as a static render brings it; its points are loaded by `load`
	 * @param {number} capacity how many points are kept
	 */
	constructor({ name, type, yAxisIndex }: SeriesData, capacity: number);
	name: string;
	type: string;
	yAxisIndex: number;
	/** Numbers of a point in a drawing. */
	get width(): 2 | 5;
	/** @returns {Row | undefined} the newest point */
	get last(): Row | undefined;
	/** True when all of its points are zero, or there are none. */
	get isNothing(): boolean;
	/** @returns {Row[]} `[label, value, ...]`, oldest first */
	points(): Row[];
	/** @param {number} ordinal @returns {Row[]} the points that stand before it */
	before(ordinal: number): Row[];
	/** @param {Point[]} points the first ones that it gets, oldest first */
	load(points: Point[]): void;
	/**
	 * A new point, or the last one's newer values when it has the last one's label.
	 * @param {Row} row
	 * @param {LabelAxis} axis
	 */
	put(row: Row, axis: LabelAxis): void;
	/**
	 * A point that belongs before the newest label: newer values of the one there, or one more.
	 * @param {Row} row
	 * @param {number} ordinal of its label
	 */
	correct(row: Row, ordinal: number): void;
	/** @param {number} ordinal of a label that was inserted: the points at it and after it stand one place further on */
	makeRoom(ordinal: number): void;
	/**
	 * Put older points before all others.
	 * @param {Point[]} points oldest first
	 * @param {number} from the ordinal behind theirs: what the series has before it is forgotten by the axis
	 * @param {number} capacity how many points are kept from now on
	 */
	prepend(points: Point[], from: number, capacity: number): void;
	/**
	 * @param {number} first the ordinal of the axis' oldest label
	 * @returns {Float64Array} place on the axis, value, ... of one point after the other, NaN for no value: what ECharts
	 *   draws on a category axis. Of a plain array it would make a deep copy for each drawing.
	 */
	drawing(first: number): Float64Array;
	#private;
}
declare class TradingDays {
	/**
	 * Know these beside the others.
	 * @param {DayStart[]} [starts]
	 */
	add(starts?: DayStart[]): void;
	/**
	 * @param {number} time epoch milliseconds
	 * @returns {number | null} the trading day, as midnight in UTC of its date; null where the server has said none
	 */
	dayOf(time: number): number | null;
	#private;
}
declare function labelFormat(labels: Label[], period?: Period, zone?: string | null, days?: TradingDays): LabelFormat;
/** @import { Changes } from "./chart_rows.js" */
/** @import { Older, Paging } from "./older_pages.js" */
/** @import { Period } from "./period.js" */
/** @import { RTError } from "./rt_error.js" */
/** @import { DayStart } from "./trading_days.js" */
/** @typedef {string | number} Label Epoch milliseconds, or a text that is shown as it is. */
/** @typedef {[Label, ...(number | null)[]]} Row A label and the values there. */
/** @typedef {{name: string, type: string, yAxisIndex?: number, data: Row[]}} SeriesData */
/** @typedef {{name: string, decimals?: number}} YAxis `decimals` of the prices, where the quote says them. */
/** @typedef {{bid?: number, ask?: number, open_interest?: number, turnover?: number, settlement?: number}} QuoteFields Those that the quote has. */
/** @typedef {{data: Label[], zone?: string, days?: DayStart[]}} XAxis `zone`: the exchange's, by its IANA name; its moments are shown in it. */
/** @typedef {{legends: string[], xAxis: XAxis, yAxis: YAxis[], series: SeriesData[]}} StaticChart */
/** @typedef {{series: [number, ...Row][]}} DynamicChart Rows, each behind the index of the series it belongs to. */
/**
 * @typedef {object} Render The data of a `mycharts` message.
 * @property {"render"} type
 * @property {"static" | "dynamic"} update
 * @property {string | number} chart_id
 * @property {string} [epoch] the server's: in another one `seq` is another count
 * @property {number} seq the number of the message's last point
 * @property {number} [prev_seq] of a dynamic one: the number of the last point before it
 * @property {boolean} [older] of a static one: whether there are rows before its first one
 * @property {QuoteFields} [quote]
 * @property {any} chart StaticChart or DynamicChart
 */
/**
 * @typedef {object} ChartRequest What is sent to ask for a chart.
 * @property {string | number} chart_id
 * @property {string} exchange
 * @property {string} item
 * @property {string} [date] YYYYMMDD; without it the quote is one that goes on from day to day
 * @property {"static" | "dynamic"} [update] a picture, or one that goes on
 * @property {Period} [period] of one bar: seconds, or a name such as "5m", "1d" and "1M"; 0 for every tick
 * @property {number | string} [from] the first moment: epoch milliseconds, or a date such as "2026-01-05"
 * @property {number | string} [to] the moment behind the last one, of a picture that does not go on
 * @property {number} [count] how many rows at most, the newest ones
 * @property {"line" | "ohlc" | "bar" | "scatter"} [shape]
 * @property {string[]} [indicators] such as "sma:20"
 * @property {number | null} [max_rate] updates a second, at most; null: as fast as the server allows
 */
/** @typedef {{exchange: string, is_open: boolean, since: number | null, until: number | null, days?: DayStart[]}} Session Whether an exchange trades, from when, until when. */
/** @typedef {{ms: number | null, isStale: boolean, isClosed: boolean}} Age `ms` while it is stale; null: it is not live any more. */
export class Chart {
	/**
	 * @param {ChartRequest} request
	 * @param {number} points how many points of each series are kept
	 * @param {Paging} [paging] how older ones are asked for
	 */
	constructor(request: ChartRequest, points: number, paging?: Paging);
	/** @type {string[]} */
	legends: string[];
	/** @type {YAxis[]} */
	yAxis: YAxis[];
	/** @type {string | null} The exchange's time zone, where the server says one. */
	zone: string | null;
	/** Decimals of its prices. */
	prices: PriceScale;
	/**
	 * @type {Age} Of the newest price: stale when nothing has come for longer than is usual for this quote. While its exchange
	 * is closed it is not.
	 */
	age: Age;
	/** @type {Session | null} The session of its exchange that is on, or the break; null where the server says none. */
	session: Session | null;
	/** @type {QuoteFields} The newest bid, ask and so on, as far as the quote has them. */
	quote: QuoteFields;
	request: ChartRequest;
	chart_id: string | number;
	/** The x axis of all series. */
	get axis(): LabelAxis;
	get series(): Series[];
	/** True from the first picture on. */
	get hasData(): boolean;
	/** @returns {Older} whether there are rows before the first one, and whether they are on their way */
	get older(): Older;
	set seq(seq: number);
	/** The number of the last point that came; 0 before the first render. */
	get seq(): number;
	/** True while points are missing before the last one: the next picture has them. */
	get hasGap(): boolean;
	/**
	 * Listen: "render" and "dynamic" bring the data of the `mycharts` message, "error" an RTError. All are called after
	 * the chart took the message in. "age" brings `age`: when it becomes stale, each second (minute, hour) while it is, and when
	 * something has come again. "quote" brings `quote`, "older" brings `older`: each time that it changes.
	 * @param {"render" | "dynamic" | "error" | "age" | "quote" | "older"} event
	 * @param {import("./emitter.js").Listener} listener
	 * @returns {() => void} ends it
	 */
	on(event: "render" | "dynamic" | "error" | "age" | "quote" | "older", listener: Listener): () => void;
	/** @returns {Label[]} the x axis of all series, oldest first */
	labels(): Label[];
	/** @returns {ReturnType<typeof labelFormat>} how the labels of the x axis are shown */
	labelFormat(): ReturnType<typeof labelFormat>;
	/** @returns {import("./price_summary.js").PriceSummary | null} what its prices come to; null before the first one */
	summary(): PriceSummary | null;
	/**
	 * Put rows before the first one: the next page of history. One page is on its way at a time.
	 * @param {number} [count] how many rows at most
	 * @returns {Promise<number>} how many came; 0 where there are none, and where the chart keeps as many points as it may.
	 *   Rejected with RTError
	 */
	loadOlder(count?: number): Promise<number>;
	/** The request goes out (again): until its static render is there, what comes belongs to an earlier one. */
	onRequested(): void;
	/** @param {Session} session of its exchange; after a request it comes before the picture */
	onSession(session: Session): void;
	/**
	 * @param {Render} render
	 * @returns {boolean} whether it counts: what comes of an earlier request does not
	 */
	onRender(render: Render): boolean;
	/** @param {Age} age */
	onAge(age: Age): void;
	/**
	 * @param {RTError} error the server's answer to this chart's request: no picture will come of it
	 * @returns {boolean} whether anybody listens
	 */
	onError(error: RTError): boolean;
	/** @returns {Changes} since the last call */
	takeChanges(): Changes;
	/**
	 * @param {number} index of a series
	 * @returns {Float64Array} place on the axis, value, ... of one point after the other; see Series
	 */
	drawing(index: number): Float64Array;
	#private;
}
/**
 * @typedef {object} EChartsInstance The part of an instance that is used.
 * @property {(option: object, settings?: {notMerge?: boolean}) => void} setOption
 * @property {(event: string, run: (happened: any) => void) => void} on
 * @property {() => void} resize
 * @property {() => number} getHeight
 * @property {() => number} getWidth
 * @property {(finder: {yAxisId: string}, value: number) => number} convertToPixel
 * @property {() => {painter: any}} getZr
 * @property {() => void} dispose
 */
/**
 * @typedef {object} ECharts The part of the library that is used.
 * @property {(element: HTMLElement) => EChartsInstance} init
 * @property {(api: {measureText: MeasureText}) => void} [setPlatformAPI]
 */
/** @extends {View<Chart>} */
export class ChartView extends View<Chart> {
	/**
	 * @param {Chart} chart
	 * @param {HTMLElement} element
	 * @param {ViewTools} tools
	 */
	constructor(chart: Chart, element: HTMLElement, tools: ViewTools);
	#private;
}
/**
 * @typedef {object} ChartsOptions
 * @property {number} [points] how many points of each series are kept
 * @property {number} [mostPoints] how many are kept at most where the reader asks for older ones
 * @property {Palette} [palette] the colours; default: as the browser prefers, light or dark
 * @property {Clock} [clock]
 * @property {(text: string) => void} [warn] gets the refusal of a chart whose "error" nobody listens to; default: console.warn
 */
export class MyCharts {
	/**
	 * @param {RTClient} client
	 * @param {ChartsOptions & StageOptions} [options]
	 */
	constructor(client: RTClient, { points, mostPoints, palette, clock, warn, ...stage }?: ChartsOptions & StageOptions);
	client: RTClient;
	clock: Clock;
	palette: Readonly<Palette>;
	warn: (text: string) => void;
	/**
	 * Have charts of a kind drawn by a class of one's own.
	 * @param {string} kind
	 * @param {ViewClass} ViewClass that extends View
	 */
	register(kind: string, ViewClass: ViewClass): void;
	/**
	 * Ask for a quote's chart, now or as soon as there is a connection, and again on every new connection. A chart that had
	 * the same `chart_id` is given up for it; where both have the same rows, the reader goes on seeing the place that he chose.
	 *
	 * While the page is hidden a drawn chart rests: nothing is sent for it, and one picture when the page is seen again.
	 * One that only keeps data goes on, because a page may count on it to make a sound or to change its title.
	 * @param {ChartRequest & Placing & {kind?: string}} options `kind`: a registered one that draws it; default: as ECharts does
	 * @returns {Chart}
	 */
	request({ element, watch, onScreenOnly, whileHidden, kind, ...asked }: ChartRequest & Placing & {
		kind?: string;
	}): Chart;
	/**
	 * Show a chart that is no quote's: what a service or a module of the server sends, drawn by the View of its kind.
	 * @param {OwnRequest & Placing} options
	 * @returns {OwnChart}
	 */
	show({ chart_id, kind, service, request, max_rate, merge, ...placing }: OwnRequest & Placing): OwnChart;
	/**
	 * @param {string | number} chart_id
	 * @returns {any} the Chart or OwnChart of that id, if it was asked for and not given up
	 */
	get(chart_id: string | number): any;
	/**
	 * Give a chart up: nothing more is sent for it, its drawing goes. One that is not known is nobody's loss.
	 * @param {string | number} chart_id
	 */
	unlisten(chart_id: string | number): void;
	/**
	 * Have a quote's chart sent more seldom, or more often, from now on: points are not left out, they come together.
	 * @param {string | number} chart_id one that is not known is passed over
	 * @param {number | null} max_rate updates a second; null: as fast as the server allows
	 */
	setMaxRate(chart_id: string | number, max_rate: number | null): void;
	/**
	 * Draw all charts in other colours, for a page that turns dark or light.
	 * @param {Palette} palette
	 */
	setPalette(palette: Palette): void;
	/**
	 * Give all charts up, with their drawings, and listen to nothing any more. What is asked for after that is an error.
	 * The client goes on; its own `dispose` does this for all that listen to it.
	 */
	dispose(): void;
	/**
	 * For a subclass: the request for a quote's chart as it is sent.
	 * @protected
	 * @param {string | number} name of the chart on the wire
	 * @param {ChartRequest} request
	 * @returns {object}
	 */
	protected wireRequest(name: string | number, request: ChartRequest): object;
	/**
	 * For a subclass: a `mycharts` message has come. One for a chart that was given up is late, and ignored.
	 * @protected
	 * @param {any} data
	 * @param {Message} [message]
	 */
	protected onMessage(data: any, message?: Message): void;
	#private;
}
/**
 * @typedef {object} OwnRequest A chart that is no quote's.
 * @property {string | number} chart_id
 * @property {string} kind that was registered
 * @property {string} [service] whose topic the data are; without one a module of the server sends them, whom the page asks
 * @property {any} [request] to the service
 * @property {number | null} [max_rate] updates a second, at most
 * @property {(data: any, update: any) => any} [merge] the state after an update; default: an update is the whole state
 */
export class OwnChart {
	/**
	 * @param {string | number} chart_id
	 * @param {string} kind
	 * @param {(data: any, update: any) => any} [merge] the state after an update; default: an update is the whole state
	 */
	constructor(chart_id: string | number, kind: string, merge?: (data: any, update: any) => any);
	/** @type {any} the newest state; undefined before the first one */
	data: any;
	chart_id: string | number;
	kind: string;
	/** True from the first data on. */
	get hasData(): boolean;
	/**
	 * Listen: "data" brings `data`, each time that it is another one; "error" an RTError.
	 * @param {"data" | "error"} event
	 * @param {import("./emitter.js").Listener} listener
	 * @returns {() => void} ends it
	 */
	on(event: "data" | "error", listener: Listener): () => void;
	/** @param {any} data the whole state */
	onSnapshot(data: any): void;
	/** @param {any} update one change */
	onUpdate(update: any): void;
	/**
	 * @param {RTError} error
	 * @returns {boolean} whether anybody listens
	 */
	onError(error: RTError): boolean;
	#private;
}
/**
 * @typedef {object} UserInfo
 * @property {string} uid this connection's name on the server; tells several tabs of one user apart
 * @property {{id: number | string, name: string}} user text for an id beyond 2^53 - 1, and for one that is no integer
 * @property {{version: string, epoch: string | number}} server
 * @property {number} heartbeat_ms
 * @property {string | null} [offset] pushed messages that are newer come live
 */
export class RTClient {
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
	constructor({ url, WebSocket, clock, random, storage, json, page, sessionUrl, fetch, }?: {
		url?: string | URL | undefined;
		WebSocket?: {
			new (url: string | URL, protocols?: string | string[]): WebSocket;
			prototype: WebSocket;
			readonly CONNECTING: 0;
			readonly OPEN: 1;
			readonly CLOSING: 2;
			readonly CLOSED: 3;
		} | undefined;
		clock?: Clock | undefined;
		random?: (() => number) | undefined;
		storage?: OffsetStorage | null | undefined;
		sessionUrl?: string | URL | null | undefined;
		fetch?: Fetch | null | undefined;
		json?: Json | undefined;
		page?: Page | undefined;
	});
	/** @type {UserInfo | null} What the server said at the start of this connection; null while there is none. */
	userinfo: UserInfo | null;
	/**
	 * "connecting", "open", "silent" (open, but nothing comes, not even an answer to a ping), "waiting" (for the next
	 * attempt) or "closed" (until `connect`).
	 */
	get state(): string;
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
	on(event: string, listener: Listener): () => void;
	/**
	 * @param {string} type
	 * @param {any} [data]
	 * @param {number | string} [id] the server marks its answer, or its error, with it; a text, because `request` numbers
	 *   its own from 1 on, and would take an answer with the same number for its own
	 * @returns {boolean} whether it was sent: without a connection it is not, and nothing is kept for later
	 */
	send(type: string, data?: any, id?: number | string): boolean;
	/**
	 * @param {string} type
	 * @param {any} [data]
	 * @param {{timeoutMs?: number}} [options]
	 * @returns {Promise<any>} the answer's data. Rejected with RTError: the server's code, "timeout", or "disconnected"
	 */
	request(type: string, data?: any, { timeoutMs }?: {
		timeoutMs?: number;
	}): Promise<any>;
	/**
	 * Follow what a service says to a request: a snapshot, then every update after it, each once and in order. It is asked for
	 * on every connection, and what was missed meanwhile comes as updates or as a new snapshot.
	 * @param {string} service
	 * @param {any} request
	 * @param {TopicListener} listener
	 * @returns {() => void} ends it
	 */
	subscribe(service: string, request: any, listener: TopicListener): () => void;
	/**
	 * Ask a service for a state once: what a request names that never changes, such as an older part of what is followed.
	 * @param {string} service
	 * @param {any} request
	 * @param {{timeoutMs?: number}} [options]
	 * @returns {Promise<any>} the data of the snapshot. Rejected with RTError, as by `request`
	 */
	snapshot(service: string, request: any, options?: {
		timeoutMs?: number;
	}): Promise<any>;
	/**
	 * Follow who is present: of "all", of "group:NAME", or of "channel:NAME", in which the user is while the page follows it.
	 * @param {string | {scope: string, join?: boolean}} scope `join` false looks at a channel without being in it
	 * @param {PresenceListener} [listener]
	 * @returns {Presence} who is there, and how to end it
	 */
	presence(scope: string | {
		scope: string;
		join?: boolean;
	}, listener?: PresenceListener): Presence;
	/** Connect now: after "closed", as whoever is logged in then; or to cut a wait short. */
	connect(): void;
	/** Close and stay closed, until `connect`. A closed client has no timer, and nothing of the page refers to it. */
	close(): void;
	/** Close for ever, and let go of everything: the listeners, and the charts of each MyCharts with their drawings. */
	dispose(): void;
	#private;
}
/**
 * Failure between a page and the server: one class with a code.
 *
 * Codes from the server: bad_json, bad_message, unknown_type, bad_request, forbidden, rate_limited, internal,
 * or a word of a handler's own.
 * Codes of this library: timeout (no answer in time), disconnected (no connection, or it was lost before the answer),
 * bad_json (the server sent what is no message).
 */
/** @typedef {{code: string, message: string, type?: string | null}} ErrorData The data of an `error` message. */
export class RTError extends Error {
	/**
	 * @param {ErrorData | null | undefined} data what an `error` message carries
	 * @returns {RTError}
	 */
	static fromData(data: ErrorData | null | undefined): RTError;
	/**
	 * @param {string} code
	 * @param {string} message for a person to read
	 * @param {string | null} [type] the message type it is about, where there is one
	 */
	constructor(code: string, message: string, type?: string | null);
	code: string;
	type: string | null;
}
/** @typedef {{hasData: boolean}} Drawn */
/** @template {Drawn} [C=any] the chart: a Chart, or an OwnChart */
export class View<C extends Drawn = any> {
	/**
	 * @param {C} chart whose state is drawn
	 * @param {HTMLElement} element where
	 * @param {ViewTools} tools
	 */
	constructor(chart: C, element: HTMLElement, { schedule, palette, ResizeObserver, IntersectionObserver }: ViewTools);
	chart: C;
	element: HTMLElement;
	palette: Palette;
	/** Draw the chart's state as it is now. Called at the chart's turn, never before its first data. */
	draw(): void;
	/** Show what matters most of the state, at little cost, while the chart waits for its turn. */
	drawNewest(): void;
	/** The element has another size. */
	onResize(): void;
	/** The chart's state may have changed: draw when it is this chart's turn. Nothing is drawn before the first data. */
	invalidate(): void;
	/** @returns {boolean} whether the reader is busy with it: somebody points at it or works in it with the keyboard */
	isFavoured(): boolean;
	/** @param {Palette} palette the page's colours from now on */
	setPalette(palette: Palette): void;
	/** Take the drawing off the page. */
	dispose(): void;
	#private;
}
/** The close codes that rtserver knows by name. */
export const CloseCode: Readonly<{
	NORMAL: 1000;
	GOING_AWAY: 1001;
	PROTOCOL_ERROR: 1002;
	UNSUPPORTED_DATA: 1003;
	NO_STATUS: 1005;
	ABNORMAL: 1006;
	INVALID_TEXT: 1007;
	POLICY_VIOLATION: 1008;
	MESSAGE_TOO_BIG: 1009;
	MANDATORY_EXTENSION: 1010;
	INTERNAL_ERROR: 1011;
	NOT_LOGGED_IN: 4001;
	KICKED: 4003;
	SESSION_CLOSED: 4009;
	DRAINING: 4101;
	TOO_SLOW: 4108;
	TOO_MANY: 4129;
}>;
/** State of a client's connection. */
export const State: Readonly<{
	CONNECTING: "connecting";
	OPEN: "open";
	/** Open, but nothing comes: only `RTClient` knows. */
	SILENT: "silent";
	WAITING: "waiting";
	CLOSED: "closed";
}>;
/** @type {Readonly<Palette>} */
export const darkPalette: Readonly<Palette>;
/** The colours of a chart, for a light and for a dark page. A page may pass a palette of its own. */
/**
 * @typedef {object} Palette Each a CSS colour.
 * @property {string} text legend and tooltip
 * @property {string} muted axis labels and panel titles
 * @property {string} grid the lines behind the data
 * @property {string} axis axis lines and the crosshair
 * @property {string} surface behind the tooltip and the crosshair's labels
 * @property {string} up a candle that closed higher, and values above zero
 * @property {string} down a candle that closed lower, and values below zero
 * @property {string} volume
 * @property {string[]} series lines and points, in turn
 */
/** @type {Readonly<Palette>} */
export const lightPalette: Readonly<Palette>;
/**
 * @param {Age} age
 * @returns {string} such as "12 s ago" or "closed"; empty where there is nothing to say
 */
export function ageText({ ms, isStale, isClosed }: Age): string;
/**
 * Whether a client that was closed with `code` should come back by itself, with backoff.
 * @param {number} code
 * @returns {boolean}
 */
export function mayReconnect(code: number): boolean;
/**
 * Whether a client with a cookie tries once more after `code`: the site may have renewed the key.
 * @param {number} code
 * @returns {boolean}
 */
export function mayTryOnce(code: number): boolean;
/** @returns {Readonly<Palette>} what the browser's user prefers; light where it does not say */
export function preferredPalette(): Readonly<Palette>;
/**
 * `ms` while it is stale; null: it is not live any more.
 */
export type Age = {
	ms: number | null;
	isStale: boolean;
	isClosed: boolean;
};
/**
 * The part of a `Response` that is used.
 */
export type Answer = Pick<Response, "status"> & Partial<Pick<Response, "headers" | "redirected">>;
/**
 * Whether the axis moved, and the series to draw anew.
 */
export type Changes = {
	labels: boolean;
	series: number[];
};
/**
 * What is sent to ask for a chart.
 */
export type ChartRequest = {
	chart_id: string | number;
	exchange: string;
	item: string;
	/**
	 * YYYYMMDD; without it the quote is one that goes on from day to day
	 */
	date?: string | undefined;
	/**
	 * a picture, or one that goes on
	 */
	update?: "dynamic" | "static" | undefined;
	/**
	 * of one bar: seconds, or a name such as "5m", "1d" and "1M"; 0 for every tick
	 */
	period?: Period | undefined;
	/**
	 * the first moment: epoch milliseconds, or a date such as "2026-01-05"
	 */
	from?: string | number | undefined;
	/**
	 * the moment behind the last one, of a picture that does not go on
	 */
	to?: string | number | undefined;
	/**
	 * how many rows at most, the newest ones
	 */
	count?: number | undefined;
	shape?: "line" | "ohlc" | "bar" | "scatter" | undefined;
	/**
	 * such as "sma:20"
	 */
	indicators?: string[] | undefined;
	/**
	 * updates a second, at most; null: as fast as the server allows
	 */
	max_rate?: number | null | undefined;
};
export type ChartsOptions = {
	/**
	 * how many points of each series are kept
	 */
	points?: number | undefined;
	/**
	 * how many are kept at most where the reader asks for older ones
	 */
	mostPoints?: number | undefined;
	/**
	 * the colours; default: as the browser prefers, light or dark
	 */
	palette?: Palette | undefined;
	clock?: Clock | undefined;
	/**
	 * gets the refusal of a chart whose "error" nobody listens to; default: console.warn
	 */
	warn?: ((text: string) => void) | undefined;
};
export type Clock = {
	/**
	 * milliseconds since any fixed moment; never goes back
	 */
	now: () => number;
	/**
	 * gives a handle for `clearTimeout`
	 */
	setTimeout: (run: () => void, delayMs: number) => any;
	clearTimeout: (handle: any) => void;
	/**
	 * milliseconds since 1970, for ages that run on while the computer sleeps; default: Date.now
	 */
	wallNow?: (() => number) | undefined;
};
/**
 * From which moment prices count for a trading day, and the label of its daily bar.
 */
export type DayStart = [
	number,
	number
];
export type Drawable = {
	draw: () => void;
	/**
	 * the part that matters most, for a small part of the cost
	 */
	drawNewest: () => void;
	/**
	 * whether the page's user is busy with it
	 */
	isFavoured: () => boolean;
};
export type Drawn = {
	hasData: boolean;
};
/**
 * The part of the library that is used.
 */
export type ECharts = {
	init: (element: HTMLElement) => EChartsInstance;
	setPlatformAPI?: ((api: {
		measureText: MeasureText;
	}) => void) | undefined;
};
/**
 * The part of an instance that is used.
 */
export type EChartsInstance = {
	setOption: (option: object, settings?: {
		notMerge?: boolean;
	}) => void;
	on: (event: string, run: (happened: any) => void) => void;
	resize: () => void;
	getHeight: () => number;
	getWidth: () => number;
	convertToPixel: (finder: {
		yAxisId: string;
	}, value: number) => number;
	getZr: () => {
		painter: any;
	};
	dispose: () => void;
};
/**
 * The data of an `error` message.
 */
export type ErrorData = {
	code: string;
	message: string;
	type?: string | null;
};
/**
 * The part of `fetch` that is used.
 */
export type Fetch = (url: string, options: RequestInit) => Promise<Answer>;
export type Format = (label: Label) => string;
/**
 * What reads and writes messages.
 */
export type Json = {
	/**
	 * throws where the text is no JSON
	 */
	parse: (text: string) => any;
	stringify: (value: any) => string;
};
/**
 * Epoch milliseconds, or a text that is shown as it is.
 */
export type Label = string | number;
export type LabelFormat = {
	axis: Format;
	full: Format;
	dayStarts: () => Set<number>;
};
export type Listener = (...args: any[]) => void;
export type MeasureText = (text: string, font?: string) => {
	width: number;
};
/**
 * One message of the JSON protocol.
 */
export type Message = {
	type: string;
	data?: any;
	id?: number | string;
	offset?: string;
};
/**
 * The part of `sessionStorage` that is used.
 */
export type OffsetStorage = {
	getItem: (key: string) => string | null;
	setItem: (key: string, value: string) => void;
};
export type Older = {
	/**
	 * whether the server has rows before the first one; null where it has no pages of this chart
	 */
	hasMore: boolean | null;
	isLoading: boolean;
	/**
	 * whether the chart keeps as many points as it may
	 */
	isFull: boolean;
	/**
	 * why the last page did not come
	 */
	error: RTError | null;
};
/**
 * A chart that is no quote's.
 */
export type OwnRequest = {
	chart_id: string | number;
	/**
	 * that was registered
	 */
	kind: string;
	/**
	 * whose topic the data are; without one a module of the server sends them, whom the page asks
	 */
	service?: string | undefined;
	/**
	 * to the service
	 */
	request?: any;
	/**
	 * updates a second, at most
	 */
	max_rate?: number | null | undefined;
	/**
	 * the state after an update; default: an update is the whole state
	 */
	merge?: ((data: any, update: any) => any) | undefined;
};
export type Page = {
	/**
	 * without one there is no sign of the network
	 */
	window?: SignSource | undefined;
	/**
	 * without one nobody ever sees the page
	 */
	document?: SignDocument | undefined;
};
export type Paging = {
	/**
	 * how many points of each series are kept at most
	 */
	most: number;
	ask: (before: Label, count: number) => Promise<Page$1>;
};
/**
 * Each a CSS colour.
 */
export type Palette = {
	/**
	 * legend and tooltip
	 */
	text: string;
	/**
	 * axis labels and panel titles
	 */
	muted: string;
	/**
	 * the lines behind the data
	 */
	grid: string;
	/**
	 * axis lines and the crosshair
	 */
	axis: string;
	/**
	 * behind the tooltip and the crosshair's labels
	 */
	surface: string;
	/**
	 * a candle that closed higher, and values above zero
	 */
	up: string;
	/**
	 * a candle that closed lower, and values below zero
	 */
	down: string;
	volume: string;
	/**
	 * lines and points, in turn
	 */
	series: string[];
};
export type Period = number | string;
/**
 * Where a chart is, and when it is wanted.
 */
export type Placing = {
	/**
	 * where to draw, or the id of that
	 */
	element?: string | HTMLElement | undefined;
	/**
	 * the element that tells whether the chart is on the screen; default: `element`
	 */
	watch?: string | HTMLElement | undefined;
	/**
	 * default: as for all charts
	 */
	onScreenOnly?: boolean | undefined;
	/**
	 * default: a drawn chart pauses, one that only keeps data goes on
	 */
	whileHidden?: "pause" | "keep" | undefined;
};
export type Point = {
	ordinal: number;
	row: Row;
};
/**
 * What is called with what comes; users are named by their ids, as text.
 */
export type PresenceListener = {
	/**
	 * the whole set has been read: at first, and again where something
	 * was missed
	 */
	onSync?: ((users: ReadonlySet<string>) => void) | undefined;
	/**
	 * who has joined since; not called before the first `onSync`
	 */
	onJoin?: ((users: string[]) => void) | undefined;
	/**
	 * who has left since
	 */
	onLeave?: ((users: string[]) => void) | undefined;
	/**
	 * as in `TopicListener`
	 */
	onError?: ((error: RTError) => void) | undefined;
};
/**
 * Of the points that the chart holds.
 */
export type PriceSummary = {
	/**
	 * the label of the first of them
	 */
	since: string | number;
	last: number;
	/**
	 * since the first price: a candle's open
	 */
	change: number;
	/**
	 * of it; null where the first price is zero
	 */
	percent: number | null;
	low: number;
	high: number;
};
/**
 * Those that the quote has.
 */
export type QuoteFields = {
	bid?: number;
	ask?: number;
	open_interest?: number;
	turnover?: number;
	settlement?: number;
};
/**
 * The data of a `mycharts` message.
 */
export type Render = {
	type: "render";
	update: "static" | "dynamic";
	chart_id: string | number;
	/**
	 * the server's: in another one `seq` is another count
	 */
	epoch?: string | undefined;
	/**
	 * the number of the message's last point
	 */
	seq: number;
	/**
	 * of a dynamic one: the number of the last point before it
	 */
	prev_seq?: number | undefined;
	/**
	 * of a static one: whether there are rows before its first one
	 */
	older?: boolean | undefined;
	quote?: QuoteFields | undefined;
	/**
	 * StaticChart or DynamicChart
	 */
	chart: any;
};
/**
 * A label and the values there.
 */
export type Row = [
	Label,
	...(number | null)[]
];
export type SeriesData = {
	name: string;
	type: string;
	yAxisIndex?: number;
	data: Row[];
};
/**
 * Whether an exchange trades, from when, until when.
 */
export type Session = {
	exchange: string;
	is_open: boolean;
	since: number | null;
	until: number | null;
	days?: DayStart[];
};
export type SignDocument = SignSource & {
	visibilityState: string;
};
/**
 * The part of the page's window and document that is used.
 */
export type SignSource = {
	addEventListener: (event: string, run: (event: any) => void) => void;
	removeEventListener: (event: string, run: (event: any) => void) => void;
};
export type StageOptions = {
	/**
	 * default: the global one, looked up when something is drawn with it
	 */
	echarts?: ECharts | undefined;
	/**
	 * charts that have the same one take turns
	 */
	requestFrame?: ((run: () => void) => void) | undefined;
	ResizeObserver?: {
		new (callback: ResizeObserverCallback): ResizeObserver;
		prototype: ResizeObserver;
	} | undefined;
	IntersectionObserver?: {
		new (callback: IntersectionObserverCallback, options?: IntersectionObserverInit): IntersectionObserver;
		prototype: IntersectionObserver;
	} | undefined;
	/**
	 * how long the page has to be hidden until charts rest; null: they never do
	 */
	pauseAfterMs?: number | null | undefined;
	/**
	 * whether charts are asked for only while they are on the screen, or about to be
	 */
	onScreenOnly?: boolean | undefined;
	/**
	 * how long such a chart has to be off the screen until it is given up
	 */
	lingerMs?: number | undefined;
	/**
	 * default: the page's
	 */
	document?: VisibleDocument | undefined;
};
export type StaticChart = {
	legends: string[];
	xAxis: XAxis;
	yAxis: YAxis[];
	series: SeriesData[];
};
/**
 * `seq` is the number of the update, or of the last one that a snapshot holds.
 */
export type TopicInfo = {
	seq: number;
};
/**
 * What is called with what comes; the rest is settings.
 */
export type TopicListener = {
	/**
	 * the whole state: at first, and where updates were missed
	 */
	onSnapshot?: ((data: any, info: TopicInfo) => void) | undefined;
	/**
	 * one change of the state, each once and in order
	 */
	onUpdate?: ((update: any, info: TopicInfo) => void) | undefined;
	/**
	 * a part of the state that belongs before the newest one, as it
	 * is now: of `quotes`, a row whose label is older than the last one's
	 */
	onCorrected?: ((row: any, info: TopicInfo) => void) | undefined;
	/**
	 * what there is beside the updates, as it is after them: of
	 * `quotes`, the newest bid, ask and so on. At first the snapshot has it
	 */
	onFields?: ((fields: any, info: TopicInfo) => void) | undefined;
	/**
	 * the request is refused, or the subscription is over. After "rate_limited"
	 * it is asked for again by itself, after others on the next connection. Default: a warning on the console
	 */
	onError?: ((error: RTError) => void) | undefined;
	/**
	 * updates come together, so many times a second at most; null: at once
	 */
	maxRate?: number | null | undefined;
};
export type UserInfo = {
	/**
	 * this connection's name on the server; tells several tabs of one user apart
	 */
	uid: string;
	/**
	 * text for an id beyond 2^53 - 1, and for one that is no integer
	 */
	user: {
		id: number | string;
		name: string;
	};
	server: {
		version: string;
		epoch: string | number;
	};
	heartbeat_ms: number;
	/**
	 * pushed messages that are newer come live
	 */
	offset?: string | null | undefined;
};
export type ViewClass = new (chart: any, element: HTMLElement, tools: ViewTools) => View;
/**
 * What a page has for its drawings.
 */
export type ViewTools = {
	/**
	 * reading it raises an error where the page has none
	 */
	echarts: ECharts;
	/**
	 * the colours to begin with
	 */
	palette: Palette;
	clock: Clock;
	schedule: DrawSchedule;
	ResizeObserver: typeof ResizeObserver | undefined;
	/**
	 * without one the drawing counts as seen
	 */
	IntersectionObserver: typeof IntersectionObserver | undefined;
	/**
	 * outlives the view: one that is made again for the same chart finds what it put there
	 */
	kept: Record<string, any>;
};
/**
 * The part of the page's document that is used.
 */
export type VisibleDocument = {
	visibilityState: string;
	addEventListener: (event: "visibilitychange", run: () => void) => void;
	removeEventListener: (event: "visibilitychange", run: () => void) => void;
};
/**
 * `zone`: the exchange's, by its IANA name; its moments are shown in it.
 */
export type XAxis = {
	data: Label[];
	zone?: string;
	days?: DayStart[];
};
/**
 * `decimals` of the prices, where the quote says them.
 */
export type YAxis = {
	name: string;
	decimals?: number;
};
type Page$1 = {
	chart: StaticChart;
	older: boolean;
};

export as namespace rtc;

export {};
