// npm run build: bundles src into dist. In silence, which the bundler's own command does not keep: the first
// thing that a newcomer reads of `npm start` should be ours.
import { rolldown } from 'rolldown';
import config from '../rolldown.config.mjs';

const { output, ...input } = config;
const bundle = await rolldown(input);
await bundle.write(output);
await bundle.close();
