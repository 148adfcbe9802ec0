// Made by tce2js from module vec: change the IDL, not this file.
import * as tce from "../../../site/static/js/rtc/tce.js";

export const Bytes_t = tce.bytes;

export const BoolList_t = tce.sequence(tce.bool);

export const ShortList_t = tce.sequence(tce.short);

export const IntList_t = tce.sequence(tce.int);

export const LongList_t = tce.sequence(tce.long);

export const FloatList_t = tce.sequence(tce.float);

export const DoubleList_t = tce.sequence(tce.double);

export const StrList_t = tce.sequence(tce.string);

export const IntListList_t = tce.sequence(IntList_t);

export const BytesList_t = tce.sequence(Bytes_t);

export const StrStr_t = tce.dictionary(tce.string, tce.string);

export const IntStr_t = tce.dictionary(tce.int, tce.string);

export const StrInt_t = tce.dictionary(tce.string, tce.int);

export const StrBytes_t = tce.dictionary(tce.string, Bytes_t);

export const StrIntList_t = tce.dictionary(tce.string, IntList_t);

/** struct vec.Point */
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

/** struct vec.All */
export class All {
  static minBytes = 32;

  /** @param {Partial<All>} [fields] */
  constructor(fields = {}) {
    /** @type {number} */
    this.b = fields.b ?? 0;
    /** @type {boolean} */
    this.f = fields.f ?? false;
    /** @type {number} */
    this.s = fields.s ?? 0;
    /** @type {number} */
    this.i = fields.i ?? 0;
    /** @type {bigint} */
    this.l = fields.l ?? 0n;
    /** @type {number} */
    this.g = fields.g ?? 0;
    /** @type {number} */
    this.dbl = fields.dbl ?? 0;
    /** @type {string} */
    this.t = fields.t ?? "";
  }

  /**
   * @param {tce.ByteReader} reader
   * @returns {All}
   */
  static read(reader) {
    return new All({
      b: tce.byte.read(reader),
      f: tce.bool.read(reader),
      s: tce.short.read(reader),
      i: tce.int.read(reader),
      l: tce.long.read(reader),
      g: tce.float.read(reader),
      dbl: tce.double.read(reader),
      t: tce.string.read(reader),
    });
  }

  /**
   * @param {tce.ByteWriter} writer
   * @param {All} value
   */
  static write(writer, value) {
    tce.byte.write(writer, value.b);
    tce.bool.write(writer, value.f);
    tce.short.write(writer, value.s);
    tce.int.write(writer, value.i);
    tce.long.write(writer, value.l);
    tce.float.write(writer, value.g);
    tce.double.write(writer, value.dbl);
    tce.string.write(writer, value.t);
  }
}

/** struct vec.Person */
export class Person {
  static minBytes = 24;

  /** @param {Partial<Person>} [fields] */
  constructor(fields = {}) {
    /** @type {string} */
    this.name = fields.name ?? "";
    /** @type {Point} */
    this.home = fields.home ?? new Point();
    /** @type {string[]} */
    this.tags = fields.tags ?? [];
    /** @type {Map<string, string>} */
    this.props = fields.props ?? new Map();
    /** @type {Uint8Array} */
    this.photo = fields.photo ?? new Uint8Array();
  }

  /**
   * @param {tce.ByteReader} reader
   * @returns {Person}
   */
  static read(reader) {
    return new Person({
      name: tce.string.read(reader),
      home: Point.read(reader),
      tags: StrList_t.read(reader),
      props: StrStr_t.read(reader),
      photo: Bytes_t.read(reader),
    });
  }

  /**
   * @param {tce.ByteWriter} writer
   * @param {Person} value
   */
  static write(writer, value) {
    tce.string.write(writer, value.name);
    Point.write(writer, value.home);
    StrList_t.write(writer, value.tags);
    StrStr_t.write(writer, value.props);
    Bytes_t.write(writer, value.photo);
  }
}

export const PersonList_t = tce.sequence(Person);

export const PointList_t = tce.sequence(Point);

export const StrPoint_t = tce.dictionary(tce.string, Point);

export const StrStrList_t = tce.sequence(StrStr_t);

// interface vec.Prim

