/** The menu of all indicators that the server knows, with a search. Those that have a button of their own are left out. */

/** @typedef {{name: string, title?: string, parameters: {name: string, default: number}[]}} Indicator */

export class IndicatorMenu {
  /**
   * @param {HTMLElement} menu with a search, a list and a line for the count
   * @param {(value: string) => boolean} isOffered whether the page has a button for it
   */
  constructor(menu, isOffered) {
    this.search = menu.querySelector("input[type=search]");
    this.list = menu.querySelector("fieldset");
    this.count = menu.querySelector("[role=status]");
    this.isOffered = isOffered;
    /** @type {{text: string, label: HTMLLabelElement}[]} */
    this.entries = [];
    this.search.addEventListener("input", () => this.#filter());
    this.search.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
    menu.addEventListener("keydown", (event) => event.key === "Escape" && this.#close(menu));
  }

  /** @param {Indicator[]} indicators the server's list; entries that are there stay as they are */
  fill(indicators) {
    for (const { name, title = name, parameters } of indicators) {
      const value = [name, ...parameters.map((each) => each.default)].join(":");
      if (!this.isOffered(value)) this.#add(value, title);
    }
    this.#filter();
  }

  /**
   * @param {string} value
   * @param {string} title
   */
  #add(value, title) {
    const label = document.createElement("label");
    const input = Object.assign(document.createElement("input"), { type: "checkbox", name: "indicators", value });
    const [named, code] = [document.createElement("span"), document.createElement("code")];
    named.textContent = title;
    code.textContent = value;
    label.append(input, named, code);
    this.list.append(label);
    this.entries.push({ text: `${title} ${value}`.toLowerCase(), label });
  }

  #filter() {
    const words = this.search.value.toLowerCase().split(/\s+/);
    let found = 0;
    for (const { text, label } of this.entries) {
      label.hidden = !words.every((word) => text.includes(word));
      found += Number(!label.hidden);
    }
    this.count.textContent = `${found} of ${this.entries.length}`;
  }

  /** @param {HTMLDetailsElement} menu */
  #close(menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
}
