/**
 * One WebSocket's life as a stream of bodies, in the order in which their packets were sent.
 *
 * Half a packet ends with it: the next connection gets a link of its own. It knows no message.
 */

/** @import { Packet } from "./packet.js" */
import { CloseCode } from "../codes.js";
import { watchConnectError } from "../connect_error.js";
import { PacketError, TooLongError } from "./error.js";
import { inflate } from "./inflate.js";
import { buildPacket, EMPTY_BYTES, PacketReader } from "./packet.js";

/**
 * @typedef {object} LinkOwner
 * @property {() => void} onOpen
 * @property {() => void} onHeard something has come, whatever it is
 * @property {(body: Uint8Array) => void} onBody
 * @property {(error: TooLongError) => void} onTooLong in the place of a body
 * @property {(code: number, reason: string) => void} onLost once; nothing comes after it
 */

export class Link {
  #socket;
  #reader;
  #maxPacketBytes;
  #Stream;
  #owner;
  /** @type {Packet[]} What waits for a packet that is being inflated, that one first. */
  #backlog = [];
  #isOver = false;

  /**
   * @param {WebSocket} socket one that is just being connected
   * @param {object} options
   * @param {number} options.maxPacketBytes
   * @param {typeof DecompressionStream | undefined} options.DecompressionStream
   * @param {LinkOwner} owner
   */
  constructor(socket, { maxPacketBytes, DecompressionStream }, owner) {
    this.#socket = socket;
    this.#reader = new PacketReader(maxPacketBytes);
    this.#maxPacketBytes = maxPacketBytes;
    this.#Stream = DecompressionStream;
    this.#owner = owner;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => owner.onOpen();
    socket.onmessage = ({ data }) => this.#onData(data);
    socket.onclose = ({ code, reason }) => this.#onLost(code, reason);
    watchConnectError(socket, (reason) => this.drop(reason));
  }

  get isOver() {
    return this.#isOver;
  }

  /** @param {Uint8Array} body sent as one packet in one message */
  send(body) {
    this.#socket.send(buildPacket(body));
  }

  /** Close without telling the owner. */
  close() {
    this.#isOver = true;
    this.#backlog = [];
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
  }

  /**
   * Give the connection up as dead.
   * @param {string} reason
   */
  drop(reason) {
    if (!this.#isOver) this.#onLost(CloseCode.ABNORMAL, reason);
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #onLost(code, reason) {
    this.close();
    this.#owner.onLost(code, reason);
  }

  /** @param {unknown} data of a message. Texts belong to another protocol on the same address. */
  #onData(data) {
    this.#owner.onHeard();
    if (!(data instanceof ArrayBuffer)) return;
    this.#reader.feed(new Uint8Array(data));
    try {
      for (let packet = this.#reader.next(); packet !== null; packet = this.#reader.next()) this.#onPacket(packet);
    } catch (error) {
      this.#onError(error);
    }
  }

  /** @param {Packet} packet */
  #onPacket(packet) {
    const isBusy = this.#backlog.length > 0;
    if (!isBusy && !packet.isCompressed) return this.#deliver(packet.body);
    this.#backlog.push(packet);
    if (!isBusy) this.#workOff().catch((error) => this.#onError(error));
  }

  async #workOff() {
    while (this.#backlog.length > 0) {
      const { isCompressed, body } = this.#backlog[0];
      const inflated = isCompressed ? await this.#inflate(body) : body;
      this.#backlog.shift();
      if (!(inflated instanceof TooLongError)) this.#deliver(inflated);
      else if (!this.#isOver) this.#owner.onTooLong(inflated);
    }
  }

  /** @param {Uint8Array} body */
  async #inflate(body) {
    try {
      return await inflate(body, this.#maxPacketBytes - EMPTY_BYTES, this.#Stream);
    } catch (error) {
      if (error instanceof TooLongError) return error;
      throw error;
    }
  }

  /** @param {Uint8Array} body */
  #deliver(body) {
    if (!this.#isOver) this.#owner.onBody(body);
  }

  /** @param {unknown} error */
  #onError(error) {
    if (!(error instanceof PacketError)) throw error;
    this.drop(error.message);
  }
}