const Prim$echo_byte = new tce.Operation("vec.Prim.echo_byte", {
  ifidx: 7,
  opidx: 0,
  params: [tce.byte],
  result: tce.byte,
});
const Prim$echo_bool = new tce.Operation("vec.Prim.echo_bool", {
  ifidx: 7,
  opidx: 1,
  params: [tce.bool],
  result: tce.bool,
});
const Prim$echo_short = new tce.Operation("vec.Prim.echo_short", {
  ifidx: 7,
  opidx: 2,
  params: [tce.short],
  result: tce.short,
});
const Prim$echo_int = new tce.Operation("vec.Prim.echo_int", {
  ifidx: 7,
  opidx: 3,
  params: [tce.int],
  result: tce.int,
});
const Prim$echo_long = new tce.Operation("vec.Prim.echo_long", {
  ifidx: 7,
  opidx: 4,
  params: [tce.long],
  result: tce.long,
});
const Prim$echo_float = new tce.Operation("vec.Prim.echo_float", {
  ifidx: 7,
  opidx: 5,
  params: [tce.float],
  result: tce.float,
});
const Prim$echo_double = new tce.Operation("vec.Prim.echo_double", {
  ifidx: 7,
  opidx: 6,
  params: [tce.double],
  result: tce.double,
});
const Prim$echo_string = new tce.Operation("vec.Prim.echo_string", {
  ifidx: 7,
  opidx: 7,
  params: [tce.string],
  result: tce.string,
});
const Prim$nop = new tce.Operation("vec.Prim.nop", { ifidx: 7, opidx: 8, params: [], result: tce.nothing });
const Prim$add = new tce.Operation("vec.Prim.add", {
  ifidx: 7,
  opidx: 40,
  params: [tce.int, tce.int],
  result: tce.int,
});
const Prim$notify_ = new tce.Operation("vec.Prim.notify_", {
  ifidx: 7,
  opidx: 10,
  params: [tce.string, tce.int],
  result: tce.nothing,
});

/** Calls vec.Prim. */
export class PrimProxy extends tce.Proxy {
  /**
   * @param {number} val
   * @param {tce.CallOptions} [options]
   * @returns {Promise<number>}
   */
  echo_byte(val, options) {
    return this.$call(Prim$echo_byte, [val], options);
  }

  /**
   * @param {number} val
   * @param {tce.OnResult<number, this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  echo_byte_async(val, callback, error, props, cookie) {
    this.$callAsync(Prim$echo_byte, [val], callback, error, props, cookie);
  }

  /**
   * @param {boolean} val
   * @param {tce.CallOptions} [options]
   * @returns {Promise<boolean>}
   */
  echo_bool(val, options) {
    return this.$call(Prim$echo_bool, [val], options);
  }

  /**
   * @param {boolean} val
   * @param {tce.OnResult<boolean, this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  echo_bool_async(val, callback, error, props, cookie) {
    this.$callAsync(Prim$echo_bool, [val], callback, error, props, cookie);
  }

  /**
   * @param {number} val
   * @param {tce.CallOptions} [options]
   * @returns {Promise<number>}
   */
  echo_short(val, options) {
    return this.$call(Prim$echo_short, [val], options);
  }

  /**
   * @param {number} val
   * @param {tce.OnResult<number, this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  echo_short_async(val, callback, error, props, cookie) {
    this.$callAsync(Prim$echo_short, [val], callback, error, props, cookie);
  }

  /**
   * @param {number} val
   * @param {tce.CallOptions} [options]
   * @returns {Promise<number>}
   */
  echo_int(val, options) {
    return this.$call(Prim$echo_int, [val], options);
  }

  /**
   * @param {number} val
   * @param {tce.OnResult<number, this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  echo_int_async(val, callback, error, props, cookie) {
    this.$callAsync(Prim$echo_int, [val], callback, error, props, cookie);
  }

  /**
   * @param {bigint | number} val
   * @param {tce.CallOptions} [options]
   * @returns {Promise<bigint>}
   */
  echo_long(val, options) {
    return this.$call(Prim$echo_long, [val], options);
  }

  /**
   * @param {bigint | number} val
   * @param {tce.OnResult<bigint, this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  echo_long_async(val, callback, error, props, cookie) {
    this.$callAsync(Prim$echo_long, [val], callback, error, props, cookie);
  }

  /**
   * @param {number} val
   * @param {tce.CallOptions} [options]
   * @returns {Promise<number>}
   */
  echo_float(val, options) {
    return this.$call(Prim$echo_float, [val], options);
  }

  /**
   * @param {number} val
   * @param {tce.OnResult<number, this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  echo_float_async(val, callback, error, props, cookie) {
    this.$callAsync(Prim$echo_float, [val], callback, error, props, cookie);
  }

  /**
   * @param {number} val
   * @param {tce.CallOptions} [options]
   * @returns {Promise<number>}
   */
  echo_double(val, options) {
    return this.$call(Prim$echo_double, [val], options);
  }

  /**
   * @param {number} val
   * @param {tce.OnResult<number, this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  echo_double_async(val, callback, error, props, cookie) {
    this.$callAsync(Prim$echo_double, [val], callback, error, props, cookie);
  }

  /**
   * @param {string} val
   * @param {tce.CallOptions} [options]
   * @returns {Promise<string>}
   */
  echo_string(val, options) {
    return this.$call(Prim$echo_string, [val], options);
  }

  /**
   * @param {string} val
   * @param {tce.OnResult<string, this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  echo_string_async(val, callback, error, props, cookie) {
    this.$callAsync(Prim$echo_string, [val], callback, error, props, cookie);
  }

  /**
   * @param {tce.CallOptions} [options]
   * @returns {Promise<void>}
   */
  nop(options) {
    return this.$call(Prim$nop, [], options);
  }

