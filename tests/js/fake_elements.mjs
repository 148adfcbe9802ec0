/** A document that makes elements, as far as charts do: a style, and children that are elements or text. */
export function fakeElements() {
  return { createElement: (name) => new FakeElement(name) };
}

class FakeElement {
  style = {};
  children = [];

  constructor(name) {
    this.name = name;
    if (name === "canvas") Object.assign(this, fakeCanvas());
  }

  /** The document that it is of. */
  get ownerDocument() {
    return fakeElements();
  }

  append(...children) {
    this.children.push(...children);
  }
}

/** A canvas with the texts that have been written on it since it was cleared. */
function fakeCanvas() {
  const context = {
    texts: [],
    clears: 0,
    setTransform() {},
    clearRect: () => {
      context.texts = [];
      context.clears += 1;
    },
    measureText: (text) => ({ width: 6 * text.length }),
    beginPath() {},
    roundRect: (...box) => (context.box = box),
    fill: () => (context.boxColor = context.fillStyle),
    fillText: (text) => context.texts.push(text),
  };
  return { context, getContext: () => context };
}

/** The text of elements, with one space where one ends. */
export function textOf(...elements) {
  const inside = (child) => (typeof child === "string" ? child : ` ${child.children.map(inside).join("")} `);
  return elements.flat().map(inside).join(" ").replace(/\s+/g, " ").trim();
}
