import { file_settings } from '../config-files.ts';
import { yesNo } from '../config-parse.ts';
import { type ProfileField, profile_fields } from '../config-profile.ts';
import { AppError } from '../domain/errors.ts';
import { firstWord } from './choice.ts';
import { type Fields, isFields, readDocument, saveDocument, targetOf } from './config-document.ts';
import { type FieldType, fileValue } from './config-value.ts';
import { type Context, say } from './context.ts';
import { chooseProfileIn } from './profile-write.ts';
import { type Args, flagOption } from './spec.ts';

/** `petpro config set|unset`: one value of a file, and nothing else, changes. */

/** How the value of a name is written. Unknown names are refused when the whole is checked. */
function typeOf(path: readonly string[]): FieldType {
  const [first = '', , field = ''] = path;
  if (path.length === 1) return file_settings.get(first)?.parse === yesNo ? 'boolean' : 'string';
  const fields: Readonly<Record<string, ProfileField>> = profile_fields;
  return fields[field]?.type ?? 'string';
}

/** `profiles.staging.url` -> its parts. More dots have no meaning. */
function pathOf(key: string): readonly string[] {
  const path = key.split('.');
  const is_field = path[0] === 'profiles' && path.length === 3;
  if ((path.length === 1 && key !== 'profiles') || is_field) return path;
  throw new AppError('invalid_input', `"${key}" names no setting: lang, or profiles.NAME.FIELD.`, {
    next: 'petpro config list',
  });
}

const below = (document: Fields, name: string): Fields => {
  const value = document[name];
  return isFields(value) ? value : {};
};

/** The document with a value at a place; undefined takes it away. */
function withValue(document: Fields, path: readonly string[], value: unknown): Fields {
  const [first = '', ...rest] = path;
  if (rest.length > 0) {
    return { ...document, [first]: withValue(below(document, first), rest, value) };
  }
  const { [first]: _, ...others } = document;
  return value === undefined ? others : { ...document, [first]: value };
}

function hasValue(document: Fields, path: readonly string[]): boolean {
  const [first = '', ...rest] = path;
  if (rest.length > 0) return hasValue(below(document, first), rest);
  return Object.hasOwn(document, first);
}

/** `petpro config set` */
export async function setSetting(context: Context, args: Args): Promise<undefined> {
  const [key = '', text = ''] = args.positional;
  const target = targetOf(context, flagOption(args, 'project'));
  if (key === 'profile') {
    chooseProfileIn(context, target, text);
    return;
  }
  const path = pathOf(key);
  const value = fileValue(text, typeOf(path));
  saveDocument(target, withValue(readDocument(target), path, value), key);
  say(
    context,
    `${key} is ${Array.isArray(value) ? JSON.stringify(value) : value} in ${target.file}`,
  );
}

/** `petpro config unset` */
export async function unsetSetting(context: Context, args: Args): Promise<undefined> {
  const key = firstWord(args);
  const target = targetOf(context, flagOption(args, 'project'));
  const document = readDocument(target);
  const path = key.split('.');
  if (!hasValue(document, path)) {
    throw new AppError('not_found', `${target.file} says nothing about ${key}.`, {
      next: `petpro config get ${path.at(-1)} --show-origin`,
    });
  }
  saveDocument(target, withValue(document, path, undefined));
  say(context, `${key} is gone from ${target.file}`);
}