  /**
   * @param {tce.OnDone<this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  nop_async(callback, error, props, cookie) {
    this.$callAsync(Prim$nop, [], callback, error, props, cookie);
  }

  /**
   * @param {tce.OneWayOptions<this> | tce.OnError<this>} [options]
   * @param {tce.ExtraInput | null} [props]
   * @returns {void}
   */
  nop_oneway(options, props) {
    this.$send(Prim$nop, [], options, props);
  }

  /**
   * @param {number} aa
   * @param {number} bb
   * @param {tce.CallOptions} [options]
   * @returns {Promise<number>}
   */
  add(aa, bb, options) {
    return this.$call(Prim$add, [aa, bb], options);
  }

  /**
   * @param {number} aa
   * @param {number} bb
   * @param {tce.OnResult<number, this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  add_async(aa, bb, callback, error, props, cookie) {
    this.$callAsync(Prim$add, [aa, bb], callback, error, props, cookie);
  }

  /**
   * @param {string} text
   * @param {number} num
   * @param {tce.CallOptions} [options]
   * @returns {Promise<void>}
   */
  notify_(text, num, options) {
    return this.$call(Prim$notify_, [text, num], options);
  }

  /**
   * @param {string} text
   * @param {number} num
   * @param {tce.OnDone<this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  notify__async(text, num, callback, error, props, cookie) {
    this.$callAsync(Prim$notify_, [text, num], callback, error, props, cookie);
  }

  /**
   * @param {string} text
   * @param {number} num
   * @param {tce.OneWayOptions<this> | tce.OnError<this>} [options]
   * @param {tce.ExtraInput | null} [props]
   * @returns {void}
   */
  notify__oneway(text, num, options, props) {
    this.$send(Prim$notify_, [text, num], options, props);
  }
}

/** Answers calls of vec.Prim: to be extended by a class with methods of its own. */
export class Prim extends tce.Servant {
  /** @type {readonly tce.Operation[]} */
  static OPERATIONS = [
    Prim$echo_byte,
    Prim$echo_bool,
    Prim$echo_short,
    Prim$echo_int,
    Prim$echo_long,
    Prim$echo_float,
    Prim$echo_double,
    Prim$echo_string,
    Prim$nop,
    Prim$add,
    Prim$notify_,
  ];

  /**
   * @param {number} _val
   * @param {tce.RpcContext} _ctx
   * @returns {number | Promise<number>}
   */
  echo_byte(_val, _ctx) {
    return 0;
  }

  /**
   * @param {boolean} _val
   * @param {tce.RpcContext} _ctx
   * @returns {boolean | Promise<boolean>}
   */
  echo_bool(_val, _ctx) {
    return false;
  }

  /**
   * @param {number} _val
   * @param {tce.RpcContext} _ctx
   * @returns {number | Promise<number>}
   */
  echo_short(_val, _ctx) {
    return 0;
  }

  /**
   * @param {number} _val
   * @param {tce.RpcContext} _ctx
   * @returns {number | Promise<number>}
   */
  echo_int(_val, _ctx) {
    return 0;
  }

  /**
   * @param {bigint} _val
   * @param {tce.RpcContext} _ctx
   * @returns {bigint | Promise<bigint>}
   */
  echo_long(_val, _ctx) {
    return 0n;
  }

  /**
   * @param {number} _val
   * @param {tce.RpcContext} _ctx
   * @returns {number | Promise<number>}
   */
  echo_float(_val, _ctx) {
    return 0;
  }

  /**
   * @param {number} _val
   * @param {tce.RpcContext} _ctx
   * @returns {number | Promise<number>}
   */
  echo_double(_val, _ctx) {
    return 0;
  }

  /**
   * @param {string} _val
   * @param {tce.RpcContext} _ctx
   * @returns {string | Promise<string>}
   */
  echo_string(_val, _ctx) {
    return "";
  }

  /**
   * @param {tce.RpcContext} _ctx
   * @returns {void | Promise<void>}
   */
  nop(_ctx) {}

  /**
   * @param {number} _aa
   * @param {number} _bb
   * @param {tce.RpcContext} _ctx
   * @returns {number | Promise<number>}
   */
  add(_aa, _bb, _ctx) {
    return 0;
  }

  /**
   * @param {string} _text
   * @param {number} _num
   * @param {tce.RpcContext} _ctx
   * @returns {void | Promise<void>}
   */
  notify_(_text, _num, _ctx) {}
}

// interface vec.Cont

