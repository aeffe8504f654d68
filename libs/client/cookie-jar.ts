/** Cookies of one sign-in, all of one origin: names and values, nothing else. */
export class CookieJar {
  readonly #cookies = new Map<string, string>();

  /** Takes a response's cookies; an empty value or a past date removes one. */
  take(response: Response): void {
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(';');
      const equals = pair.indexOf('=');
      const name = pair.slice(0, equals).trim();
      const value = pair.slice(equals + 1).trim();
      const expires = attributes.map((attribute) => attribute.trim()).find((attribute) => /^expires=/i.test(attribute));
      if (value === '' || (expires !== undefined && Date.parse(expires.slice('expires='.length)) < Date.now())) this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
  }

  /** The `cookie` header, or none. */
  header(): Record<string, string> {
    return this.#cookies.size === 0 ? {} : { cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ') };
  }
}
