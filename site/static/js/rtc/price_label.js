/** A number in a box of its colour, on a small canvas of its own. */

/** @typedef {{text: string, color: string, textColor: string, widthPx: number}} Label `text` may have several lines. */

const FONT = "11px system-ui, sans-serif";
const LINE_PX = 13;
const [ACROSS_PX, ABOVE_PX] = [5, 3];
const RADIUS_PX = 3;
/** Room for two lines. */
export const LABEL_HEIGHT_PX = 2 * (LINE_PX + ABOVE_PX);

export class PriceLabel {
  #canvas;
  #context;
  #shown = "";

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.#canvas = canvas;
    this.#context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  }

  /**
   * Paint it, its middle in the middle of the canvas' height; what is painted already stays.
   * @param {Label} label what does not fit into its width is cut off
   */
  paint(label) {
    const scale = globalThis.devicePixelRatio ?? 1;
    const wanted = JSON.stringify([label, scale]);
    if (wanted === this.#shown) return;
    this.#shown = wanted;
    this.#clear(label.widthPx, scale);
    this.#fill(label);
  }

  /**
   * @param {number} widthPx
   * @param {number} scale
   */
  #clear(widthPx, scale) {
    const [width, height] = [Math.ceil(widthPx * scale), Math.ceil(LABEL_HEIGHT_PX * scale)];
    if (this.#canvas.width !== width || this.#canvas.height !== height) {
      Object.assign(this.#canvas, { width, height });
      Object.assign(this.#canvas.style, { width: `${widthPx}px`, height: `${LABEL_HEIGHT_PX}px` });
    }
    this.#context.setTransform(scale, 0, 0, scale, 0, 0);
    this.#context.clearRect(0, 0, widthPx, LABEL_HEIGHT_PX);
  }

  /** @param {Label} label */
  #fill({ text, color, textColor }) {
    const context = this.#context;
    const lines = text.split("\n");
    Object.assign(context, { font: FONT, textBaseline: "middle", fillStyle: color });
    const width = Math.max(...lines.map((line) => context.measureText(line).width)) + 2 * ACROSS_PX;
    const height = lines.length * LINE_PX + 2 * ABOVE_PX;
    const top = (LABEL_HEIGHT_PX - height) / 2;
    context.beginPath();
    context.roundRect(0, top, width, height, RADIUS_PX);
    context.fill();
    context.fillStyle = textColor;
    lines.forEach((line, index) => context.fillText(line, ACROSS_PX, top + ABOVE_PX + (index + 0.5) * LINE_PX));
  }
}
