/** A page with an old framework, which writes arrays, objects, dates and texts as JSON in its own way. */
const quoted = (value) => (typeof value === "string" ? `"${value}"` : String(value));
Array.prototype.toJSON = function () {
  return `[${this.map(quoted).join(", ")}]`;
};
Object.prototype.toJSON = function () {
  return `{${Object.keys(this).map(quoted).join(", ")}}`;
};
String.prototype.toJSON = function () {
  return `"${this}"`;
};
