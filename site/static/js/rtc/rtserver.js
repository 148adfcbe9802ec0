// Made by tce2js from module rtserver: change the IDL, not this file.
import * as tce from "./tce.js";

// interface rtserver.ITerminal

const ITerminal$onMessage = new tce.Operation("rtserver.ITerminal.onMessage", {
  ifidx: 30000,
  opidx: 0,
  params: [tce.string, tce.string],
  result: tce.nothing,
});

/** Calls rtserver.ITerminal. */
export class ITerminalProxy extends tce.Proxy {
  /**
   * @param {string} type
   * @param {string} json
   * @param {tce.CallOptions} [options]
   * @returns {Promise<void>}
   */
  onMessage(type, json, options) {
    return this.$call(ITerminal$onMessage, [type, json], options);
  }

  /**
   * @param {string} type
   * @param {string} json
   * @param {tce.OnDone<this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  onMessage_async(type, json, callback, error, props, cookie) {
    this.$callAsync(ITerminal$onMessage, [type, json], callback, error, props, cookie);
  }

  /**
   * @param {string} type
   * @param {string} json
   * @param {tce.OneWayOptions<this> | tce.OnError<this>} [options]
   * @param {tce.ExtraInput | null} [props]
   * @returns {void}
   */
  onMessage_oneway(type, json, options, props) {
    this.$send(ITerminal$onMessage, [type, json], options, props);
  }
}

/** Answers calls of rtserver.ITerminal: to be extended by a class with methods of its own. */
export class ITerminal extends tce.Servant {
  /** @type {readonly tce.Operation[]} */
  static OPERATIONS = [ITerminal$onMessage];

  /**
   * @param {string} _type
   * @param {string} _json
   * @param {tce.RpcContext} _ctx
   * @returns {void | Promise<void>}
   */
  onMessage(_type, _json, _ctx) {}
}

// interface rtserver.IUserGateway

const IUserGateway$send = new tce.Operation("rtserver.IUserGateway.send", {
  ifidx: 30001,
  opidx: 0,
  params: [tce.string],
  result: tce.nothing,
});
const IUserGateway$ping = new tce.Operation("rtserver.IUserGateway.ping", {
  ifidx: 30001,
  opidx: 1,
  params: [tce.string],
  result: tce.string,
});

/** Calls rtserver.IUserGateway. */
export class IUserGatewayProxy extends tce.Proxy {
  /**
   * @param {string} json
   * @param {tce.CallOptions} [options]
   * @returns {Promise<void>}
   */
  send(json, options) {
    return this.$call(IUserGateway$send, [json], options);
  }

  /**
   * @param {string} json
   * @param {tce.OnDone<this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  send_async(json, callback, error, props, cookie) {
    this.$callAsync(IUserGateway$send, [json], callback, error, props, cookie);
  }

  /**
   * @param {string} json
   * @param {tce.OneWayOptions<this> | tce.OnError<this>} [options]
   * @param {tce.ExtraInput | null} [props]
   * @returns {void}
   */
  send_oneway(json, options, props) {
    this.$send(IUserGateway$send, [json], options, props);
  }

  /**
   * @param {string} text
   * @param {tce.CallOptions} [options]
   * @returns {Promise<string>}
   */
  ping(text, options) {
    return this.$call(IUserGateway$ping, [text], options);
  }

  /**
   * @param {string} text
   * @param {tce.OnResult<string, this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  ping_async(text, callback, error, props, cookie) {
    this.$callAsync(IUserGateway$ping, [text], callback, error, props, cookie);
  }
}

/** Answers calls of rtserver.IUserGateway: to be extended by a class with methods of its own. */
export class IUserGateway extends tce.Servant {
  /** @type {readonly tce.Operation[]} */
  static OPERATIONS = [IUserGateway$send, IUserGateway$ping];

  /**
   * @param {string} _json
   * @param {tce.RpcContext} _ctx
   * @returns {void | Promise<void>}
   */
  send(_json, _ctx) {}

  /**
   * @param {string} _text
   * @param {tce.RpcContext} _ctx
   * @returns {string | Promise<string>}
   */
  ping(_text, _ctx) {
    return "";
  }
}
