// Made by tce2js from module parts: change the IDL, not this file.
import * as tce from "../../../site/static/js/rtc/tce.js";
import * as $names from "./names.js";

/** struct parts.Deep */
export class Deep {
  static minBytes = 4;

  /** @param {Partial<Deep>} [fields] */
  constructor(fields = {}) {
    /** @type {string} */
    this.name = fields.name ?? "";
  }

  /**
   * @param {tce.ByteReader} reader
   * @returns {Deep}
   */
  static read(reader) {
    return new Deep({ name: tce.string.read(reader) });
  }

  /**
   * @param {tce.ByteWriter} writer
   * @param {Deep} value
   */
  static write(writer, value) {
    tce.string.write(writer, value.name);
  }
}

/** struct parts.Thing */
export class Thing {
  static minBytes = 6;

  /** @param {Partial<Thing>} [fields] */
  constructor(fields = {}) {
    /** @type {number} */
    this.number = fields.number ?? 0;
    /** @type {Deep} */
    this.deep = fields.deep ?? new Deep();
  }

  /**
   * @param {tce.ByteReader} reader
   * @returns {Thing}
   */
  static read(reader) {
    return new Thing({ number: tce.short.read(reader), deep: Deep.read(reader) });
  }

  /**
   * @param {tce.ByteWriter} writer
   * @param {Thing} value
   */
  static write(writer, value) {
    tce.short.write(writer, value.number);
    Deep.write(writer, value.deep);
  }
}

export const Deeps = tce.sequence(Deep);

/** struct parts.Point */
export class Point {
  static minBytes = 8;

  /** @param {Partial<Point>} [fields] */
  constructor(fields = {}) {
    /** @type {number} */
    this.x = fields.x ?? 0;
    /** @type {number} */
    this.y = fields.y ?? 0;
  }

  /**
   * @param {tce.ByteReader} reader
   * @returns {Point}
   */
  static read(reader) {
    return new Point({ x: tce.int.read(reader), y: tce.int.read(reader) });
  }

  /**
   * @param {tce.ByteWriter} writer
   * @param {Point} value
   */
  static write(writer, value) {
    tce.int.write(writer, value.x);
    tce.int.write(writer, value.y);
  }
}

export const Things = tce.sequence(Thing);

export const Partials = tce.dictionary(tce.int, tce.later(4, () => $names.Partial_));

// interface parts.Box

const Box$open = new tce.Operation("parts.Box.open", {
  ifidx: 31,
  opidx: 0,
  params: [tce.later(12, () => $names.Color), Deeps],
  result: Partials,
});

/** Calls parts.Box. */
export class BoxProxy extends tce.Proxy {
  /**
   * @param {$names.Color} color
   * @param {Deep[]} deeps
   * @param {tce.CallOptions} [options]
   * @returns {Promise<Map<number, Uint8Array>>}
   */
  open(color, deeps, options) {
    return this.$call(Box$open, [color, deeps], options);
  }

  /**
   * @param {$names.Color} color
   * @param {Deep[]} deeps
   * @param {tce.OnResult<Map<number, Uint8Array>, this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  open_async(color, deeps, callback, error, props, cookie) {
    this.$callAsync(Box$open, [color, deeps], callback, error, props, cookie);
  }
}

/** Answers calls of parts.Box: to be extended by a class with methods of its own. */
export class Box extends tce.Servant {
  /** @type {readonly tce.Operation[]} */
  static OPERATIONS = [Box$open];

  /**
   * @param {$names.Color} _color
   * @param {Deep[]} _deeps
   * @param {tce.RpcContext} _ctx
   * @returns {Map<number, Uint8Array> | Promise<Map<number, Uint8Array>>}
   */
  open(_color, _deeps, _ctx) {
    return new Map();
  }
}