const Cont$echo_bytes = new tce.Operation("vec.Cont.echo_bytes", {
  ifidx: 1,
  opidx: 0,
  params: [Bytes_t],
  result: Bytes_t,
});
const Cont$echo_bools = new tce.Operation("vec.Cont.echo_bools", {
  ifidx: 1,
  opidx: 1,
  params: [BoolList_t],
  result: BoolList_t,
});
const Cont$echo_shorts = new tce.Operation("vec.Cont.echo_shorts", {
  ifidx: 1,
  opidx: 2,
  params: [ShortList_t],
  result: ShortList_t,
});
const Cont$echo_ints = new tce.Operation("vec.Cont.echo_ints", {
  ifidx: 1,
  opidx: 3,
  params: [IntList_t],
  result: IntList_t,
});
const Cont$echo_longs = new tce.Operation("vec.Cont.echo_longs", {
  ifidx: 1,
  opidx: 4,
  params: [LongList_t],
  result: LongList_t,
});
const Cont$echo_floats = new tce.Operation("vec.Cont.echo_floats", {
  ifidx: 1,
  opidx: 5,
  params: [FloatList_t],
  result: FloatList_t,
});
const Cont$echo_doubles = new tce.Operation("vec.Cont.echo_doubles", {
  ifidx: 1,
  opidx: 6,
  params: [DoubleList_t],
  result: DoubleList_t,
});
const Cont$echo_strs = new tce.Operation("vec.Cont.echo_strs", {
  ifidx: 1,
  opidx: 7,
  params: [StrList_t],
  result: StrList_t,
});
const Cont$echo_intss = new tce.Operation("vec.Cont.echo_intss", {
  ifidx: 1,
  opidx: 8,
  params: [IntListList_t],
  result: IntListList_t,
});
const Cont$echo_bytess = new tce.Operation("vec.Cont.echo_bytess", {
  ifidx: 1,
  opidx: 9,
  params: [BytesList_t],
  result: BytesList_t,
});
const Cont$echo_ss = new tce.Operation("vec.Cont.echo_ss", {
  ifidx: 1,
  opidx: 10,
  params: [StrStr_t],
  result: StrStr_t,
});
const Cont$echo_is = new tce.Operation("vec.Cont.echo_is", {
  ifidx: 1,
  opidx: 11,
  params: [IntStr_t],
  result: IntStr_t,
});
const Cont$echo_si = new tce.Operation("vec.Cont.echo_si", {
  ifidx: 1,
  opidx: 12,
  params: [StrInt_t],
  result: StrInt_t,
});
const Cont$echo_sb = new tce.Operation("vec.Cont.echo_sb", {
  ifidx: 1,
  opidx: 13,
  params: [StrBytes_t],
  result: StrBytes_t,
});
const Cont$echo_sil = new tce.Operation("vec.Cont.echo_sil", {
  ifidx: 1,
  opidx: 14,
  params: [StrIntList_t],
  result: StrIntList_t,
});
const Cont$echo_point = new tce.Operation("vec.Cont.echo_point", {
  ifidx: 1,
  opidx: 15,
  params: [Point],
  result: Point,
});
const Cont$echo_all = new tce.Operation("vec.Cont.echo_all", { ifidx: 1, opidx: 16, params: [All], result: All });
const Cont$echo_person = new tce.Operation("vec.Cont.echo_person", {
  ifidx: 1,
  opidx: 17,
  params: [Person],
  result: Person,
});
const Cont$echo_persons = new tce.Operation("vec.Cont.echo_persons", {
  ifidx: 1,
  opidx: 18,
  params: [PersonList_t],
  result: PersonList_t,
});
const Cont$echo_points = new tce.Operation("vec.Cont.echo_points", {
  ifidx: 1,
  opidx: 19,
  params: [PointList_t],
  result: PointList_t,
});
const Cont$echo_sp = new tce.Operation("vec.Cont.echo_sp", {
  ifidx: 1,
  opidx: 20,
  params: [StrPoint_t],
  result: StrPoint_t,
});
const Cont$echo_ssl = new tce.Operation("vec.Cont.echo_ssl", {
  ifidx: 1,
  opidx: 21,
  params: [StrStrList_t],
  result: StrStrList_t,
});
const Cont$mix = new tce.Operation("vec.Cont.mix", {
  ifidx: 1,
  opidx: 22,
  params: [tce.int, tce.string, Point, StrList_t, tce.double],
  result: tce.string,
});

/** Calls vec.Cont. */
export class ContProxy extends tce.Proxy {
  /**
   * @param {Uint8Array | ArrayBuffer | number[]} val
   * @param {tce.CallOptions} [options]
   * @returns {Promise<Uint8Array>}
   */
  echo_bytes(val, options) {
    return this.$call(Cont$echo_bytes, [val], options);
  }

  /**
   * @param {Uint8Array | ArrayBuffer | number[]} val
   * @param {tce.OnResult<Uint8Array, this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  echo_bytes_async(val, callback, error, props, cookie) {
    this.$callAsync(Cont$echo_bytes, [val], callback, error, props, cookie);
  }

  /**
   * @param {boolean[]} val
   * @param {tce.CallOptions} [options]
   * @returns {Promise<boolean[]>}
   */
  echo_bools(val, options) {
    return this.$call(Cont$echo_bools, [val], options);
  }

