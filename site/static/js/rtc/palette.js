/** The colours of a chart, for a light and for a dark page. A page may pass a palette of its own. */

/**
 * @typedef {object} Palette Each a CSS colour.
 * @property {string} text legend and tooltip
 * @property {string} muted axis labels and panel titles
 * @property {string} grid the lines behind the data
 * @property {string} axis axis lines and the crosshair
 * @property {string} surface behind the tooltip and the crosshair's labels
 * @property {string} up a candle that closed higher, and values above zero
 * @property {string} down a candle that closed lower, and values below zero
 * @property {string} volume
 * @property {string[]} series lines and points, in turn
 */

/** @type {Readonly<Palette>} */
export const lightPalette = Object.freeze({
  text: "#1f2937",
  muted: "#6b7280",
  grid: "#eceff3",
  axis: "#c9d0d9",
  surface: "#ffffff",
  up: "#0f9d6b",
  down: "#d9404c",
  volume: "rgba(90, 112, 146, 0.42)",
  series: ["#2563eb", "#d97706", "#7c3aed", "#0891b2", "#db2777", "#65a30d", "#475569"],
});

/** @type {Readonly<Palette>} */
export const darkPalette = Object.freeze({
  text: "#e5e9f0",
  muted: "#8b96a8",
  grid: "#222b3a",
  axis: "#3b475c",
  surface: "#182130",
  up: "#2ebd85",
  down: "#f0616d",
  volume: "rgba(122, 148, 190, 0.42)",
  series: ["#5b9dff", "#f5a742", "#a98bfa", "#3cc8dc", "#f472b6", "#a3d65c", "#94a3b8"],
});

/** @returns {Readonly<Palette>} what the browser's user prefers; light where it does not say */
export function preferredPalette() {
  const prefersDark = globalThis.matchMedia?.("(prefers-color-scheme: dark)").matches ?? false;
  return prefersDark ? darkPalette : lightPalette;
}
