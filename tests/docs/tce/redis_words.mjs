// Commands to Redis and their replies over one socket, in order (RESP 2). Replies are Buffers, numbers, arrays or null.

import net from "node:net";

const MORE = Symbol("more bytes are needed");

/** One connection. Commands may be sent before the replies to others have come. */
export class Redis {
    constructor(port) {
        this.bytes = Buffer.alloc(0);
        this.asked = [];
        this.socket = net.connect(port, "127.0.0.1");
        this.socket.setNoDelay(true);
        this.socket.on("data", (data) => this.take(data));
        this.socket.on("error", (error) => this.fail(error));
        this.socket.on("close", () => this.fail(new Error("Redis is gone")));
    }

    /** Send a command; words are texts, numbers or Buffers. Rejects with what Redis refuses. */
    call(...words) {
        const parts = [Buffer.from(`*${words.length}\r\n`)];
        for (const word of words) {
            const bytes = Buffer.isBuffer(word) ? word : Buffer.from(`${word}`);
            parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from("\r\n"));
        }
        this.socket.write(Buffer.concat(parts));
        return new Promise((resolve, reject) => this.asked.push({ resolve, reject }));
    }

    close() {
        this.socket.destroy();
    }

    fail(error) {
        for (const { reject } of this.asked.splice(0)) reject(error);
    }

    take(data) {
        this.bytes = Buffer.concat([this.bytes, data]);
        for (;;) {
            const [reply, end] = read(this.bytes, 0);
            if (reply === MORE) return;
            this.bytes = this.bytes.subarray(end);
            const { resolve, reject } = this.asked.shift();
            if (reply instanceof Error) reject(reply);
            else resolve(reply);
        }
    }
}

/** Return the reply that begins at a place, and where it ends. */
function read(bytes, at) {
    const line = bytes.indexOf("\r\n", at);
    if (line < 0) return [MORE, at];
    const text = bytes.toString("utf8", at + 1, line);
    const begin = line + 2;
    switch (bytes[at]) {
        case 0x2b: // +
            return [Buffer.from(text), begin];
        case 0x2d: // -
            return [new Error(text), begin];
        case 0x3a: // :
            return [Number(text), begin];
        case 0x24: { // $
            const end = begin + Number(text);
            if (Number(text) < 0) return [null, begin];
            return bytes.length < end + 2 ? [MORE, at] : [bytes.subarray(begin, end), end + 2];
        }
        default:
            return readAll(bytes, begin, Number(text));
    }
}

function readAll(bytes, begin, count) {
    if (count < 0) return [null, begin];
    const replies = [];
    let at = begin;
    for (let n = 0; n < count; n += 1) {
        const [reply, end] = read(bytes, at);
        if (reply === MORE) return [MORE, begin];
        replies.push(reply);
        at = end;
    }
    return [replies, at];
}
