/** The address of the server's WebSocket, made from what a page says and where the page itself comes from. */

const PATH = "/rt/";

/** The scheme of the socket, by the scheme of the given address (WebSockets Standard, section 3.1). */
const SOCKET_SCHEMES = /** @type {Record<string, string>} */ ({ "http:": "ws:", "https:": "wss:", "ws:": "ws:", "wss:": "wss:" });

/**
 * The part of a global scope that an address is made from. Workers have no document.
 * @typedef {object} Scope
 * @property {{href: string} | undefined} [location]
 * @property {{baseURI: string} | undefined} [document]
 */

/**
 * Return the absolute ws: or wss: address.
 *
 * A document without an address of its own (`srcdoc`, `about:blank`, a `blob:` page or worker) uses that of the document
 * it was made by.
 * @param {string | URL} [url] absolute or relative, with a scheme of WebSocket or of HTTP; default: /rt/ on the page's own host
 * @param {Scope} [scope]
 * @returns {string}
 * @throws {TypeError} for an address that no WebSocket can have, and where there is no host to begin from
 */
export function socketAddress(url, scope = globalThis) {
  const base = ownAddress(scope);
  if (url === undefined && base === undefined) {
    throw new TypeError("this document has no host of its own: pass `url`, such as wss://shop.example.com/rt/");
  }
  const address = parse(url ?? PATH, base);
  const scheme = address === null ? undefined : SOCKET_SCHEMES[address.protocol];
  if (address === null || scheme === undefined) {
    throw new TypeError(`no WebSocket has the address ${url}: pass \`url\` such as wss://shop.example.com/rt/`);
  }
  address.protocol = scheme;
  address.hash = "";
  return address.href;
}

/**
 * Return the first address that has a host. An ordinary page's own comes first: its `base` element may name another host.
 * @param {Scope} scope
 */
function ownAddress({ location, document }) {
  return [location?.href, document?.baseURI, origin(location?.href)].find(hasHost);
}

/** @param {string | undefined} href */
function origin(href) {
  return parse(href)?.origin;
}

/** @param {string | undefined} href */
function hasHost(href) {
  const address = parse(href);
  return address !== null && address.protocol in SOCKET_SCHEMES && address.host !== "";
}

/**
 * @param {string | URL | undefined} href
 * @param {string} [base]
 */
function parse(href, base) {
  try {
    return new URL(href ?? "", base);
  } catch {
    return null; // the constructor throws for nothing else
  }
}