  /**
   * @param {boolean[]} val
   * @param {tce.OnResult<boolean[], this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  echo_bools_async(val, callback, error, props, cookie) {
    this.$callAsync(Cont$echo_bools, [val], callback, error, props, cookie);
  }

  /**
   * @param {number[]} val
   * @param {tce.CallOptions} [options]
   * @returns {Promise<number[]>}
   */
  echo_shorts(val, options) {
    return this.$call(Cont$echo_shorts, [val], options);
  }

  /**
   * @param {number[]} val
   * @param {tce.OnResult<number[], this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  echo_shorts_async(val, callback, error, props, cookie) {
    this.$callAsync(Cont$echo_shorts, [val], callback, error, props, cookie);
  }

  /**
   * @param {number[]} val
   * @param {tce.CallOptions} [options]
   * @returns {Promise<number[]>}
   */
  echo_ints(val, options) {
    return this.$call(Cont$echo_ints, [val], options);
  }

  /**
   * @param {number[]} val
   * @param {tce.OnResult<number[], this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  echo_ints_async(val, callback, error, props, cookie) {
    this.$callAsync(Cont$echo_ints, [val], callback, error, props, cookie);
  }

  /**
   * @param {(bigint | number)[]} val
   * @param {tce.CallOptions} [options]
   * @returns {Promise<bigint[]>}
   */
  echo_longs(val, options) {
    return this.$call(Cont$echo_longs, [val], options);
  }

  /**
   * @param {(bigint | number)[]} val
   * @param {tce.OnResult<bigint[], this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  echo_longs_async(val, callback, error, props, cookie) {
    this.$callAsync(Cont$echo_longs, [val], callback, error, props, cookie);
  }

  /**
   * @param {number[]} val
   * @param {tce.CallOptions} [options]
   * @returns {Promise<number[]>}
   */
  echo_floats(val, options) {
    return this.$call(Cont$echo_floats, [val], options);
  }

  /**
   * @param {number[]} val
   * @param {tce.OnResult<number[], this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  echo_floats_async(val, callback, error, props, cookie) {
    this.$callAsync(Cont$echo_floats, [val], callback, error, props, cookie);
  }

  /**
   * @param {number[]} val
   * @param {tce.CallOptions} [options]
   * @returns {Promise<number[]>}
   */
  echo_doubles(val, options) {
    return this.$call(Cont$echo_doubles, [val], options);
  }

  /**
   * @param {number[]} val
   * @param {tce.OnResult<number[], this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  echo_doubles_async(val, callback, error, props, cookie) {
    this.$callAsync(Cont$echo_doubles, [val], callback, error, props, cookie);
  }

  /**
   * @param {string[]} val
   * @param {tce.CallOptions} [options]
   * @returns {Promise<string[]>}
   */
  echo_strs(val, options) {
    return this.$call(Cont$echo_strs, [val], options);
  }

  /**
   * @param {string[]} val
   * @param {tce.OnResult<string[], this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  echo_strs_async(val, callback, error, props, cookie) {
    this.$callAsync(Cont$echo_strs, [val], callback, error, props, cookie);
  }

  /**
   * @param {number[][]} val
   * @param {tce.CallOptions} [options]
   * @returns {Promise<number[][]>}
   */
  echo_intss(val, options) {
    return this.$call(Cont$echo_intss, [val], options);
  }

  /**
   * @param {number[][]} val
   * @param {tce.OnResult<number[][], this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  echo_intss_async(val, callback, error, props, cookie) {
    this.$callAsync(Cont$echo_intss, [val], callback, error, props, cookie);
  }

  /**
   * @param {(Uint8Array | ArrayBuffer | number[])[]} val
   * @param {tce.CallOptions} [options]
   * @returns {Promise<Uint8Array[]>}
   */
  echo_bytess(val, options) {
    return this.$call(Cont$echo_bytess, [val], options);
  }

  /**
   * @param {(Uint8Array | ArrayBuffer | number[])[]} val
   * @param {tce.OnResult<Uint8Array[], this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  echo_bytess_async(val, callback, error, props, cookie) {
    this.$callAsync(Cont$echo_bytess, [val], callback, error, props, cookie);
  }

  /**
   * @param {tce.Entries<string, string>} val
   * @param {tce.CallOptions} [options]
   * @returns {Promise<Map<string, string>>}
   */
  echo_ss(val, options) {
    return this.$call(Cont$echo_ss, [val], options);
  }

  /**
   * @param {tce.Entries<string, string>} val
   * @param {tce.OnResult<Map<string, string>, this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  echo_ss_async(val, callback, error, props, cookie) {
    this.$callAsync(Cont$echo_ss, [val], callback, error, props, cookie);
  }

  /**
   * @param {tce.Entries<number, string>} val
   * @param {tce.CallOptions} [options]
   * @returns {Promise<Map<number, string>>}
   */
  echo_is(val, options) {
    return this.$call(Cont$echo_is, [val], options);
  }

