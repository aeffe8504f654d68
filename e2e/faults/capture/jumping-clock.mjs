// Loaded before a service (`node --import`): its wall clock jumps at each SIGUSR2, to the next of LAKELOOP_CLOCK_JUMPS (ms off the true time). As on a machine whose
// clock is set, only the time of day jumps: timers and performance.now() go by the monotonic clock.
const jumps = (process.env.LAKELOOP_CLOCK_JUMPS ?? '').split(',').map(Number);
const TrueDate = Date;
let offset = 0;

process.on('SIGUSR2', () => (offset = jumps.shift() ?? 0));

globalThis.Date = class Date extends TrueDate {
  constructor(...args) {
    if (args.length === 0) super(TrueDate.now() + offset);
    else super(...args);
  }

  static now() {
    return TrueDate.now() + offset;
  }
};
