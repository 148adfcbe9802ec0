/** A network: the class to pass as `WebSocket`, and every socket that was made of it, as the server sees them. */
export function fakeNetwork() {
  const sockets = [];

  class FakeWebSocket {
    onopen = null;
    onmessage = null;
    onclose = null;
    sent = [];
    closedWith = null;

    constructor(url) {
      this.url = url;
      sockets.push(this);
    }

    send(text) {
      this.sent.push(text);
    }

    close(code, reason) {
      this.closedWith = [code, reason];
    }

    // What the other side and the network do.

    accept() {
      this.onopen?.({});
    }

    deliver(text) {
      this.onmessage?.({ data: text });
    }

    say(type, data, id) {
      this.deliver(JSON.stringify({ type, data, id }));
    }

    /** As Node 20 says that there is no connection to be had: by an error alone, and it stays CONNECTING. */
    refuse(message) {
      this.readyState = 0;
      this.onerror?.({ message });
    }

    hangUp(code, reason = "") {
      this.onclose?.({ code, reason });
    }

    /** What the client sent, parsed. */
    get messages() {
      return this.sent.map((text) => JSON.parse(text));
    }
  }

  return {
    WebSocket: FakeWebSocket,
    sockets,
    get socket() {
      return sockets[sockets.length - 1];
    },
  };
}
