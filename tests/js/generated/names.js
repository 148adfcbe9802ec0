// Made by tce2js from module names: change the IDL, not this file.
import * as tce from "../../../site/static/js/rtc/tce.js";
import * as $parts from "./parts.js";
import * as $roots from "./roots.js";

/** struct names.Map */
export class Map_ {
  static minBytes = 27;

  /** @param {Partial<Map_>} [fields] */
  constructor(fields = {}) {
    /** @type {string} */
    this.for__ = fields.for__ ?? "";
    /** @type {string} */
    this.for_ = fields.for_ ?? "";
    /** @type {number} */
    this.constructor_ = fields.constructor_ ?? 0;
    /** @type {bigint} */
    this.toString_ = fields.toString_ ?? 0n;
    /** @type {number} */
    this.__proto___ = fields.__proto___ ?? 0;
    /** @type {$parts.Thing} */
    this.thing = fields.thing ?? new $parts.Thing();
  }

  /**
   * @param {tce.ByteReader} reader
   * @returns {Map_}
   */
  static read(reader) {
    return new Map_({
      for__: tce.string.read(reader),
      for_: tce.string.read(reader),
      constructor_: tce.int.read(reader),
      toString_: tce.long.read(reader),
      __proto___: tce.byte.read(reader),
      thing: $parts.Thing.read(reader),
    });
  }

  /**
   * @param {tce.ByteWriter} writer
   * @param {Map_} value
   */
  static write(writer, value) {
    tce.string.write(writer, value.for__);
    tce.string.write(writer, value.for_);
    tce.int.write(writer, value.constructor_);
    tce.long.write(writer, value.toString_);
    tce.byte.write(writer, value.__proto___);
    $parts.Thing.write(writer, value.thing);
  }
}

export const class_ = tce.sequence(Map_);

export const Promise_ = tce.dictionary(tce.long, class_);

export const Partial_ = tce.bytes;

/** struct names.Color */
export class Color {
  static minBytes = 12;

  /** @param {Partial<Color>} [fields] */
  constructor(fields = {}) {
    /** @type {$parts.Point} */
    this.Point = fields.Point ?? new $parts.Point();
    /** @type {Uint8Array} */
    this.Partial = fields.Partial ?? new Uint8Array();
  }

  /**
   * @param {tce.ByteReader} reader
   * @returns {Color}
   */
  static read(reader) {
    return new Color({ Point: $parts.Point.read(reader), Partial: Partial_.read(reader) });
  }

  /**
   * @param {tce.ByteWriter} writer
   * @param {Color} value
   */
  static write(writer, value) {
    $parts.Point.write(writer, value.Point);
    Partial_.write(writer, value.Partial);
  }
}

// interface names.Base

const Base$paint = new tce.Operation("names.Base.paint", {
  ifidx: 20,
  opidx: 0,
  params: [Color, tce.int, tce.int, tce.int],
  result: Color,
});
const Base$conn = new tce.Operation("names.Base.conn", {
  ifidx: 20,
  opidx: 1,
  params: [tce.string, tce.string],
  result: tce.nothing,
  method: "conn_",
});
const Base$then = new tce.Operation("names.Base.then", {
  ifidx: 20,
  opidx: 2,
  params: [],
  result: tce.string,
  method: "then_",
});

/**
 * Calls names.Base.
 * the base * / of others
 */
export class BaseProxy extends tce.Proxy {
  /**
   * @param {Color} Color
   * @param {number} ctx
   * @param {number} options
   * @param {number} this_
   * @param {tce.CallOptions} [options_]
   * @returns {Promise<Color>}
   */
  paint(Color, ctx, options, this_, options_) {
    return this.$call(Base$paint, [Color, ctx, options, this_], options_);
  }

  /**
   * @param {Color} Color
   * @param {number} ctx
   * @param {number} options
   * @param {number} this_
   * @param {tce.OnResult<Color, this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  paint_async(Color, ctx, options, this_, callback, error, props, cookie) {
    this.$callAsync(Base$paint, [Color, ctx, options, this_], callback, error, props, cookie);
  }

  /**
   * @param {string} callback
   * @param {string} error
   * @param {tce.CallOptions} [options]
   * @returns {Promise<void>}
   */
  conn_(callback, error, options) {
    return this.$call(Base$conn, [callback, error], options);
  }

