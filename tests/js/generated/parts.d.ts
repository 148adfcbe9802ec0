// Made by tce2js from module parts: change the IDL, not this file.
import * as tce from "../../../site/static/js/rtc/tce.js";
import * as $names from "./names.js";

/** struct parts.Deep */
export class Deep {
  name: string;
  constructor(fields?: Partial<Deep>);
  static minBytes: number;
  static read(reader: tce.ByteReader): Deep;
  static write(writer: tce.ByteWriter, value: Deep): void;
}

/** struct parts.Thing */
export class Thing {
  number: number;
  deep: Deep;
  constructor(fields?: Partial<Thing>);
  static minBytes: number;
  static read(reader: tce.ByteReader): Thing;
  static write(writer: tce.ByteWriter, value: Thing): void;
}

export type Deeps = Deep[];
export const Deeps: tce.Type<Deep[]>;

/** struct parts.Point */
export class Point {
  x: number;
  y: number;
  constructor(fields?: Partial<Point>);
  static minBytes: number;
  static read(reader: tce.ByteReader): Point;
  static write(writer: tce.ByteWriter, value: Point): void;
}

export type Things = Thing[];
export const Things: tce.Type<Thing[]>;

export type Partials = Map<number, Uint8Array>;
export const Partials: tce.Type<Map<number, Uint8Array>, tce.Entries<number, Uint8Array | ArrayBuffer | number[]>>;

/** Calls parts.Box. */
export class BoxProxy extends tce.Proxy {
  open(color: $names.Color, deeps: Deep[], options?: tce.CallOptions): Promise<Map<number, Uint8Array>>;
  open_async(
    color: $names.Color,
    deeps: Deep[],
    callback?: tce.OnResult<Map<number, Uint8Array>, this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
}

/** Answers calls of parts.Box: to be extended by a class with methods of its own. */
export class Box extends tce.Servant {
  static OPERATIONS: readonly tce.Operation[];
  open(
    color: $names.Color,
    deeps: Deep[],
    ctx: tce.RpcContext,
  ): Map<number, Uint8Array> | Promise<Map<number, Uint8Array>>;
}
