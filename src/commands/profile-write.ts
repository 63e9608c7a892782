import { profilesOf } from '../config.ts';
import { DEMO, isProfileName } from '../config-profile.ts';
import { AppError } from '../domain/errors.ts';
import { dropLogins, loginsAt } from './auth-store.ts';
import { firstWord } from './choice.ts';
import {
  type Fields,
  filesOf,
  isFields,
  readDocument,
  saveDocument,
  type Target,
  targetOf,
} from './config-document.ts';
import { fileValue, wordsOf } from './config-value.ts';
import { type Context, confirmOrFail, say } from './context.ts';
import { profileNamed } from './profile.ts';
import { type Args, flagOption, textOption } from './spec.ts';

/** `petpro profile add|use|remove`: what is said of servers, in the person's own file. */

const fieldsOf = (value: unknown): Fields => (isFields(value) ? value : {});

/** The fields that the flags name; --clinic, --tz and --lang are those of every command. */
function givenFields(args: Args): Fields {
  const text = (name: string) => textOption(args, name) ?? undefined;
  const switched = (name: string) => {
    const word = text(name);
    return word === undefined ? undefined : fileValue(word, 'boolean');
  };
  const command = text('credential_command');
  const fields = {
    url: text('url')?.replace(/\/+$/, ''),
    env: text('env'),
    clinic: text('clinic'),
    tz: text('tz'),
    lang: text('lang'),
    ca_file: text('ca_file'),
    protected: switched('protected'),
    writes: switched('operator_writes'),
    credential_command: command === undefined ? undefined : wordsOf(command),
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** Chooses a profile in a file: the person's own, or that of this folder. */
export function chooseProfileIn(context: Context, target: Target, name: string): void {
  const profile = profileNamed(context, name);
  saveDocument(target, { ...readDocument(target), profile: name });
  const where = target.kind === 'project' ? 'in this folder' : 'from now on';
  const server = profile.url ?? 'the demo of this machine';
  const kind = profile.is_protected ? `, ${profile.env}, protected` : '';
  say(context, `${name} ${where}: ${server}${kind}`);
  if (profile.url === null || profile.credential_command !== null) return;
  const is_known = loginsAt(context.config, profile.url).length > 0;
  if (!is_known) say(context, `Nobody has logged in there: petpro auth login -p ${name}`);
}

/** `petpro profile use` */
export async function useProfile(context: Context, args: Args): Promise<undefined> {
  chooseProfileIn(context, targetOf(context, flagOption(args, 'here')), firstWord(args));
}

/** `petpro profile add`: a new one, or other words about one that is there. */
export async function addProfile(context: Context, args: Args): Promise<undefined> {
  const name = firstWord(args);
  if (!isProfileName(name)) {
    const taken = name === DEMO ? '"demo" is the demo of this machine' : `"${name}" is no name`;
    throw new AppError('invalid_input', `${taken}: a-z, 0-9, - and _, 32 signs at most.`, {
      next: 'petpro profile add staging --url https://..',
    });
  }
  const target = targetOf(context, false);
  const document = readDocument(target);
  const profiles = fieldsOf(document['profiles']);
  const before = fieldsOf(profiles[name]);
  const fields = { ...before, ...givenFields(args) };
  if (typeof fields['url'] !== 'string') {
    throw new AppError('invalid_input', `Say where ${name} is.`, {
      next: `petpro profile add ${name} --url https://..`,
    });
  }
  saveDocument(target, { ...document, profiles: { ...profiles, [name]: fields } });
  const is_new = Object.keys(before).length === 0;
  say(context, `${name} is ${is_new ? 'kept' : 'changed'} in ${target.file}`);
  if (before['url'] !== undefined && before['url'] !== fields['url']) {
    say(context, 'It has another address now: logins stay with the old one, petpro auth login');
  }
  if (flagOption(args, 'use')) chooseProfileIn(context, target, name);
  else if (is_new) say(context, `next: petpro auth login -p ${name}`);
}

/** `petpro profile remove`: with the logins for its address, unless another profile has the same. */
export async function removeProfile(context: Context, args: Args): Promise<undefined> {
  const { config } = context;
  const name = firstWord(args);
  const { url, origin } = profileNamed(context, name);
  const target = targetOf(context, false);
  const document = readDocument(target);
  const { [name]: mine, ...others } = fieldsOf(document['profiles']);
  if (mine === undefined) {
    const where = origin ?? 'this program';
    throw new AppError('policy_refused', `${name} comes from ${where}, not from your file.`, {
      next: 'petpro profile show',
    });
  }
  const rest = [...profilesOf(filesOf(context)).values()].filter((one) => one.name !== name);
  const logins = url === null || rest.some((one) => one.url === url) ? [] : loginsAt(config, url);
  if (logins.length > 0) {
    const who = logins.map((login) => login.name).join(', ');
    await confirmOrFail(context, `The login of ${who} at ${url} goes with it.`, {
      yes: flagOption(args, 'yes'),
      next: 'add --yes',
    });
  }
  const { profile, ...unchosen } = document;
  const left = profile === name ? unchosen : document;
  saveDocument(target, { ...left, profiles: others });
  if (url !== null && logins.length > 0) dropLogins(config, url, null);
  say(context, `${name} is gone from ${target.file}`);
  if (profile === name) say(context, 'No profile is chosen now: petpro profile use NAME');
}
