/** A clock that stands still until it is moved; then everything that is due runs, in order of time. */
export class FakeClock {
  #now = 1000;
  #timers = new Map();
  #lastHandle = 0;
  #backMs = 0;

  now = () => this.#now;
  /** 2023-11-14T22:13:20Z when the clock stands at 0. */
  wallNow = () => 1_700_000_000_000 + this.#now - this.#backMs;

  /** Somebody sets the wall clock back. */
  setBack(ms) {
    this.#backMs += ms;
  }

  setTimeout = (run, delayMs) => {
    this.#lastHandle += 1;
    this.#timers.set(this.#lastHandle, { run, at: this.#now + Math.max(0, delayMs) });
    return this.#lastHandle;
  };

  clearTimeout = (handle) => {
    this.#timers.delete(handle);
  };

  /** How many timers were ever armed. */
  get armed() {
    return this.#lastHandle;
  }

  /** How many timers are armed. */
  get pending() {
    return this.#timers.size;
  }

  advance(ms) {
    const end = this.#now + ms;
    for (let due = this.#firstUntil(end); due !== undefined; due = this.#firstUntil(end)) {
      const [handle, { run, at }] = due;
      this.#timers.delete(handle);
      this.#now = Math.max(this.#now, at);
      run();
    }
    this.#now = end;
  }

  /** Time passes while no timer is allowed to run, as in a computer that sleeps or a page that is hidden. */
  sleep(ms) {
    this.#now += ms;
  }

  #firstUntil(end) {
    const due = [...this.#timers].filter(([, { at }]) => at <= end);
    return due.sort(([, one], [, other]) => one.at - other.at)[0];
  }
}
