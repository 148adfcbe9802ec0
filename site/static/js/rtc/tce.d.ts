/**
 * @template R
 * @template P the proxy
 * @typedef {((result: R, proxy: P, cookie: any) => void) | null} OnResult
 */
/**
 * @template P the proxy
 * @typedef {((proxy: P, cookie: any) => void) | null} OnDone
 */
/**
 * @template P the proxy
 * @typedef {((error: RpcException, proxy: P, cookie: any) => void) | null} OnError
 */
declare class Proxy$1 {
	/**
	 * A proxy with a connection of its own, which is made at the first call.
	 * @template {Proxy} P
	 * @this {new (conn: RpcConnection) => P}
	 * @param {string} uri
	 * @param {ConnectionOptions} [options]
	 * @returns {P}
	 */
	static create<P extends Proxy$1>(this: new (conn: RpcConnection) => P, uri: string, options?: ConnectionOptions): P;
	/**
	 * A proxy on the connection of another one.
	 * @template {Proxy} P
	 * @this {new (conn: RpcConnection) => P}
	 * @param {Proxy} proxy
	 * @returns {P}
	 */
	static createWithProxy<P extends Proxy$1>(this: new (conn: RpcConnection) => P, proxy: Proxy$1): P;
	/** @param {RpcConnection} conn */
	constructor(conn: RpcConnection);
	conn: RpcConnection;
	/**
	 * @template R
	 * @param {Operation<R>} operation
	 * @param {unknown[]} args
	 * @param {CallOptions} [options]
	 * @returns {Promise<R>}
	 */
	$call<R>(operation: Operation<R>, args: unknown[], options?: CallOptions): Promise<R>;
	/**
	 * With callbacks, as the original's users know it; arguments that are left out or null are none. Errors without an
	 * `error` go to the connection's `report`, as do those of the callbacks themselves.
	 * @param {Operation<any>} operation
	 * @param {unknown[]} args
	 * @param {OnResult<any, any> | OnDone<any>} [callback]
	 * @param {OnError<any>} [error]
	 * @param {ExtraInput | null} [props]
	 * @param {any} [cookie]
	 */
	$callAsync(operation: Operation<any>, args: unknown[], callback?: OnResult<any, any> | OnDone<any>, error?: OnError<any>, props?: ExtraInput | null, cookie?: any): void;
	/**
	 * @param {Operation<void>} operation
	 * @param {unknown[]} args
	 * @param {OneWayOptions<any> | OnError<any>} [optionsOrError] options, or `error` as in the original
	 * @param {ExtraInput | null} [props] what travels beside the parameters, behind an `error`
	 */
	$send(operation: Operation<void>, args: unknown[], optionsOrError?: OneWayOptions<any> | OnError<any>, props?: ExtraInput | null): void;
	#private;
}
export class ByteReader {
	/** @param {Uint8Array} bytes must stay as they are while they are read */
	constructor(bytes: Uint8Array);
	/** How many bytes are left. */
	get remaining(): number;
	byte(): number;
	bool(): boolean;
	short(): number;
	unsignedShort(): number;
	int(): number;
	unsignedInt(): number;
	long(): bigint;
	float(): number;
	double(): number;
	string(): string;
	/** @returns {Uint8Array} a copy, so that a small value does not keep a large packet */
	bytes(): Uint8Array;
	/** @returns {Uint8Array} a copy of all that is left */
	rest(): Uint8Array;
	/**
	 * The number of elements that follow.
	 * @param {number} minBytes the least that one of them can take
	 */
	count(minBytes: number): number;
	/** All has been read: what is left over means that the two sides disagree about the types. */
	end(): void;
	#private;
}
export class ByteWriter {
	/** @returns {Uint8Array} a copy of all that was written */
	toBytes(): Uint8Array;
	/** @param {number} value 0 to 255 */
	byte(value: number): void;
	/** @param {boolean} value */
	bool(value: boolean): void;
	/** @param {number} value */
	short(value: number): void;
	/** @param {number} value */
	unsignedShort(value: number): void;
	/** @param {number} value */
	int(value: number): void;
	/** @param {number} value */
	unsignedInt(value: number): void;
	/** @param {bigint | number} value a number only where it is exact */
	long(value: bigint | number): void;
	/** @param {number} value rounded to 32 bits; what would become infinite by that does not fit */
	float(value: number): void;
	/** @param {number} value */
	double(value: number): void;
	/** @param {string} value */
	string(value: string): void;
	/**
	 * The number of bytes, then the bytes.
	 * @param {Uint8Array} value
	 */
	bytes(value: Uint8Array): void;
	/** @param {Uint8Array} bytes written as they are */
	raw(bytes: Uint8Array): void;
	#private;
}
/** A body, parameters or a result that are not what the IDL says. The connection can go on. */
export class DecodeError extends RpcException {
	/** @param {string} message */
	constructor(message: string);
}
/** @template [R=any] what it returns */
export class Operation<R = any> {
	/**
	 * @param {string} fullName module.Interface.operation
	 * @param {object} definition
	 * @param {number} definition.ifidx
	 * @param {number} definition.opidx
	 * @param {Type<any, any>[]} definition.params
	 * @param {Type<R, any>} definition.result
	 * @param {string} [definition.method] what it is called in JavaScript, where that is not its own name
	 */
	constructor(fullName: string, { ifidx, opidx, params, result, method }: {
		ifidx: number;
		opidx: number;
		params: Type<any, any>[];
		result: Type<R, any>;
		method?: string | undefined;
	});
	fullName: string;
	interfaceName: string;
	method: string;
	ifidx: number;
	opidx: number;
	params: Type<any, any>[];
	result: Type<R, any>;
	get isVoid(): boolean;
	/**
	 * @param {unknown[]} args
	 * @returns {Uint8Array}
	 * @throws {import("./error.js").RpcException} RPCERROR_DATADIRTY: a value that is not of its type
	 */
	writeParams(args: unknown[]): Uint8Array;
	/**
	 * @param {Uint8Array} bytes
	 * @returns {any[]}
	 * @throws {import("./error.js").DecodeError}
	 */
	readParams(bytes: Uint8Array): any[];
	/**
	 * @param {unknown} value
	 * @returns {Uint8Array}
	 * @throws {import("./error.js").RpcException} RPCERROR_DATADIRTY: a value that is not of its type
	 */
	writeResult(value: unknown): Uint8Array;
	/**
	 * @param {Uint8Array} bytes
	 * @returns {R}
	 * @throws {import("./error.js").DecodeError}
	 */
	readResult(bytes: Uint8Array): R;
	#private;
}
/** Bytes after which nothing on this connection can be trusted: it has to be closed. */
export class PacketError extends RpcException {
	/** @param {string} message */
	constructor(message: string);
}
/** @typedef {{servant: Servant, operation: Operation}} Target */
/** Servants by the interfaces and operations that they serve, for one connection or for several. */
export class RpcAdapter {
	/** @param {string} [id] for logs */
	constructor(id?: string);
	id: string;
	/**
	 * @param {Servant} servant serves its interface and that one's bases from now on, instead of an earlier servant
	 * @returns {this}
	 * @throws {Error} one of them has the index of another interface that is served already
	 */
	addServant(servant: Servant): this;
	/**
	 * @param {{ifidx: number, opidx: number}} numbers as in a message
	 * @returns {Target | undefined}
	 */
	find(numbers: {
		ifidx: number;
		opidx: number;
	}): Target | undefined;
	#private;
}
export class RpcConnection {
	/**
	 * Does nothing until the first call, or `connect`.
	 * @param {string} uri ws:// or wss://
	 * @param {ConnectionOptions} [options]
	 */
	constructor(uri: string, options?: ConnectionOptions);
	report: (error: unknown) => void;
	/** "connecting", "open", "waiting" (for the next attempt) or "closed" (until the next call). */
	get state(): string;
	/**
	 * Listen: "state": `(state)`; "open": `()`; "close", each loss and each attempt that failed: `({code, reason})`.
	 * @param {"state" | "open" | "close"} event
	 * @param {import("../emitter.js").Listener} listener
	 * @returns {() => void} ends it
	 */
	on(event: "state" | "open" | "close", listener: Listener): () => void;
	/**
	 * Say who this is: with the next packet, and with the first one of every new connection.
	 * @param {string} token
	 * @throws {RpcException} RPCERROR_DATADIRTY: UTF-8 cannot say it
	 */
	setToken(token: string): void;
	/**
	 * Say which device this is, at the same time as the token.
	 * @param {string} deviceId
	 * @throws {RpcException} RPCERROR_DATADIRTY: UTF-8 cannot say it
	 */
	setDeviceId(deviceId: string): void;
	/** @param {RpcAdapter} adapter its servants answer what the server calls */
	attachAdapter(adapter: RpcAdapter): void;
	/** What the server calls from now on is answered with RPCERROR_INTERFACE_NOTFOUND. */
	detachAdapter(): void;
	/** Connect now, without waiting any longer. Nothing happens where a connection is there or on its way. */
	connect(): void;
	/** Hang up; calls that wait end. The next call, or `connect`, makes a new connection. */
	close(): void;
	/**
	 * @template R
	 * @param {Operation<R>} operation
	 * @param {unknown[]} args
	 * @param {CallOptions | null} [options]
	 * @param {number} [calltype] how the call is marked; servers make no difference
	 * @returns {Promise<R>} rejected with RpcException
	 */
	call<R>(operation: Operation<R>, args: unknown[], options?: CallOptions | null, calltype?: number): Promise<R>;
	/**
	 * Call without an answer.
	 * @param {Operation<void>} operation
	 * @param {unknown[]} args
	 * @param {ExtraInput} [extra]
	 * @returns {Promise<void>} fulfilled when it is on its way; rejected with RpcException
	 */
	send(operation: Operation<void>, args: unknown[], extra?: ExtraInput): Promise<void>;
	#private;
}
export class RpcContext {
	/**
	 * @param {RpcConnection} conn on which the call came; a proxy made of it calls back
	 * @param {RpcMessage} call
	 */
	constructor(conn: RpcConnection, call: RpcMessage);
	conn: RpcConnection;
	/** @type {RpcMessage & {extra: Extra}} */
	msg: RpcMessage & {
		extra: Extra;
	};
}
export class RpcException extends Error {
	/**
	 * @param {number} errcode one of `RpcConsts`, or what a peer made up
	 * @param {string} [message] for a person to read
	 */
	constructor(errcode: number, message?: string);
	errcode: number;
	/** @returns {string} the error's name and, where there is one, the message */
	what(): string;
}
/** Who answers calls: servants with the methods of an interface, and the adapter that knows them by their numbers. */
/** @import { Operation } from "./operation.js" */
/** The base of generated servants. Each has its interface's own operations; it inherits those of a base. */
export class Servant {
	/** @type {readonly Operation[]} */
	static OPERATIONS: readonly Operation[];
}
/** What goes wrong in a remote call: one class, and the numbers that all implementations share. */
/** TCE protocol, section 2.7. Only 4, 5, 6 and 8 travel; the rest is what a caller sees of its own side. */
export const RpcConsts: Readonly<{
	RPCERROR_SUCC: 0;
	RPCERROR_SENDFAILED: 1;
	RPCERROR_TIMEOUT: 2;
	RPCERROR_DATADIRTY: 3;
	RPCERROR_INTERFACE_NOTFOUND: 4;
	RPCERROR_UNSERIALIZE_FAILED: 5;
	RPCERROR_REMOTEMETHOD_EXCEPTION: 6;
	RPCERROR_DATA_INSUFFICIENT: 7;
	RPCERROR_REMOTE_EXCEPTION: 8;
	RPCERROR_CONNECT_UNREACHABLE: 101;
	RPCERROR_CONNECT_FAILED: 102;
	RPCERROR_CONNECT_REJECT: 103;
	RPCERROR_CONNECTION_LOST: 104;
	RPCERROR_INTERNAL_EXCEPTION: 105;
}>;
/** @type {Type<boolean>} */
export const bool: Type<boolean>;
/**
 * @template T what is read
 * @template [Input=T] what may be written
 * @typedef {object} Type
 * @property {number} minBytes the fewest bytes of a value; bounds a count before anything is made
 * @property {(reader: ByteReader) => T} read
 * @property {(writer: ByteWriter, value: Input) => void} write
 */
