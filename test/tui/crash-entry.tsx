import { runConsole } from '../../src/tui/run.tsx';
import { fakeApi } from './fake-api.ts';
import { clinic_id, figureDay } from './fixture.ts';

/** A console whose server turns mad: the second day has a time zone that no clock knows. Run by crash.test.ts. */

const api = fakeApi();
const good = figureDay();
const bad = { ...good, clinic: { ...good.clinic, time_zone: 'Nowhere/At-All' } };
const [, , kind = 'fault'] = process.argv;

process.exitCode = await runConsole({
  client: {
    call: async (name, request, options) => {
      const answer = await api.client.call(name, request, options);
      if (name === 'get_day') api.day = bad;
      // Nobody waits for this promise: the process learns of it as an unhandled rejection.
      if (name === 'search_owners' && kind === 'rejection') void Promise.reject(new Error('lost'));
      return answer;
    },
  },
  feed_url: 'ws://127.0.0.1:1/events',
  token: 'none',
  clinic_id,
  lang: 'en',
  role: 'desk',
  name: 'Rina',
  env: 'dev',
  ascii: true,
  read_only: false,
});
