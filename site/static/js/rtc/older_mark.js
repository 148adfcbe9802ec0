/** Words at the left end of a chart about its older points: that they are on their way, or that there are none. */

/** @import { Older } from "./older_pages.js" */
/** @import { Panel } from "./panel_layout.js" */
import { LEFT_PX } from "./panel_layout.js";

const LOOK = {
  position: "absolute",
  left: "0",
  top: "0",
  padding: "2px 8px",
  borderRadius: "10px",
  font: "11px system-ui, sans-serif",
  pointerEvents: "none",
  display: "none",
};
const DISTANCE_PX = 6;

/**
 * @param {Older} older
 * @param {boolean} isAtEnd whether the reader looks at the oldest points
 * @returns {string | null} null where there is nothing to be said
 */
export function olderText({ isLoading, hasMore, isFull, error }, isAtEnd) {
  if (isLoading) return "Loading older points";
  if (!isAtEnd) return null;
  if (error !== null) return "Older points did not come";
  if (hasMore === false) return "Nothing older";
  return hasMore && isFull ? "No room for older points" : null;
}

export class OlderMark {
  #element;
  /** @type {string | null} */
  #text = null;

  /** @param {HTMLElement} drawing ECharts' own element, which has the drawing's size */
  constructor(drawing) {
    this.#element = drawing.ownerDocument.createElement("div");
    Object.assign(this.#element.style, LOOK);
    drawing.append(this.#element);
  }

  /**
   * @param {string | null} text null: none
   * @param {Panel} panel the one it stands in
   * @param {{surface: string, muted: string, axis: string}} palette
   */
  show(text, { top }, { surface, muted, axis }) {
    if (text === null && this.#text === null) return;
    this.#text = text;
    this.#element.textContent = text;
    Object.assign(this.#element.style, {
      display: text === null ? "none" : "block",
      transform: `translate(${LEFT_PX + DISTANCE_PX}px, ${top + DISTANCE_PX}px)`,
      background: surface,
      color: muted,
      boxShadow: `0 0 0 1px ${axis}`,
    });
  }
}
