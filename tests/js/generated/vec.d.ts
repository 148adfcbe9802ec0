// Made by tce2js from module vec: change the IDL, not this file.
import * as tce from "../../../site/static/js/rtc/tce.js";

export type Bytes_t = Uint8Array;
export const Bytes_t: tce.Type<Uint8Array, Uint8Array | ArrayBuffer | number[]>;

export type BoolList_t = boolean[];
export const BoolList_t: tce.Type<boolean[]>;

export type ShortList_t = number[];
export const ShortList_t: tce.Type<number[]>;

export type IntList_t = number[];
export const IntList_t: tce.Type<number[]>;

export type LongList_t = bigint[];
export const LongList_t: tce.Type<bigint[], (bigint | number)[]>;

export type FloatList_t = number[];
export const FloatList_t: tce.Type<number[]>;

export type DoubleList_t = number[];
export const DoubleList_t: tce.Type<number[]>;

export type StrList_t = string[];
export const StrList_t: tce.Type<string[]>;

export type IntListList_t = number[][];
export const IntListList_t: tce.Type<number[][]>;

export type BytesList_t = Uint8Array[];
export const BytesList_t: tce.Type<Uint8Array[], (Uint8Array | ArrayBuffer | number[])[]>;

export type StrStr_t = Map<string, string>;
export const StrStr_t: tce.Type<Map<string, string>, tce.Entries<string, string>>;

export type IntStr_t = Map<number, string>;
export const IntStr_t: tce.Type<Map<number, string>, tce.Entries<number, string>>;

export type StrInt_t = Map<string, number>;
export const StrInt_t: tce.Type<Map<string, number>, tce.Entries<string, number>>;

export type StrBytes_t = Map<string, Uint8Array>;
export const StrBytes_t: tce.Type<Map<string, Uint8Array>, tce.Entries<string, Uint8Array | ArrayBuffer | number[]>>;

export type StrIntList_t = Map<string, number[]>;
export const StrIntList_t: tce.Type<Map<string, number[]>, tce.Entries<string, number[]>>;

/** struct vec.Point */
export class Point {
  x: number;
  y: number;
  constructor(fields?: Partial<Point>);
  static minBytes: number;
  static read(reader: tce.ByteReader): Point;
  static write(writer: tce.ByteWriter, value: Point): void;
}

/** struct vec.All */
export class All {
  b: number;
  f: boolean;
  s: number;
  i: number;
  l: bigint;
  g: number;
  dbl: number;
  t: string;
  constructor(fields?: Partial<All>);
  static minBytes: number;
  static read(reader: tce.ByteReader): All;
  static write(writer: tce.ByteWriter, value: All): void;
}

/** struct vec.Person */
export class Person {
  name: string;
  home: Point;
  tags: string[];
  props: Map<string, string>;
  photo: Uint8Array;
  constructor(fields?: Partial<Person>);
  static minBytes: number;
  static read(reader: tce.ByteReader): Person;
  static write(writer: tce.ByteWriter, value: Person): void;
}

export type PersonList_t = Person[];
export const PersonList_t: tce.Type<Person[]>;

export type PointList_t = Point[];
export const PointList_t: tce.Type<Point[]>;

export type StrPoint_t = Map<string, Point>;
export const StrPoint_t: tce.Type<Map<string, Point>, tce.Entries<string, Point>>;

export type StrStrList_t = Map<string, string>[];
export const StrStrList_t: tce.Type<Map<string, string>[], tce.Entries<string, string>[]>;

