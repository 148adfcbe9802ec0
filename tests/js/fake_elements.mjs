/** A document that makes elements, as far as charts do: a style, and children that are elements or text. */
export function fakeElements() {
  return { createElement: (name) => new FakeElement(name) };
}

class FakeElement {
  style = {};
  children = [];

  constructor(name) {
    this.name = name;
  }

  append(...children) {
    this.children.push(...children);
  }
}

/** The text of elements, with one space where one ends. */
export function textOf(...elements) {
  const inside = (child) => (typeof child === "string" ? child : ` ${child.children.map(inside).join("")} `);
  return elements.flat().map(inside).join(" ").replace(/\s+/g, " ").trim();
}
