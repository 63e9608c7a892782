import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { openLog } from './log.ts';

function record() {
  const lines: Record<string, unknown>[] = [];
  const destination = new Writable({
    write: (chunk, _encoding, done) => {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  });
  return { lines, log: openLog({ level: 'info', destination }) };
}

test('secrets are blotted out at the top of a line and one level down, in errors too', () => {
  const { lines, log } = record();
  const err = Object.assign(new Error('refused'), { token: 'ppk_1', status: 401 });
  log.warn('test.secrets', {
    token: 'ppk_1',
    config: { database_url: 'postgres://', port: 1 },
    err,
  });
  expect(lines[0]).toMatchObject({
    event: 'test.secrets',
    level: 'warn',
    token: '***',
    config: { database_url: '***', port: 1 },
    err: { message: 'refused', token: '***', status: 401 },
  });
  expect(JSON.stringify(lines)).not.toContain('ppk_1');
});

test('what a child logger adds is blotted out as well, and the caller keeps its facts', () => {
  const { lines, log } = record();
  const facts = { request: { authorization: 'Bearer x', path: '/v1' } };
  log.child({ api_key: 'ppk_2' }).info('test.child', facts);
  expect(lines[0]).toMatchObject({
    api_key: '***',
    request: { authorization: '***', path: '/v1' },
  });
  expect(facts.request.authorization).toBe('Bearer x');
});

test('an error has its stack, and lines below the level cost nothing and say nothing', () => {
  const { lines, log } = record();
  log.debug('test.debug', { a: 1 });
  log.error('test.error', { err: new Error('broken') });
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({ err: { type: 'Error', message: 'broken' } });
  expect(JSON.stringify(lines[0])).toContain('log.test.ts');
});

test('the line of a request is like any other: same members, same order, no secrets', () => {
  const { lines, log } = record();
  const facts = {
    request_id: 'quote " and \\u2028',
    trace_id: undefined,
    status: 409,
    ms: 0.25,
    ok: true,
    none: null,
    token: 'ppk_3',
  };
  const bound = log.child({ role: 'ci', api_key: 'ppk_4' });
  bound.info('test.request', facts);
  bound.info('http.request', facts);
  const [usual, frequent] = lines.map((line) => ({ ...line, at: typeof line['at'], event: '' }));
  expect(JSON.stringify(frequent)).toBe(JSON.stringify(usual));
  expect(frequent).toMatchObject({ level: 'info', token: '***', api_key: '***', at: 'string' });
  bound.info('http.request', { err: Object.assign(new Error('x'), { token: 'ppk_5' }) });
  expect(lines[2]).toMatchObject({ event: 'http.request', err: { message: 'x', token: '***' } });
  expect(JSON.stringify(lines)).not.toContain('ppk_');
});
