// Reads Stripe's request format: form-encoded pairs whose keys nest
// (`line_items[0][price_data][currency]`).

import { AppError, type Json } from '../domain/errors.ts';

/** A decoded body. Arrays arrive as numbered keys and stay so; `rows` gives them back as a list. */
export type Form = { readonly [key: string]: string | Form };
type MutableForm = { [key: string]: string | MutableForm };

/** Far above what a checkout needs; a body with more is an attack or a bug. */
const MAX_PAIRS = 1_000;
const MAX_DEPTH = 8;

export type WireFault = {
  readonly status: number;
  readonly type?: string;
  readonly code?: string;
  readonly param?: string;
  readonly message: string;
  readonly extra?: Readonly<Record<string, Json>>;
};

/** An answer of Stripe's error format, thrown from any depth and written by the API layer. */
export function wireError(fault: WireFault): AppError {
  const error: Record<string, Json> = {
    type: fault.type ?? 'invalid_request_error',
    message: fault.message,
  };
  if (fault.code !== undefined) {
    error['code'] = fault.code;
    error['doc_url'] = `https://stripe.com/docs/error-codes/${fault.code.replaceAll('_', '-')}`;
  }
  if (fault.param !== undefined) error['param'] = fault.param;
  return new AppError('invalid_input', fault.message, {
    status: fault.status,
    error: { ...error, ...fault.extra },
  });
}

function emptyForm(): MutableForm {
  return Object.create(null);
}

function pathOf(key: string): readonly string[] {
  const open = key.indexOf('[');
  if (open < 0) return [key];
  const rest = [...key.slice(open).matchAll(/\[([^[\]]*)\]/g)].map((match) => match[1] ?? '');
  return [key.slice(0, open), ...rest];
}

/**
 * Decodes a body or a query string. Throws a 400 of Stripe's kind when keys contradict each other.
 */
export function decodeForm(text: string): Form {
  const root = emptyForm();
  let pairs = 0;
  for (const [key, value] of new URLSearchParams(text)) {
    pairs += 1;
    const path = pathOf(key);
    if (pairs > MAX_PAIRS || path.length > MAX_DEPTH) {
      throw wireError({ status: 400, message: 'Invalid request: too many parameters' });
    }
    place(root, path, value, key);
  }
  return root;
}

function place(root: MutableForm, path: readonly string[], value: string, key: string): void {
  let at = root;
  for (const [depth, raw] of path.entries()) {
    const step = raw === '' ? String(Object.keys(at).length) : raw;
    if (depth === path.length - 1) {
      at[step] = value;
      return;
    }
    const next = at[step] ?? emptyForm();
    if (typeof next === 'string') {
      throw wireError({ status: 400, param: key, message: `Invalid hash: ${key}` });
    }
    at[step] = next;
    at = next;
  }
}

/**
 * The text of a parameter; null when it is absent or empty (Stripe reads an empty value as
 * "unset").
 */
export function textOf(form: Form, name: string): string | null {
  const value = form[name];
  return typeof value === 'string' && value !== '' ? value : null;
}

export function requiredText(form: Form, name: string, path = name): string {
  const value = textOf(form, name);
  if (value !== null) return value;
  throw wireError({
    status: 400,
    code: 'parameter_missing',
    param: path,
    message: `Missing required param: ${path}.`,
  });
}

/** A whole number >= `least`; null when absent. */
export function integerOf(form: Form, name: string, least = 0, path = name): number | null {
  const value = textOf(form, name);
  if (value === null) return null;
  const number = Number(value);
  if (/^-?\d{1,15}$/.test(value) && number >= least) return number;
  throw wireError({
    status: 400,
    code: 'parameter_invalid_integer',
    param: path,
    message: /^-?\d+$/.test(value)
      ? `This value must be greater than or equal to ${least}.`
      : `Invalid integer: ${value}`,
  });
}

export function requiredInteger(form: Form, name: string, least: number, path = name): number {
  const value = integerOf(form, name, least, path);
  if (value !== null) return value;
  throw wireError({
    status: 400,
    code: 'parameter_missing',
    param: path,
    message: `Missing required param: ${path}.`,
  });
}

export function flagOf(form: Form, name: string): boolean {
  return textOf(form, name) === 'true';
}

export function childOf(form: Form, name: string): Form {
  const value = form[name];
  return typeof value === 'object' ? value : emptyForm();
}

/** The members of an array parameter in their order. */
export function rowsOf(form: Form, name: string): readonly (string | Form)[] {
  return Object.entries(childOf(form, name))
    .toSorted(([a], [b]) => Number(a) - Number(b))
    .map(([, value]) => value);
}

/** One of the values that Stripe lists for the parameter; null when absent. */
export function choiceOf<T extends string>(
  form: Form,
  name: string,
  choices: readonly T[],
  path = name,
): T | null {
  const value = textOf(form, name);
  if (value === null) return null;
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  throw wireError({
    status: 400,
    param: path,
    message: `Invalid ${path}: must be one of ${choices.join(', ')}`,
  });
}

/** Metadata within Stripe's limits: 50 keys of 40 characters, values of 500. */
export function metadataOf(form: Form, name = 'metadata'): Record<string, string> {
  const entries = Object.entries(childOf(form, name));
  if (entries.length > 50) {
    throw wireError({ status: 400, param: name, message: 'Metadata can have at most 50 keys.' });
  }
  return Object.fromEntries(
    entries.map(([key, value]) => {
      const text = typeof value === 'string' ? value : '';
      if (key.length > 40 || text.length > 500) {
        throw wireError({
          status: 400,
          param: `${name}[${key}]`,
          message: 'Metadata keys take 40 characters and values 500.',
        });
      }
      return [key, text];
    }),
  );
}

/**
 * Refuses parameters that the endpoint does not know, as Stripe does, so that misspellings
 * surface.
 */
export function refuseUnknown(form: Form, known: readonly string[]): void {
  const unknown = Object.keys(form).find((name) => !known.includes(name) && name !== 'expand');
  if (unknown === undefined) return;
  throw wireError({
    status: 400,
    code: 'parameter_unknown',
    param: unknown,
    message: `Received unknown parameter: ${unknown}`,
  });
}
