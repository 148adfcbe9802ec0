/** The controls of the large chart: a form whose state is a choice. */

/** @typedef {import("./chart_choice.js").Choice} Choice */

/**
 * @param {HTMLFormElement} form
 * @returns {Choice}
 */
export function readControls(form) {
  const data = new FormData(form);
  const [item, period, shape] = ["item", "period", "shape"].map((name) => String(data.get(name)));
  return { item, period, shape, indicators: data.getAll("indicators").map(String) };
}

/**
 * @param {HTMLFormElement} form
 * @param {Choice} choice
 */
export function writeControls(form, choice) {
  for (const input of form.querySelectorAll("input")) {
    input.checked = [choice[input.name]].flat().includes(input.value);
  }
}

/**
 * @param {HTMLFormElement} form
 * @param {string} name
 * @param {unknown} value
 * @returns {boolean} whether it can be chosen
 */
export function isOffered(form, name, value) {
  return [...form.querySelectorAll("input")].some((input) => input.name === name && input.value === value);
}