/**
 * @template K
 * @template V
 * @typedef {Map<K, V> | (K extends string ? {[key: string]: V} : never)} Entries
 *   A dictionary to be written. Read, it is always a Map: the keys of a plain object are strings, 1 and "1" would be
 *   one key, `__proto__` would be none, and numbers would come first whatever the order on the wire.
 */
/** @type {Type<number>} 0 to 255. */
export const byte: Type<number>;
/** @type {Type<Uint8Array, Uint8Array | ArrayBuffer | number[]>} `sequence<byte>` */
export const bytes: Type<Uint8Array, Uint8Array | ArrayBuffer | number[]>;
/** @type {Type<number>} */
export const double: Type<number>;
/** @type {Type<number>} */
export const float: Type<number>;
/** @type {Type<number>} */
export const int: Type<number>;
/** @type {Type<bigint, bigint | number>} */
export const long: Type<bigint, bigint | number>;
/** @type {Type<void>} What a void operation returns: not a single byte. */
export const nothing: Type<void>;
/** @type {Type<number>} */
export const short: Type<number>;
/** @type {Type<string>} */
export const string: Type<string>;
/**
 * @template K
 * @template V
 * @template [KeyInput=K]
 * @template [ValueInput=V]
 * @param {Type<K, KeyInput>} key
 * @param {Type<V, ValueInput>} value
 * @returns {Type<Map<K, V>, Entries<KeyInput, ValueInput>>} a key that comes twice has its last value
 */
