// Made by tce2js from module rtserver: change the IDL, not this file.
import * as tce from "./tce.js";

/** Calls rtserver.ITerminal. */
export class ITerminalProxy extends tce.Proxy {
  onMessage(type: string, json: string, options?: tce.CallOptions): Promise<void>;
  onMessage_async(
    type: string,
    json: string,
    callback?: tce.OnDone<this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
  onMessage_oneway(
    type: string,
    json: string,
    options?: tce.OneWayOptions<this> | tce.OnError<this>,
    props?: tce.ExtraInput | null,
  ): void;
}

/** Answers calls of rtserver.ITerminal: to be extended by a class with methods of its own. */
export class ITerminal extends tce.Servant {
  static OPERATIONS: readonly tce.Operation[];
  onMessage(type: string, json: string, ctx: tce.RpcContext): void | Promise<void>;
}

/** Calls rtserver.IUserGateway. */
export class IUserGatewayProxy extends tce.Proxy {
  send(json: string, options?: tce.CallOptions): Promise<void>;
  send_async(
    json: string,
    callback?: tce.OnDone<this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
  send_oneway(json: string, options?: tce.OneWayOptions<this> | tce.OnError<this>, props?: tce.ExtraInput | null): void;
  ping(text: string, options?: tce.CallOptions): Promise<string>;
  ping_async(
    text: string,
    callback?: tce.OnResult<string, this>,
    error?: tce.OnError<this>,
    props?: tce.ExtraInput | null,
    cookie?: any,
  ): void;
}

/** Answers calls of rtserver.IUserGateway: to be extended by a class with methods of its own. */
export class IUserGateway extends tce.Servant {
  static OPERATIONS: readonly tce.Operation[];
  send(json: string, ctx: tce.RpcContext): void | Promise<void>;
  ping(text: string, ctx: tce.RpcContext): string | Promise<string>;
}
