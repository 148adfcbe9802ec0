/** The tab's own storage, or as good as one for the life of the page where the browser refuses it. */

/** @typedef {Pick<Storage, "getItem" | "setItem">} TabStorage */

/**
 * @param {() => Storage} [open] the look at it raises an error in a browser that refuses
 * @returns {TabStorage}
 */
export function tabStorage(open = () => window.sessionStorage) {
  try {
    return open() ?? memory();
  } catch {
    return memory();
  }
}

/** @returns {TabStorage} */
function memory() {
  const items = new Map();
  return { getItem: (key) => items.get(key) ?? null, setItem: (key, value) => void items.set(key, value) };
}
