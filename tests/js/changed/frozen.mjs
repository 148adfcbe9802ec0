/** A page that has frozen what every script shares, as SES does. */
for (const name of Object.getOwnPropertyNames(globalThis)) {
  const value = globalThis[name];
  if (/^[A-Z]/.test(name) && typeof value === "function" && value.prototype !== undefined) {
    Object.freeze(value);
    Object.freeze(value.prototype);
  }
}
