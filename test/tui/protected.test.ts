import { expect, test } from 'vitest';
import { headerLine } from '../../src/tui/screens/chrome.ts';
import { initialState } from '../../src/tui/state.ts';
import { session } from './driver.ts';
import { NOW } from './fixture.ts';

const toneOf = (env: string, is_protected: boolean) => {
  const state = initialState(session({ env, is_protected }), { columns: 80, rows: 24 }, NOW);
  return headerLine(state).find((part) => part.text === env.toUpperCase())?.tone;
};

test('the header of a protected server is loud, whatever the server is called', () => {
  expect(toneOf('dev', false)).toBe('accent');
  expect(toneOf('staging', true)).toBe('banner');
  expect(toneOf('prod', false)).toBe('banner');
});
