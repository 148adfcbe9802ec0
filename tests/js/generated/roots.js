// Made by tce2js from module roots: change the IDL, not this file.
import * as tce from "../../../site/static/js/rtc/tce.js";

// interface roots.Root

const Root$root = new tce.Operation("roots.Root.root", { ifidx: 41, opidx: 0, params: [], result: tce.string });

/** Calls roots.Root. */
export class RootProxy extends tce.Proxy {
  /**
   * @param {tce.CallOptions} [options]
   * @returns {Promise<string>}
   */
  root(options) {
    return this.$call(Root$root, [], options);
  }

  /**
   * @param {tce.OnResult<string, this>} [callback]
   * @param {tce.OnError<this>} [error]
   * @param {tce.ExtraInput | null} [props]
   * @param {any} [cookie]
   * @returns {void}
   */
  root_async(callback, error, props, cookie) {
    this.$callAsync(Root$root, [], callback, error, props, cookie);
  }
}

/** Answers calls of roots.Root: to be extended by a class with methods of its own. */
export class Root extends tce.Servant {
  /** @type {readonly tce.Operation[]} */
  static OPERATIONS = [Root$root];

  /**
   * @param {tce.RpcContext} _ctx
   * @returns {string | Promise<string>}
   */
  root(_ctx) {
    return "";
  }
}