  /**
   * @param {string} callback
   * @param {string} error
   * @param {tce.OnDone<this>} [callback_]
   * @param {tce.OnError<this>} [error_]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  conn_async(callback, error, callback_, error_, props, cookie) {
    this.$callAsync(Base$conn, [callback, error], callback_, error_, props, cookie);
  }

  /**
   * @param {string} callback
   * @param {string} error
   * @param {tce.OneWayOptions<this> | tce.OnError<this>} [options]
   * @param {tce.ExtraInput | null} [props]
   * @returns {void}
   */
  conn_oneway(callback, error, options, props) {
    this.$send(Base$conn, [callback, error], options, props);
  }

  /**
   * @param {tce.CallOptions} [options]
   * @returns {Promise<string>}
   */
  then_(options) {
    return this.$call(Base$then, [], options);
  }

  /**
   * @param {tce.OnResult<string, this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  then_async(callback, error, props, cookie) {
    this.$callAsync(Base$then, [], callback, error, props, cookie);
  }
}

/**
 * Answers calls of names.Base: to be extended by a class with methods of its own.
 * the base * / of others
 */
export class Base extends tce.Servant {
  /** @type {readonly tce.Operation[]} */
  static OPERATIONS = [Base$paint, Base$conn, Base$then];

  /**
   * @param {Color} _Color
   * @param {number} _ctx
   * @param {number} _options
   * @param {number} _this_
   * @param {tce.RpcContext} _ctx_
   * @returns {Color | Promise<Color>}
   */
  paint(_Color, _ctx, _options, _this_, _ctx_) {
    return new Color();
  }

  /**
   * @param {string} _callback
   * @param {string} _error
   * @param {tce.RpcContext} _ctx
   * @returns {void | Promise<void>}
   */
  conn_(_callback, _error, _ctx) {}

  /**
   * @param {tce.RpcContext} _ctx
   * @returns {string | Promise<string>}
   */
  then_(_ctx) {
    return "";
  }
}

// interface names.Silent

const Silent$constructor = new tce.Operation("names.Silent.constructor", {
  ifidx: 21,
  opidx: 0,
  params: [],
  result: tce.nothing,
  method: "constructor_",
});
const Silent$delete = new tce.Operation("names.Silent.delete", {
  ifidx: 21,
  opidx: 1,
  params: [Promise_],
  result: tce.nothing,
});

/** Calls names.Silent. */
export class SilentProxy extends BaseProxy {
  /**
   * says nothing
   * @param {tce.CallOptions} [options]
   * @returns {Promise<void>}
   */
  constructor_(options) {
    return this.$call(Silent$constructor, [], options);
  }

  /**
   * says nothing
   * @param {tce.OnDone<this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  constructor_async(callback, error, props, cookie) {
    this.$callAsync(Silent$constructor, [], callback, error, props, cookie);
  }

  /**
   * says nothing
   * @param {tce.OneWayOptions<this> | tce.OnError<this>} [options]
   * @param {tce.ExtraInput | null} [props]
   * @returns {void}
   */
  constructor_oneway(options, props) {
    this.$send(Silent$constructor, [], options, props);
  }

  /**
   * @param {tce.Entries<bigint | number, Map_[]>} arguments_
   * @param {tce.CallOptions} [options]
   * @returns {Promise<void>}
   */
  delete(arguments_, options) {
    return this.$call(Silent$delete, [arguments_], options);
  }

  /**
   * @param {tce.Entries<bigint | number, Map_[]>} arguments_
   * @param {tce.OnDone<this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  delete_async(arguments_, callback, error, props, cookie) {
    this.$callAsync(Silent$delete, [arguments_], callback, error, props, cookie);
  }

  /**
   * @param {tce.Entries<bigint | number, Map_[]>} arguments_
   * @param {tce.OneWayOptions<this> | tce.OnError<this>} [options]
   * @param {tce.ExtraInput | null} [props]
   * @returns {void}
   */
  delete_oneway(arguments_, options, props) {
    this.$send(Silent$delete, [arguments_], options, props);
  }
}

// interface names.Loud

const Loud$shout = new tce.Operation("names.Loud.shout", {
  ifidx: 22,
  opidx: 0,
  params: [tce.string],
  result: tce.string,
});
const Loud$shout_async = new tce.Operation("names.Loud.shout_async", {
  ifidx: 22,
  opidx: 1,
  params: [],
  result: tce.nothing,
});

/** Calls names.Loud. */
export class LoudProxy_ extends SilentProxy {
  /**
   * @param {string} what
   * @param {tce.CallOptions} [options]
   * @returns {Promise<string>}
   */
  shout(what, options) {
    return this.$call(Loud$shout, [what], options);
  }

