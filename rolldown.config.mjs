// Dependencies stay external, but for commander: every start needs it, and one file is found faster than seven.
// Every lazily imported command becomes its own chunk, so only `petpro tui` loads Ink.
export default {
  input: {
    main: 'src/main.ts',
    valkey: 'src/sandbox/valkey-child.ts',
    paper: 'src/daemon/paper/paper-worker.ts',
  },
  platform: 'node',
  external: (id) => /^[^./]/.test(id) && id !== 'commander',
  output: { dir: 'dist', format: 'esm', sourcemap: true, cleanDir: true },
  transform: { target: 'node26', jsx: { runtime: 'automatic' } },
};
