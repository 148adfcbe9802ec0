/** Short-lived messages in the corner. Their container is a live region, so that screen readers hear them too. */

const VISIBLE_MS = 8000;
const MAX_VISIBLE = 4;

export class Toasts {
  /** @param {HTMLElement} container */
  constructor(container) {
    this.container = container;
  }

  /**
   * Shows `text` until its time is over, it is closed, or newer ones need the room. It stays while it is pointed at.
   * @param {string} text
   */
  show(text) {
    const toast = this.#build(text);
    this.container.append(toast);
    while (this.container.children.length > MAX_VISIBLE) this.container.firstElementChild.remove();
    this.#expire(toast);
  }

  #build(text) {
    const toast = element("div", "toast");
    const close = element("button", "button toast-close", "×");
    close.type = "button";
    close.setAttribute("aria-label", "Close this notice");
    close.addEventListener("click", () => toast.remove());
    toast.append(element("div", "toast-text", text), close);
    return toast;
  }

  #expire(toast) {
    let timer = setTimeout(() => toast.remove(), VISIBLE_MS);
    toast.addEventListener("pointerenter", () => clearTimeout(timer));
    toast.addEventListener("pointerleave", () => {
      timer = setTimeout(() => toast.remove(), VISIBLE_MS);
    });
  }
}

function element(tag, className, text = "") {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  return node;
}
