// Preloaded into a daemon (--import): its clock goes wrong by PETPRO_TEST_SKEW_MS, everybody else's
// does not. The monotonic clock stays, as it does on a machine whose date is wrong.

const skew_ms = Number(process.env['PETPRO_TEST_SKEW_MS'] ?? 0);
const RealDate = Date;
const realNow = Date.now;
const realInstant = Temporal.Now.instant;

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, self) =>
    Reflect.construct(target, args.length === 0 ? [realNow() + skew_ms] : args, self),
  get: (target, name) => (name === 'now' ? () => realNow() + skew_ms : Reflect.get(target, name)),
});
Object.assign(Temporal.Now, {
  instant: () => realInstant().add({ milliseconds: skew_ms }),
});