  /**
   * @param {tce.CallOptions} [options]
   * @returns {Promise<void>}
   */
  shout_async(options) {
    return this.$call(Loud$shout_async, [], options);
  }

  /**
   * @param {tce.OnDone<this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  shout_async_async(callback, error, props, cookie) {
    this.$callAsync(Loud$shout_async, [], callback, error, props, cookie);
  }

  /**
   * @param {tce.OneWayOptions<this> | tce.OnError<this>} [options]
   * @param {tce.ExtraInput | null} [props]
   * @returns {void}
   */
  shout_async_oneway(options, props) {
    this.$send(Loud$shout_async, [], options, props);
  }
}

/** Answers calls of names.Loud: to be extended by a class with methods of its own. */
export class Loud extends Base {
  /** @type {readonly tce.Operation[]} */
  static OPERATIONS = [Loud$shout, Loud$shout_async];

  /**
   * @param {string} _what
   * @param {tce.RpcContext} _ctx
   * @returns {string | Promise<string>}
   */
  shout(_what, _ctx) {
    return "";
  }

  /**
   * @param {tce.RpcContext} _ctx
   * @returns {void | Promise<void>}
   */
  shout_async(_ctx) {}
}

// interface names.LoudProxy

const LoudProxy$find = new tce.Operation("names.LoudProxy.find", {
  ifidx: 23,
  opidx: 0,
  params: [tce.later(6, () => $parts.Thing), tce.later(4, () => $parts.Things)],
  result: tce.later(4, () => $parts.Things),
});

/** Calls names.LoudProxy. */
export class LoudProxyProxy extends tce.Proxy {
  /**
   * @param {$parts.Thing} value
   * @param {$parts.Thing[]} tce
   * @param {tce.CallOptions} [options]
   * @returns {Promise<$parts.Thing[]>}
   */
  find(value, tce, options) {
    return this.$call(LoudProxy$find, [value, tce], options);
  }

  /**
   * @param {$parts.Thing} value
   * @param {$parts.Thing[]} tce
   * @param {tce.OnResult<$parts.Thing[], this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  find_async(value, tce, callback, error, props, cookie) {
    this.$callAsync(LoudProxy$find, [value, tce], callback, error, props, cookie);
  }
}

/** Answers calls of names.LoudProxy: to be extended by a class with methods of its own. */
export class LoudProxy extends tce.Servant {
  /** @type {readonly tce.Operation[]} */
  static OPERATIONS = [LoudProxy$find];

  /**
   * @param {$parts.Thing} _value
   * @param {$parts.Thing[]} _tce
   * @param {tce.RpcContext} _ctx
   * @returns {$parts.Thing[] | Promise<$parts.Thing[]>}
   */
  find(_value, _tce, _ctx) {
    return [];
  }
}

// interface names.Far

const Far$far = new tce.Operation("names.Far.far", { ifidx: 24, opidx: 0, params: [], result: tce.nothing });

/** Calls names.Far. */
export class FarProxy extends $roots.RootProxy {
  /**
   * @param {tce.CallOptions} [options]
   * @returns {Promise<void>}
   */
  far(options) {
    return this.$call(Far$far, [], options);
  }

  /**
   * @param {tce.OnDone<this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  far_async(callback, error, props, cookie) {
    this.$callAsync(Far$far, [], callback, error, props, cookie);
  }

  /**
   * @param {tce.OneWayOptions<this> | tce.OnError<this>} [options]
   * @param {tce.ExtraInput | null} [props]
   * @returns {void}
   */
  far_oneway(options, props) {
    this.$send(Far$far, [], options, props);
  }
}

/** Answers calls of names.Far: to be extended by a class with methods of its own. */
export class Far extends $roots.Root {
  /** @type {readonly tce.Operation[]} */
  static OPERATIONS = [Far$far];

  /**
   * @param {tce.RpcContext} _ctx
   * @returns {void | Promise<void>}
   */
  far(_ctx) {}
}
