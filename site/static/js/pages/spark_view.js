/** A quote's prices as a thin line without axes: a drawing of the page's own, without ECharts. */

import { View } from "../rtc/rtc.module.js";

const PADDING_PX = 3;

export class SparkView extends View {
  constructor(chart, element, tools) {
    super(chart, element, tools);
    this.canvas = document.createElement("canvas");
    Object.assign(this.canvas.style, { width: "100%", height: "100%", display: "block" });
    element.replaceChildren(this.canvas);
  }

  draw() {
    const closes = this.chart.series[0].points().map((row) => row[2] ?? row[1]);
    const { context, width, height } = this.clear();
    if (closes.length < 2) return;
    const [low, high] = [Math.min(...closes), Math.max(...closes)];
    const scale = (height - 2 * PADDING_PX) / (high - low || 1);
    context.strokeStyle = closes.at(-1) < closes[0] ? this.palette.down : this.palette.up;
    context.lineWidth = 1.4;
    context.beginPath();
    closes.forEach((close, place) => context.lineTo((place * width) / (closes.length - 1), height - PADDING_PX - (close - low) * scale));
    context.stroke();
  }

  clear() {
    const { clientWidth: width, clientHeight: height } = this.element;
    const ratio = globalThis.devicePixelRatio;
    Object.assign(this.canvas, { width: width * ratio, height: height * ratio });
    const context = this.canvas.getContext("2d");
    context.scale(ratio, ratio);
    return { context, width, height };
  }

  dispose() {
    super.dispose();
    this.canvas.remove();
  }
}
