/** Buttons that copy the text of another element: `data-copy` holds its id. */

const SHOWN_MS = 1600;

/** @param {Document} page */
export function enableCopyButtons(page) {
  for (const button of page.querySelectorAll("[data-copy]")) {
    button.addEventListener("click", () => copy(button, page.getElementById(button.dataset.copy)));
  }
}

/** Pages that came over plain HTTP from another machine may not write to the clipboard: there the text gets selected. */
async function copy(button, source) {
  try {
    await navigator.clipboard.writeText(source.textContent);
    flash(button, "Copied");
  } catch {
    window.getSelection().selectAllChildren(source);
    flash(button, "Selected");
  }
}

function flash(button, text) {
  const before = button.dataset.text ?? button.textContent;
  button.dataset.text = before;
  button.textContent = text;
  setTimeout(() => {
    button.textContent = before;
  }, SHOWN_MS);
}
