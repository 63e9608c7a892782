import { AppError } from '../domain/errors.ts';
import { keptIn, whoLines } from './auth.ts';
import { credentialsFile, keepLogin } from './auth-store.ts';
import { tokenFor } from './auth-token.ts';
import { createClient } from './client.ts';
import { type Context, say } from './context.ts';
import { printOne } from './output.ts';
import { serverOf } from './session.ts';
import { type Args, flagOption, textOption } from './spec.ts';

/** `petpro auth login`: a token comes in, the server says whose it is, and only then is it kept. */

const TOKEN_BYTES_MAX = 16_384;
const is_loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** A way for a token to come in. More ways (codes that are typed on a telephone) are further entries of `ways`. */
type Way = {
  readonly fits: (context: Context, args: Args) => boolean;
  readonly ask: (context: Context, url: string) => Promise<string>;
};

async function fromStdin(context: Context): Promise<string> {
  const text = await context.io.readInput(TOKEN_BYTES_MAX, context.signal);
  context.signal.throwIfAborted();
  if (text === null) {
    throw new AppError('invalid_input', `What came in is longer than ${TOKEN_BYTES_MAX} bytes.`);
  }
  return text.trim();
}

async function fromPerson(context: Context, url: string): Promise<string> {
  say(context, `${url} gives no codes to log in by: paste a key that its admin has made.`);
  const text = await context.io.askHidden('Key (nothing is shown): ', context.signal);
  context.signal.throwIfAborted();
  if (text === null || text.trim() === '') throw new AppError('cancelled', 'Nothing was kept.');
  return text.trim();
}

const ways: readonly Way[] = [
  { fits: (_, args) => flagOption(args, 'with_token'), ask: fromStdin },
  { fits: ({ io, no_input }) => io.can_ask && !no_input, ask: fromPerson },
];

/** A token is one word; two are a mistake that the server could not name as well as we can. */
function checkToken(token: string): void {
  if (/^[\x21-\x7e]+$/.test(token)) return;
  const what =
    token === '' ? 'Nothing came in' : 'What came in is no token: it has spaces or lines';
  throw new AppError('invalid_input', `${what}.`, {
    next: 'petpro auth login --with-token < key.txt',
  });
}

async function takeToken(context: Context, args: Args, url: string): Promise<string> {
  const way = ways.find(({ fits }) => fits(context, args));
  if (way === undefined) {
    throw new AppError('input_needed', `A key for ${url} is needed, and nobody is there to ask.`, {
      next: 'petpro auth login --with-token < key.txt',
    });
  }
  const token = await way.ask(context, url);
  checkToken(token);
  return token;
}

/** The address to log in at. A demo needs no login, and its address is another one tomorrow. */
function addressOf(context: Context): string {
  const { url, demo } = serverOf(context.config);
  if (demo === null) return url;
  throw new AppError('policy_refused', 'The demo of this machine needs no login.', {
    next: 'petpro profile add NAME --url https://.., then petpro auth login -p NAME',
  });
}

/** `petpro auth login` */
export async function login(context: Context, args: Args): Promise<undefined> {
  const { config, signal } = context;
  const url = addressOf(context);
  const { protocol, hostname } = new URL(url);
  if (protocol === 'http:' && !is_loopback.test(hostname)) {
    say(context, `warning: ${url} is not encrypted; everybody on the way can read the key.`);
  }
  const token = await takeToken(context, args, url);
  const { timeout_ms } = config;
  const client = createClient({ url, token, source: 'cli', timeout_ms, signal });
  const me = await client.call('get_me', {});
  const name = textOption(args, 'as')?.trim() || me.name;
  const added_at = Temporal.Now.instant().toString({ smallestUnit: 'second' });
  const { role, expires_at } = me;
  keepLogin(config, { url, name, role, token, added_at, expires_at });
  printOne(context, {
    kind: 'Login',
    item: { url, name, role, expires_at, kept_in: credentialsFile(config) },
    csv: ['url', 'name', 'role', 'expires_at', 'kept_in'],
    name,
    lines: [...whoLines(me), ['at', url], ['kept in', keptIn(context)]],
  });
  const sent = tokenFor(config, url);
  if (sent !== null && sent.login === null) {
    say(context, `Not in use yet: the token still comes from ${sent.from}.`);
  }
}
