/**
 * Place in the numbered messages of one subscription: what has come, and whether something is missing.
 *
 * A snapshot sets it. An update follows where it begins behind the last number of the same epoch.
 */

export class Position {
  /** The number of the last row that came; 0 before the first snapshot. */
  seq = 0;
  /** @type {string | undefined} the server's: in another one `seq` is another count */
  epoch;
  /** True while rows are missing before the last one: the next snapshot has them. */
  hasGap = false;

  /** @param {{seq: number, epoch?: string}} snapshot */
  load({ seq, epoch }) {
    this.seq = seq;
    this.epoch = epoch;
    this.hasGap = false;
  }

  /** @param {{seq: number, epoch?: string}} update that was taken in, whether it follows or not */
  advance({ seq, epoch }) {
    this.seq = seq;
    this.epoch = epoch;
  }

  /**
   * @param {{prev_seq?: number, epoch?: string}} update a server that does not number its messages leaves no gap to be seen
   * @returns {boolean} whether it begins right behind what has come
   */
  isFollowedBy({ prev_seq, epoch }) {
    return prev_seq === undefined || (prev_seq === this.seq && epoch === this.epoch);
  }
}
