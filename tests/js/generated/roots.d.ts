// Made by tce2js from module roots: change the IDL, not this file.
import * as tce from "../../../site/static/js/rtc/tce.js";

/** Calls roots.Root. */
export class RootProxy extends tce.Proxy {
  root(options?: tce.CallOptions): Promise<string>;
  root_async(
    callback?: tce.OnResult<string, this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
}

/** Answers calls of roots.Root: to be extended by a class with methods of its own. */
export class Root extends tce.Servant {
  static OPERATIONS: readonly tce.Operation[];
  root(ctx: tce.RpcContext): string | Promise<string>;
}
