/** A subscription request that says something a change stream does not do, or that makes no sense. `place`: the parameter and what is wrong in it. */
export class FilterError extends Error {
  readonly place: string;

  constructor(place: string, message: string) {
    super(`${place}: ${message}`);
    this.name = 'FilterError';
    this.place = place;
  }
}
