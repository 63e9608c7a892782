import v8 from 'node:v8';

/** By then the console is loaded and painted, and its young heap as large as it needs to be. */
const SETTLED_MS = 700;

/**
 * Stops the growth of the young heap once the console stands. About 22 MB of it live, whatever the
 * day holds; left alone, V8 lets the young heap grow to 64 MB of garbage under a busy feed. Read by
 * V8 at each collection, so that it takes effect while the program runs. The result takes it back
 * when the console closes before that.
 */
export function settleHeap(after_ms: number = SETTLED_MS): () => void {
  const timer = setTimeout(() => {
    v8.setFlagsFromString('--semi-space-growth-factor=1');
  }, after_ms);
  timer.unref();
  return () => clearTimeout(timer);
}
