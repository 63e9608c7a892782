import { z } from 'zod';
import type { EndpointName } from '../../domain/api.ts';
import { shapes } from '../../domain/shapes.ts';

type Project = (value: unknown) => unknown;

/** Takes optional, nullable, read-only and default wrappers off. */
function core(schema: unknown): unknown {
  let inner = schema;
  while (
    inner instanceof z.ZodNullable ||
    inner instanceof z.ZodOptional ||
    inner instanceof z.ZodReadonly ||
    inner instanceof z.ZodDefault
  ) {
    inner = inner.unwrap();
  }
  return inner;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The value itself when it is clean already (the rule), otherwise a copy without the unknown
 * fields.
 */
function objectProjection(shape: Readonly<Record<string, unknown>>): Project {
  const names = new Set(Object.keys(shape));
  const nested = Object.entries(shape).flatMap(([name, field]) => {
    const project = projection(field);
    return project ? [[name, project] as const] : [];
  });
  return (value) => {
    if (!isRecord(value)) return value;
    let clean: Record<string, unknown> | null = null;
    for (const name in value) {
      if (names.has(name)) continue;
      clean = Object.fromEntries(Object.entries(value).filter(([key]) => names.has(key)));
      break;
    }
    for (const [name, project] of nested) {
      const before = value[name];
      const after = project(before);
      if (after === before) continue;
      clean ??= { ...value };
      clean[name] = after;
    }
    return clean ?? value;
  };
}

function arrayProjection(item: Project): Project {
  return (value) => {
    if (!Array.isArray(value)) return value;
    const after = value.map(item);
    return after.every((element, index) => element === value[index]) ? value : after;
  };
}

/**
 * Null when values of this schema hold no object with named fields, so there is nothing to leave
 * out.
 */
function projection(schema: unknown): Project | null {
  const inner = core(schema);
  if (inner instanceof z.ZodObject) return objectProjection(inner.shape);
  if (!(inner instanceof z.ZodArray)) return null;
  const item = projection(inner.element);
  return item && arrayProjection(item);
}

/**
 * The JSON text of an endpoint's answer. Fields that its output schema does not name never leave: a
 * column added to a row type by mistake is not published. JSON.stringify of Node 26 after this
 * check measured twice as fast as a compiled schema serializer on lists.
 */
export function serializer(name: EndpointName): (output: unknown) => string {
  const project = projection(shapes[name].output);
  return project ? (output) => JSON.stringify(project(output)) : JSON.stringify;
}
