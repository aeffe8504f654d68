/** State that a page shows, followed by `useSyncExternalStore(store.subscribe, store.view)`. */
export class Store<View> {
  readonly #listeners = new Set<() => void>();
  #view: View;

  constructor(view: View) {
    this.#view = view;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  readonly view = (): View => this.#view;

  /** Puts another state in place, and tells all who follow. */
  protected show(view: View): void {
    this.#view = view;
    for (const listener of this.#listeners) listener();
  }
}