  /**
   * @param {tce.Entries<number, string>} val
   * @param {tce.OnResult<Map<number, string>, this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  echo_is_async(val, callback, error, props, cookie) {
    this.$callAsync(Cont$echo_is, [val], callback, error, props, cookie);
  }

  /**
   * @param {tce.Entries<string, number>} val
   * @param {tce.CallOptions} [options]
   * @returns {Promise<Map<string, number>>}
   */
  echo_si(val, options) {
    return this.$call(Cont$echo_si, [val], options);
  }

  /**
   * @param {tce.Entries<string, number>} val
   * @param {tce.OnResult<Map<string, number>, this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  echo_si_async(val, callback, error, props, cookie) {
    this.$callAsync(Cont$echo_si, [val], callback, error, props, cookie);
  }

  /**
   * @param {tce.Entries<string, Uint8Array | ArrayBuffer | number[]>} val
   * @param {tce.CallOptions} [options]
   * @returns {Promise<Map<string, Uint8Array>>}
   */
  echo_sb(val, options) {
    return this.$call(Cont$echo_sb, [val], options);
  }

  /**
   * @param {tce.Entries<string, Uint8Array | ArrayBuffer | number[]>} val
   * @param {tce.OnResult<Map<string, Uint8Array>, this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  echo_sb_async(val, callback, error, props, cookie) {
    this.$callAsync(Cont$echo_sb, [val], callback, error, props, cookie);
  }

  /**
   * @param {tce.Entries<string, number[]>} val
   * @param {tce.CallOptions} [options]
   * @returns {Promise<Map<string, number[]>>}
   */
  echo_sil(val, options) {
    return this.$call(Cont$echo_sil, [val], options);
  }

  /**
   * @param {tce.Entries<string, number[]>} val
   * @param {tce.OnResult<Map<string, number[]>, this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  echo_sil_async(val, callback, error, props, cookie) {
    this.$callAsync(Cont$echo_sil, [val], callback, error, props, cookie);
  }

  /**
   * @param {Point} val
   * @param {tce.CallOptions} [options]
   * @returns {Promise<Point>}
   */
  echo_point(val, options) {
    return this.$call(Cont$echo_point, [val], options);
  }

  /**
   * @param {Point} val
   * @param {tce.OnResult<Point, this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  echo_point_async(val, callback, error, props, cookie) {
    this.$callAsync(Cont$echo_point, [val], callback, error, props, cookie);
  }

  /**
   * @param {All} val
   * @param {tce.CallOptions} [options]
   * @returns {Promise<All>}
   */
  echo_all(val, options) {
    return this.$call(Cont$echo_all, [val], options);
  }

  /**
   * @param {All} val
   * @param {tce.OnResult<All, this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  echo_all_async(val, callback, error, props, cookie) {
    this.$callAsync(Cont$echo_all, [val], callback, error, props, cookie);
  }

  /**
   * @param {Person} val
   * @param {tce.CallOptions} [options]
   * @returns {Promise<Person>}
   */
  echo_person(val, options) {
    return this.$call(Cont$echo_person, [val], options);
  }

  /**
   * @param {Person} val
   * @param {tce.OnResult<Person, this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  echo_person_async(val, callback, error, props, cookie) {
    this.$callAsync(Cont$echo_person, [val], callback, error, props, cookie);
  }

  /**
   * @param {Person[]} val
   * @param {tce.CallOptions} [options]
   * @returns {Promise<Person[]>}
   */
  echo_persons(val, options) {
    return this.$call(Cont$echo_persons, [val], options);
  }

  /**
   * @param {Person[]} val
   * @param {tce.OnResult<Person[], this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  echo_persons_async(val, callback, error, props, cookie) {
    this.$callAsync(Cont$echo_persons, [val], callback, error, props, cookie);
  }

  /**
   * @param {Point[]} val
   * @param {tce.CallOptions} [options]
   * @returns {Promise<Point[]>}
   */
  echo_points(val, options) {
    return this.$call(Cont$echo_points, [val], options);
  }

  /**
   * @param {Point[]} val
   * @param {tce.OnResult<Point[], this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  echo_points_async(val, callback, error, props, cookie) {
    this.$callAsync(Cont$echo_points, [val], callback, error, props, cookie);
  }

  /**
   * @param {tce.Entries<string, Point>} val
   * @param {tce.CallOptions} [options]
   * @returns {Promise<Map<string, Point>>}
   */
  echo_sp(val, options) {
    return this.$call(Cont$echo_sp, [val], options);
  }

  /**
   * @param {tce.Entries<string, Point>} val
   * @param {tce.OnResult<Map<string, Point>, this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  echo_sp_async(val, callback, error, props, cookie) {
    this.$callAsync(Cont$echo_sp, [val], callback, error, props, cookie);
  }

  /**
   * @param {tce.Entries<string, string>[]} val
   * @param {tce.CallOptions} [options]
   * @returns {Promise<Map<string, string>[]>}
   */
  echo_ssl(val, options) {
    return this.$call(Cont$echo_ssl, [val], options);
  }

