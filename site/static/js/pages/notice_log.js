/**
 * The notices of this tab. They are kept in the tab's own storage, so that they outlive a change of page but not the tab,
 * and two tabs do not count one notice twice.
 */

const LIMIT = 200;

/** @typedef {{text: string, time: number}} Notice `time` in milliseconds since 1970 */

export class NoticeLog {
  /**
   * @param {Storage} storage
   * @param {string} userId another user of the same tab sees none of it
   */
  constructor(storage, userId) {
    this.storage = storage;
    this.key = `rtserver.notices.${userId}`;
    /** @type {((notices: Notice[]) => void)[]} */
    this.watchers = [];
    /** @type {Notice[]} newest first */
    this.notices = this.#read();
  }

  /** Calls `watcher` with all notices, now and after every change. */
  watch(watcher) {
    this.watchers.push(watcher);
    watcher(this.notices);
  }

  /**
   * @param {string} text
   * @param {number} time
   */
  add(text, time) {
    this.#replace([{ text, time }, ...this.notices].slice(0, LIMIT));
  }

  clear() {
    this.#replace([]);
  }

  #replace(notices) {
    this.notices = notices;
    try {
      this.storage.setItem(this.key, JSON.stringify(notices));
    } catch {
      // Full or forbidden: then the notices live as long as the page.
    }
    for (const watcher of this.watchers) watcher(notices);
  }

  #read() {
    try {
      const notices = JSON.parse(this.storage.getItem(this.key) ?? "[]");
      return Array.isArray(notices) ? notices : [];
    } catch {
      return [];
    }
  }
}