export function dictionary<K, V, KeyInput = K, ValueInput = V>(key: Type<K, KeyInput>, value: Type<V, ValueInput>): Type<Map<K, V>, Entries<KeyInput, ValueInput>>;
/**
 * A type that is made further down, or in a module that is loaded later: looked up when it is used.
 * @template T
 * @template [Input=T]
 * @param {number} minBytes
 * @param {() => Type<T, Input>} find
 * @returns {Type<T, Input>}
 */
export function later<T, Input = T>(minBytes: number, find: () => Type<T, Input>): Type<T, Input>;
/**
 * @template T
 * @template [Input=T]
 * @param {Type<T, Input>} element
 * @returns {Type<T[], Input[]>}
 */
export function sequence<T, Input = T>(element: Type<T, Input>): Type<T[], Input[]>;
type CallOptions = {
	timeout?: number | null;
	extra?: ExtraInput | null;
};
type CallOptions$1 = CallOptions;
type Clock = {
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
type ConnectionOptions = {
	/**
	 * seconds that a call waits for its answer; 30 by default, and for 0 or null
	 */
	timeout?: number | null | undefined;
	/**
	 * come back after a loss without a call, in order to receive
	 */
	reconnect?: boolean | undefined;
	/**
	 * seconds; 15 by default, and for 0 or null
	 */
	connectTimeout?: number | null | undefined;
	/**
	 * of a packet, as it comes and inflated
	 */
	maxPacketBytes?: number | undefined;
	/**
	 * gets errors that nobody waits for, such as those of servants
	 */
	report?: ((error: unknown) => void) | undefined;
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
	DecompressionStream?: {
		new (format: CompressionFormat): DecompressionStream;
		prototype: DecompressionStream;
	} | undefined;
};
type ConnectionOptions$1 = ConnectionOptions;
type Entries$1<K, V> = Entries<K, V>;
type Entries<K, V> = Map<K, V> | (K extends string ? {
	[key: string]: V;
} : never);
type Extra = {
	[key: string]: string;
};
type ExtraBytes = [
	key: Uint8Array,
	value: Uint8Array
][];
type ExtraInput = {
	[key: string]: unknown;
};
type ExtraInput$1 = ExtraInput;
type Listener = (...args: any[]) => void;
type OnDone$1<P> = OnDone<P>;
type OnDone<P> = ((proxy: P, cookie: any) => void) | null;
type OnError$1<P> = OnError<P>;
type OnError<P> = ((error: RpcException, proxy: P, cookie: any) => void) | null;
type OnResult$1<R, P> = OnResult<R, P>;
type OnResult<R, P> = ((result: R, proxy: P, cookie: any) => void) | null;
type OneWayOptions$1<P> = OneWayOptions<P>;
type OneWayOptions<P> = {
	extra?: ExtraInput | null;
	error?: OnError<P>;
};
type RpcMessage = {
	sequence: number;
	calltype: number;
	ifidx: number;
	opidx: number;
	errcode: number;
	/**
	 * the number of parameters; some peers always send 0
	 */
	paramsize: number;
	callId: number;
	/**
	 * as they came, so that an answer can return what is not even UTF-8
	 */
	extraBytes: ExtraBytes;
	/**
	 * one value after the other
	 */
	params: Uint8Array;
};
type Target = {
	servant: Servant;
	operation: Operation;
};
type Type$1<T, Input = T> = Type<T, Input>;
type Type<T, Input = T> = {
	/**
	 * the fewest bytes of a value; bounds a count before anything is made
	 */
	minBytes: number;
	read: (reader: ByteReader) => T;
	write: (writer: ByteWriter, value: Input) => void;
};

export {
	CallOptions$1 as CallOptions,
	ConnectionOptions$1 as ConnectionOptions,
	Entries$1 as Entries,
	ExtraInput$1 as ExtraInput,
	OnDone$1 as OnDone,
	OnError$1 as OnError,
	OnResult$1 as OnResult,
	OneWayOptions$1 as OneWayOptions,
	Proxy$1 as Proxy,
	Type$1 as Type,
};

export {};