  /**
   * @param {tce.Entries<string, string>[]} val
   * @param {tce.OnResult<Map<string, string>[], this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  echo_ssl_async(val, callback, error, props, cookie) {
    this.$callAsync(Cont$echo_ssl, [val], callback, error, props, cookie);
  }

  /**
   * @param {number} aa
   * @param {string} bb
   * @param {Point} pp
   * @param {string[]} ll
   * @param {number} dd
   * @param {tce.CallOptions} [options]
   * @returns {Promise<string>}
   */
  mix(aa, bb, pp, ll, dd, options) {
    return this.$call(Cont$mix, [aa, bb, pp, ll, dd], options);
  }

  /**
   * @param {number} aa
   * @param {string} bb
   * @param {Point} pp
   * @param {string[]} ll
   * @param {number} dd
   * @param {tce.OnResult<string, this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  mix_async(aa, bb, pp, ll, dd, callback, error, props, cookie) {
    this.$callAsync(Cont$mix, [aa, bb, pp, ll, dd], callback, error, props, cookie);
  }
}

/** Answers calls of vec.Cont: to be extended by a class with methods of its own. */
export class Cont extends tce.Servant {
  /** @type {readonly tce.Operation[]} */
  static OPERATIONS = [
    Cont$echo_bytes,
    Cont$echo_bools,
    Cont$echo_shorts,
    Cont$echo_ints,
    Cont$echo_longs,
    Cont$echo_floats,
    Cont$echo_doubles,
    Cont$echo_strs,
    Cont$echo_intss,
    Cont$echo_bytess,
    Cont$echo_ss,
    Cont$echo_is,
    Cont$echo_si,
    Cont$echo_sb,
    Cont$echo_sil,
    Cont$echo_point,
    Cont$echo_all,
    Cont$echo_person,
    Cont$echo_persons,
    Cont$echo_points,
    Cont$echo_sp,
    Cont$echo_ssl,
    Cont$mix,
  ];

  /**
   * @param {Uint8Array} _val
   * @param {tce.RpcContext} _ctx
   * @returns {Uint8Array | Promise<Uint8Array>}
   */
  echo_bytes(_val, _ctx) {
    return new Uint8Array();
  }

  /**
   * @param {boolean[]} _val
   * @param {tce.RpcContext} _ctx
   * @returns {boolean[] | Promise<boolean[]>}
   */
  echo_bools(_val, _ctx) {
    return [];
  }

  /**
   * @param {number[]} _val
   * @param {tce.RpcContext} _ctx
   * @returns {number[] | Promise<number[]>}
   */
  echo_shorts(_val, _ctx) {
    return [];
  }

  /**
   * @param {number[]} _val
   * @param {tce.RpcContext} _ctx
   * @returns {number[] | Promise<number[]>}
   */
  echo_ints(_val, _ctx) {
    return [];
  }

  /**
   * @param {bigint[]} _val
   * @param {tce.RpcContext} _ctx
   * @returns {bigint[] | Promise<bigint[]>}
   */
  echo_longs(_val, _ctx) {
    return [];
  }

  /**
   * @param {number[]} _val
   * @param {tce.RpcContext} _ctx
   * @returns {number[] | Promise<number[]>}
   */
  echo_floats(_val, _ctx) {
    return [];
  }

  /**
   * @param {number[]} _val
   * @param {tce.RpcContext} _ctx
   * @returns {number[] | Promise<number[]>}
   */
  echo_doubles(_val, _ctx) {
    return [];
  }

  /**
   * @param {string[]} _val
   * @param {tce.RpcContext} _ctx
   * @returns {string[] | Promise<string[]>}
   */
  echo_strs(_val, _ctx) {
    return [];
  }

  /**
   * @param {number[][]} _val
   * @param {tce.RpcContext} _ctx
   * @returns {number[][] | Promise<number[][]>}
   */
  echo_intss(_val, _ctx) {
    return [];
  }

  /**
   * @param {Uint8Array[]} _val
   * @param {tce.RpcContext} _ctx
   * @returns {Uint8Array[] | Promise<Uint8Array[]>}
   */
  echo_bytess(_val, _ctx) {
    return [];
  }

  /**
   * @param {Map<string, string>} _val
   * @param {tce.RpcContext} _ctx
   * @returns {Map<string, string> | Promise<Map<string, string>>}
   */
  echo_ss(_val, _ctx) {
    return new Map();
  }

  /**
   * @param {Map<number, string>} _val
   * @param {tce.RpcContext} _ctx
   * @returns {Map<number, string> | Promise<Map<number, string>>}
   */
  echo_is(_val, _ctx) {
    return new Map();
  }