/** Calls vec.Prim. */
export class PrimProxy extends tce.Proxy {
  echo_byte(val: number, options?: tce.CallOptions): Promise<number>;
  echo_byte_async(
    val: number,
    callback?: tce.OnResult<number, this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
  echo_bool(val: boolean, options?: tce.CallOptions): Promise<boolean>;
  echo_bool_async(
    val: boolean,
    callback?: tce.OnResult<boolean, this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
  echo_short(val: number, options?: tce.CallOptions): Promise<number>;
  echo_short_async(
    val: number,
    callback?: tce.OnResult<number, this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
  echo_int(val: number, options?: tce.CallOptions): Promise<number>;
  echo_int_async(
    val: number,
    callback?: tce.OnResult<number, this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
  echo_long(val: bigint | number, options?: tce.CallOptions): Promise<bigint>;
  echo_long_async(
    val: bigint | number,
    callback?: tce.OnResult<bigint, this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
  echo_float(val: number, options?: tce.CallOptions): Promise<number>;
  echo_float_async(
    val: number,
    callback?: tce.OnResult<number, this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
  echo_double(val: number, options?: tce.CallOptions): Promise<number>;
  echo_double_async(
    val: number,
    callback?: tce.OnResult<number, this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
  echo_string(val: string, options?: tce.CallOptions): Promise<string>;
  echo_string_async(
    val: string,
    callback?: tce.OnResult<string, this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
  nop(options?: tce.CallOptions): Promise<void>;
  nop_async(callback?: tce.OnDone<this>, error?: tce.OnError<this>, props?: tce.ExtraInput | null, cookie?: any): void;
  nop_oneway(options?: tce.OneWayOptions<this> | tce.OnError<this>, props?: tce.ExtraInput | null): void;
  add(aa: number, bb: number, options?: tce.CallOptions): Promise<number>;
  add_async(
    aa: number,
    bb: number,
    callback?: tce.OnResult<number, this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
  notify_(text: string, num: number, options?: tce.CallOptions): Promise<void>;
  notify__async(
    text: string,
    num: number,
    callback?: tce.OnDone<this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
  notify__oneway(
    text: string,
    num: number,
    options?: tce.OneWayOptions<this> | tce.OnError<this>,
    props?: tce.ExtraInput | null,
  ): void;
}

/** Answers calls of vec.Prim: to be extended by a class with methods of its own. */
export class Prim extends tce.Servant {
  static OPERATIONS: readonly tce.Operation[];
  echo_byte(val: number, ctx: tce.RpcContext): number | Promise<number>;
  echo_bool(val: boolean, ctx: tce.RpcContext): boolean | Promise<boolean>;
  echo_short(val: number, ctx: tce.RpcContext): number | Promise<number>;
  echo_int(val: number, ctx: tce.RpcContext): number | Promise<number>;
  echo_long(val: bigint, ctx: tce.RpcContext): bigint | Promise<bigint>;
  echo_float(val: number, ctx: tce.RpcContext): number | Promise<number>;
  echo_double(val: number, ctx: tce.RpcContext): number | Promise<number>;
  echo_string(val: string, ctx: tce.RpcContext): string | Promise<string>;
  nop(ctx: tce.RpcContext): void | Promise<void>;
  add(aa: number, bb: number, ctx: tce.RpcContext): number | Promise<number>;
  notify_(text: string, num: number, ctx: tce.RpcContext): void | Promise<void>;
}

/** Calls vec.Cont. */
export class ContProxy extends tce.Proxy {
  echo_bytes(val: Uint8Array | ArrayBuffer | number[], options?: tce.CallOptions): Promise<Uint8Array>;
  echo_bytes_async(
    val: Uint8Array | ArrayBuffer | number[],
    callback?: tce.OnResult<Uint8Array, this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
  echo_bools(val: boolean[], options?: tce.CallOptions): Promise<boolean[]>;
  echo_bools_async(
    val: boolean[],
    callback?: tce.OnResult<boolean[], this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
  echo_shorts(val: number[], options?: tce.CallOptions): Promise<number[]>;
  echo_shorts_async(
    val: number[],
    callback?: tce.OnResult<number[], this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
  echo_ints(val: number[], options?: tce.CallOptions): Promise<number[]>;
  echo_ints_async(
    val: number[],
    callback?: tce.OnResult<number[], this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
  echo_longs(val: (bigint | number)[], options?: tce.CallOptions): Promise<bigint[]>;
  echo_longs_async(
    val: (bigint | number)[],
    callback?: tce.OnResult<bigint[], this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
  echo_floats(val: number[], options?: tce.CallOptions): Promise<number[]>;
  echo_floats_async(
    val: number[],
    callback?: tce.OnResult<number[], this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
  echo_doubles(val: number[], options?: tce.CallOptions): Promise<number[]>;
  echo_doubles_async(
    val: number[],
    callback?: tce.OnResult<number[], this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
  echo_strs(val: string[], options?: tce.CallOptions): Promise<string[]>;
  echo_strs_async(
    val: string[],
    callback?: tce.OnResult<string[], this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
  echo_intss(val: number[][], options?: tce.CallOptions): Promise<number[][]>;
  echo_intss_async(
    val: number[][],
    callback?: tce.OnResult<number[][], this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
  echo_bytess(val: (Uint8Array | ArrayBuffer | number[])[], options?: tce.CallOptions): Promise<Uint8Array[]>;
  echo_bytess_async(
    val: (Uint8Array | ArrayBuffer | number[])[],
    callback?: tce.OnResult<Uint8Array[], this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
  echo_ss(val: tce.Entries<string, string>, options?: tce.CallOptions): Promise<Map<string, string>>;
  echo_ss_async(
    val: tce.Entries<string, string>,
    callback?: tce.OnResult<Map<string, string>, this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
  echo_is(val: tce.Entries<number, string>, options?: tce.CallOptions): Promise<Map<number, string>>;
  echo_is_async(
    val: tce.Entries<number, string>,
    callback?: tce.OnResult<Map<number, string>, this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
  echo_si(val: tce.Entries<string, number>, options?: tce.CallOptions): Promise<Map<string, number>>;
  echo_si_async(
    val: tce.Entries<string, number>,
    callback?: tce.OnResult<Map<string, number>, this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
  echo_sb(
    val: tce.Entries<string, Uint8Array | ArrayBuffer | number[]>,
    options?: tce.CallOptions,
  ): Promise<Map<string, Uint8Array>>;
  echo_sb_async(
    val: tce.Entries<string, Uint8Array | ArrayBuffer | number[]>,
    callback?: tce.OnResult<Map<string, Uint8Array>, this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
  echo_sil(val: tce.Entries<string, number[]>, options?: tce.CallOptions): Promise<Map<string, number[]>>;
  echo_sil_async(
    val: tce.Entries<string, number[]>,
    callback?: tce.OnResult<Map<string, number[]>, this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
  echo_point(val: Point, options?: tce.CallOptions): Promise<Point>;
  echo_point_async(
    val: Point,
    callback?: tce.OnResult<Point, this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
  echo_all(val: All, options?: tce.CallOptions): Promise<All>;
  echo_all_async(
    val: All,
    callback?: tce.OnResult<All, this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
  echo_person(val: Person, options?: tce.CallOptions): Promise<Person>;
  echo_person_async(
    val: Person,
    callback?: tce.OnResult<Person, this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
  echo_persons(val: Person[], options?: tce.CallOptions): Promise<Person[]>;
  echo_persons_async(
    val: Person[],
    callback?: tce.OnResult<Person[], this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
  echo_points(val: Point[], options?: tce.CallOptions): Promise<Point[]>;
  echo_points_async(
    val: Point[],
    callback?: tce.OnResult<Point[], this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
  echo_sp(val: tce.Entries<string, Point>, options?: tce.CallOptions): Promise<Map<string, Point>>;
  echo_sp_async(
    val: tce.Entries<string, Point>,
    callback?: tce.OnResult<Map<string, Point>, this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
  echo_ssl(val: tce.Entries<string, string>[], options?: tce.CallOptions): Promise<Map<string, string>[]>;
  echo_ssl_async(
    val: tce.Entries<string, string>[],
    callback?: tce.OnResult<Map<string, string>[], this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
  mix(aa: number, bb: string, pp: Point, ll: string[], dd: number, options?: tce.CallOptions): Promise<string>;
  mix_async(
    aa: number,
    bb: string,
    pp: Point,
    ll: string[],
    dd: number,
    callback?: tce.OnResult<string, this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
}

/** Answers calls of vec.Cont: to be extended by a class with methods of its own. */
export class Cont extends tce.Servant {
  static OPERATIONS: readonly tce.Operation[];
  echo_bytes(val: Uint8Array, ctx: tce.RpcContext): Uint8Array | Promise<Uint8Array>;
  echo_bools(val: boolean[], ctx: tce.RpcContext): boolean[] | Promise<boolean[]>;
  echo_shorts(val: number[], ctx: tce.RpcContext): number[] | Promise<number[]>;
  echo_ints(val: number[], ctx: tce.RpcContext): number[] | Promise<number[]>;
  echo_longs(val: bigint[], ctx: tce.RpcContext): bigint[] | Promise<bigint[]>;
  echo_floats(val: number[], ctx: tce.RpcContext): number[] | Promise<number[]>;
  echo_doubles(val: number[], ctx: tce.RpcContext): number[] | Promise<number[]>;
  echo_strs(val: string[], ctx: tce.RpcContext): string[] | Promise<string[]>;
  echo_intss(val: number[][], ctx: tce.RpcContext): number[][] | Promise<number[][]>;
  echo_bytess(val: Uint8Array[], ctx: tce.RpcContext): Uint8Array[] | Promise<Uint8Array[]>;
  echo_ss(val: Map<string, string>, ctx: tce.RpcContext): Map<string, string> | Promise<Map<string, string>>;
  echo_is(val: Map<number, string>, ctx: tce.RpcContext): Map<number, string> | Promise<Map<number, string>>;
  echo_si(val: Map<string, number>, ctx: tce.RpcContext): Map<string, number> | Promise<Map<string, number>>;
  echo_sb(
    val: Map<string, Uint8Array>,
    ctx: tce.RpcContext,
  ): Map<string, Uint8Array> | Promise<Map<string, Uint8Array>>;
  echo_sil(val: Map<string, number[]>, ctx: tce.RpcContext): Map<string, number[]> | Promise<Map<string, number[]>>;
  echo_point(val: Point, ctx: tce.RpcContext): Point | Promise<Point>;
  echo_all(val: All, ctx: tce.RpcContext): All | Promise<All>;
  echo_person(val: Person, ctx: tce.RpcContext): Person | Promise<Person>;
  echo_persons(val: Person[], ctx: tce.RpcContext): Person[] | Promise<Person[]>;
  echo_points(val: Point[], ctx: tce.RpcContext): Point[] | Promise<Point[]>;
  echo_sp(val: Map<string, Point>, ctx: tce.RpcContext): Map<string, Point> | Promise<Map<string, Point>>;
  echo_ssl(val: Map<string, string>[], ctx: tce.RpcContext): Map<string, string>[] | Promise<Map<string, string>[]>;
  mix(aa: number, bb: string, pp: Point, ll: string[], dd: number, ctx: tce.RpcContext): string | Promise<string>;
}

/** Calls vec.Terminal. */
export class TerminalProxy extends tce.Proxy {
  onMessage(message: string, options?: tce.CallOptions): Promise<void>;
  onMessage_async(
    message: string,
    callback?: tce.OnDone<this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
  onMessage_oneway(
    message: string,
    options?: tce.OneWayOptions<this> | tce.OnError<this>,
    props?: tce.ExtraInput | null,
  ): void;
  ask(q: string, options?: tce.CallOptions): Promise<string>;
  ask_async(
    q: string,
    callback?: tce.OnResult<string, this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
}

/** Answers calls of vec.Terminal: to be extended by a class with methods of its own. */
export class Terminal extends tce.Servant {
  static OPERATIONS: readonly tce.Operation[];
  onMessage(message: string, ctx: tce.RpcContext): void | Promise<void>;
  ask(q: string, ctx: tce.RpcContext): string | Promise<string>;
}
