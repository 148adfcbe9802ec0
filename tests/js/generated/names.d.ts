// Made by tce2js from module names: change the IDL, not this file.
import * as tce from "../../../site/static/js/rtc/tce.js";
import * as $parts from "./parts.js";
import * as $roots from "./roots.js";

/** struct names.Map */
export class Map_ {
  for__: string;
  for_: string;
  constructor_: number;
  toString_: bigint;
  __proto___: number;
  thing: $parts.Thing;
  constructor(fields?: Partial<Map_>);
  static minBytes: number;
  static read(reader: tce.ByteReader): Map_;
  static write(writer: tce.ByteWriter, value: Map_): void;
}

export type class_ = Map_[];
export const class_: tce.Type<Map_[]>;

export type Promise_ = Map<bigint, Map_[]>;
export const Promise_: tce.Type<Map<bigint, Map_[]>, tce.Entries<bigint | number, Map_[]>>;

export type Partial_ = Uint8Array;
export const Partial_: tce.Type<Uint8Array, Uint8Array | ArrayBuffer | number[]>;

/** struct names.Color */
export class Color {
  Point: $parts.Point;
  Partial: Uint8Array;
  constructor(fields?: Partial<Color>);
  static minBytes: number;
  static read(reader: tce.ByteReader): Color;
  static write(writer: tce.ByteWriter, value: Color): void;
}

/**
 * Calls names.Base.
 * the base * / of others
 */
export class BaseProxy extends tce.Proxy {
  paint(Color: Color, ctx: number, options: number, this_: number, options_?: tce.CallOptions): Promise<Color>;
  paint_async(
    Color: Color,
    ctx: number,
    options: number,
    this_: number,
    callback?: tce.OnResult<Color, this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
  conn_(callback: string, error: string, options?: tce.CallOptions): Promise<void>;
  conn_async(
    callback: string,
    error: string,
    callback_?: tce.OnDone<this>,
    error_?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
  conn_oneway(
    callback: string,
    error: string,
    options?: tce.OneWayOptions<this> | tce.OnError<this>,
    props?: tce.ExtraInput | null,
  ): void;
  then_(options?: tce.CallOptions): Promise<string>;
  then_async(
    callback?: tce.OnResult<string, this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
}

/**
 * Answers calls of names.Base: to be extended by a class with methods of its own.
 * the base * / of others
 */
export class Base extends tce.Servant {
  static OPERATIONS: readonly tce.Operation[];
  paint(Color: Color, ctx: number, options: number, this_: number, ctx_: tce.RpcContext): Color | Promise<Color>;
  conn_(callback: string, error: string, ctx: tce.RpcContext): void | Promise<void>;
  then_(ctx: tce.RpcContext): string | Promise<string>;
}

/** Calls names.Silent. */
export class SilentProxy extends BaseProxy {
  /** says nothing */
  constructor_(options?: tce.CallOptions): Promise<void>;
  /** says nothing */
  constructor_async(
    callback?: tce.OnDone<this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
  /** says nothing */
  constructor_oneway(options?: tce.OneWayOptions<this> | tce.OnError<this>, props?: tce.ExtraInput | null): void;
  delete(arguments_: tce.Entries<bigint | number, Map_[]>, options?: tce.CallOptions): Promise<void>;
  delete_async(
    arguments_: tce.Entries<bigint | number, Map_[]>,
    callback?: tce.OnDone<this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
  delete_oneway(
    arguments_: tce.Entries<bigint | number, Map_[]>,
    options?: tce.OneWayOptions<this> | tce.OnError<this>,
    props?: tce.ExtraInput | null,
  ): void;
}

/** Calls names.Loud. */
export class LoudProxy_ extends SilentProxy {
  shout(what: string, options?: tce.CallOptions): Promise<string>;
  shout_async(options?: tce.CallOptions): Promise<void>;
  shout_async_async(
    callback?: tce.OnDone<this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
  shout_async_oneway(options?: tce.OneWayOptions<this> | tce.OnError<this>, props?: tce.ExtraInput | null): void;
}

/** Answers calls of names.Loud: to be extended by a class with methods of its own. */
export class Loud extends Base {
  static OPERATIONS: readonly tce.Operation[];
  shout(what: string, ctx: tce.RpcContext): string | Promise<string>;
  shout_async(ctx: tce.RpcContext): void | Promise<void>;
}

/** Calls names.LoudProxy. */
export class LoudProxyProxy extends tce.Proxy {
  find(value: $parts.Thing, tce: $parts.Thing[], options?: tce.CallOptions): Promise<$parts.Thing[]>;
  find_async(
    value: $parts.Thing,
    tce: $parts.Thing[],
    callback?: tce.OnResult<$parts.Thing[], this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
}

/** Answers calls of names.LoudProxy: to be extended by a class with methods of its own. */
export class LoudProxy extends tce.Servant {
  static OPERATIONS: readonly tce.Operation[];
  find(value: $parts.Thing, tce: $parts.Thing[], ctx: tce.RpcContext): $parts.Thing[] | Promise<$parts.Thing[]>;
}

/** Calls names.Far. */
export class FarProxy extends $roots.RootProxy {
  far(options?: tce.CallOptions): Promise<void>;
  far_async(callback?: tce.OnDone<this>, error?: tce.OnError<this>, props?: tce.ExtraInput | null, cookie?: any): void;
  far_oneway(options?: tce.OneWayOptions<this> | tce.OnError<this>, props?: tce.ExtraInput | null): void;
}

/** Answers calls of names.Far: to be extended by a class with methods of its own. */
export class Far extends $roots.Root {
  static OPERATIONS: readonly tce.Operation[];
  far(ctx: tce.RpcContext): void | Promise<void>;
}