  /**
   * @param {Map<string, number>} _val
   * @param {tce.RpcContext} _ctx
   * @returns {Map<string, number> | Promise<Map<string, number>>}
   */
  echo_si(_val, _ctx) {
    return new Map();
  }

  /**
   * @param {Map<string, Uint8Array>} _val
   * @param {tce.RpcContext} _ctx
   * @returns {Map<string, Uint8Array> | Promise<Map<string, Uint8Array>>}
   */
  echo_sb(_val, _ctx) {
    return new Map();
  }

  /**
   * @param {Map<string, number[]>} _val
   * @param {tce.RpcContext} _ctx
   * @returns {Map<string, number[]> | Promise<Map<string, number[]>>}
   */
  echo_sil(_val, _ctx) {
    return new Map();
  }

  /**
   * @param {Point} _val
   * @param {tce.RpcContext} _ctx
   * @returns {Point | Promise<Point>}
   */
  echo_point(_val, _ctx) {
    return new Point();
  }

  /**
   * @param {All} _val
   * @param {tce.RpcContext} _ctx
   * @returns {All | Promise<All>}
   */
  echo_all(_val, _ctx) {
    return new All();
  }

  /**
   * @param {Person} _val
   * @param {tce.RpcContext} _ctx
   * @returns {Person | Promise<Person>}
   */
  echo_person(_val, _ctx) {
    return new Person();
  }

  /**
   * @param {Person[]} _val
   * @param {tce.RpcContext} _ctx
   * @returns {Person[] | Promise<Person[]>}
   */
  echo_persons(_val, _ctx) {
    return [];
  }

  /**
   * @param {Point[]} _val
   * @param {tce.RpcContext} _ctx
   * @returns {Point[] | Promise<Point[]>}
   */
  echo_points(_val, _ctx) {
    return [];
  }

  /**
   * @param {Map<string, Point>} _val
   * @param {tce.RpcContext} _ctx
   * @returns {Map<string, Point> | Promise<Map<string, Point>>}
   */
  echo_sp(_val, _ctx) {
    return new Map();
  }

  /**
   * @param {Map<string, string>[]} _val
   * @param {tce.RpcContext} _ctx
   * @returns {Map<string, string>[] | Promise<Map<string, string>[]>}
   */
  echo_ssl(_val, _ctx) {
    return [];
  }

  /**
   * @param {number} _aa
   * @param {string} _bb
   * @param {Point} _pp
   * @param {string[]} _ll
   * @param {number} _dd
   * @param {tce.RpcContext} _ctx
   * @returns {string | Promise<string>}
   */
  mix(_aa, _bb, _pp, _ll, _dd, _ctx) {
    return "";
  }
}

// interface vec.Terminal

const Terminal$onMessage = new tce.Operation("vec.Terminal.onMessage", {
  ifidx: 2,
  opidx: 0,
  params: [tce.string],
  result: tce.nothing,
});
const Terminal$ask = new tce.Operation("vec.Terminal.ask", {
  ifidx: 2,
  opidx: 1,
  params: [tce.string],
  result: tce.string,
});

/** Calls vec.Terminal. */
export class TerminalProxy extends tce.Proxy {
  /**
   * @param {string} message
   * @param {tce.CallOptions} [options]
   * @returns {Promise<void>}
   */
  onMessage(message, options) {
    return this.$call(Terminal$onMessage, [message], options);
  }

  /**
   * @param {string} message
   * @param {tce.OnDone<this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  onMessage_async(message, callback, error, props, cookie) {
    this.$callAsync(Terminal$onMessage, [message], callback, error, props, cookie);
  }

  /**
   * @param {string} message
   * @param {tce.OneWayOptions<this> | tce.OnError<this>} [options]
   * @param {tce.ExtraInput | null} [props]
   * @returns {void}
   */
  onMessage_oneway(message, options, props) {
    this.$send(Terminal$onMessage, [message], options, props);
  }

  /**
   * @param {string} q
   * @param {tce.CallOptions} [options]
   * @returns {Promise<string>}
   */
  ask(q, options) {
    return this.$call(Terminal$ask, [q], options);
  }

  /**
   * @param {string} q
   * @param {tce.OnResult<string, this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  ask_async(q, callback, error, props, cookie) {
    this.$callAsync(Terminal$ask, [q], callback, error, props, cookie);
  }
}

/** Answers calls of vec.Terminal: to be extended by a class with methods of its own. */
export class Terminal extends tce.Servant {
  /** @type {readonly tce.Operation[]} */
  static OPERATIONS = [Terminal$onMessage, Terminal$ask];

  /**
   * @param {string} _message
   * @param {tce.RpcContext} _ctx
   * @returns {void | Promise<void>}
   */
  onMessage(_message, _ctx) {}

  /**
   * @param {string} _q
   * @param {tce.RpcContext} _ctx
   * @returns {string | Promise<string>}
   */
  ask(_q, _ctx) {
    return "";
  }
}
