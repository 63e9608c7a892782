import { AppError, problems } from '../domain/errors.ts';
import { type ImportKind, import_schemas } from '../domain/import-fields.ts';
import { type Context, say } from './context.ts';
import { databaseUrl, withDatabase } from './database.ts';
import { countsText, showRejects } from './import-report.ts';
import { type ImportEnd, type ImportWish, runImport } from './import-run.ts';
import { openSource } from './import-source.ts';
import { printOne } from './output.ts';
import { type Args, flagOption, type Run, textOption } from './spec.ts';

/** `petpro import KIND FILE`: into PostgreSQL itself, as `migrate` does; docs/data.md says why. */

function wishOf(context: Context, args: Args, kind: ImportKind): ImportWish {
  const [file = ''] = args.positional;
  const is_dry = flagOption(args, 'dry_run');
  const is_resumed = flagOption(args, 'resume');
  const source_name = textOption(args, 'source');
  const on_error = textOption(args, 'on_error');
  const clinic = context.config.clinic;
  const takes_clinic = Object.hasOwn(import_schemas[kind].shape, 'clinic_id');
  if (source_name !== null && !/^[\w.-]{1,40}$/.test(source_name)) {
    throw new AppError(
      'invalid_input',
      '--source takes up to 40 letters, digits, dots and dashes.',
    );
  }
  if (is_dry && is_resumed) {
    throw new AppError('invalid_input', '--dry-run and --resume contradict each other.');
  }
  if (is_resumed && file === '-') {
    const next = `petpro import ${kind} - (again: rows that are here already count as same)`;
    throw new AppError('invalid_input', 'A pipe cannot be read again from where it broke off.', {
      next,
    });
  }
  return {
    kind,
    file,
    source_name,
    is_dry,
    is_resumed,
    on_error: on_error === 'skip' || on_error === 'stop' ? on_error : null,
    open_slots: flagOption(args, 'open_slots'),
    map_text: textOption(args, 'map'),
    given: takes_clinic && clinic !== null ? { clinic_id: clinic } : {},
    rejects: textOption(args, 'rejects'),
  };
}

/** What was typed, so that the next line means the same file in the same way. */
const repeated = ['format', 'map', 'source', 'clinic', 'rejects', 'on_error'] as const;

function againText(args: Args, kind: ImportKind, flag: string): string {
  const [file = ''] = args.positional;
  const options = repeated.flatMap((name) => {
    const value = textOption(args, name);
    const is_said = value === null || flag.startsWith(`--${name.replace('_', '-')} `);
    return is_said ? [] : [`--${name.replace('_', '-')} ${quoted(value)}`];
  });
  const opening = flagOption(args, 'open_slots') ? ['--open-slots'] : [];
  return ['petpro import', kind, quoted(file), ...options, ...opening, flag].join(' ').trim();
}

const quoted = (word: string) => (/^[\w./:=@%+,-]+$/.test(word) ? word : `'${word}'`);

function stopped(context: Context, args: Args, wish: ImportWish, ended: ImportEnd): AppError {
  const { rejects } = ended;
  const [first] = rejects.shown;
  if (ended.counts.rows_read > 0) say(context, `Before that: ${countsText(ended.counts, false)}`);
  const { rows_read, added, changed, same } = ended.counts;
  const where = `Line ${first?.line ?? '?'}`;
  const detail = `${where}: ${[first?.field, first?.why].filter(Boolean).join(' ')}.`;
  return new AppError('invalid_input', detail, {
    run_id: ended.run_id,
    rows_read,
    added,
    changed,
    same,
    errors: rejects.shown.map(({ line, field, why }) => ({
      path: `line ${line}`,
      message: [field, why].filter(Boolean).join(' '),
    })),
    next: `mend it and run the same line again, or: ${againText(args, wish.kind, '--on-error skip')}`,
  });
}

async function importKind(context: Context, args: Args, kind: ImportKind): Promise<number> {
  const wish = wishOf(context, args, kind);
  const source = await openSource(wish.file, textOption(args, 'format'), context.signal);
  const { host, pathname } = new URL(databaseUrl(context));
  say(
    context,
    `${wish.is_dry ? 'Looking at' : 'Taking in'} ${kind}: ${wish.file} -> ${host}${pathname}`,
  );
  const ended = await withDatabase(context, async (sql) => {
    return await runImport(context, sql, wish, source);
  });
  if (ended.state === 'stopped') throw stopped(context, args, wish, ended);
  const { rejects } = ended;
  const is_interrupted = ended.state === 'interrupted';
  const is_partial = ended.counts.rejected > 0;
  const next =
    is_interrupted && !wish.is_dry && wish.file !== '-' ? againText(args, kind, '--resume') : null;
  showRejects(context, rejects.shown, rejects.count());
  const file = rejects.file();
  printOne(context, {
    kind: 'ImportRun',
    item: {
      run_id: ended.run_id,
      data: kind,
      file: wish.file,
      state: ended.state,
      is_dry_run: wish.is_dry,
      ...ended.counts,
      rejects_file: file,
      duration_ms: Math.round(ended.ms),
      errors: rejects.shown,
      next,
    },
    csv: [
      'data',
      'state',
      'rows_read',
      'added',
      'changed',
      'same',
      'kept',
      'rejected',
      'rejects_file',
    ],
    name: ended.run_id ?? 'dry-run',
    lines: [
      [
        is_interrupted ? 'Stopped' : wish.is_dry ? 'Would be' : 'Done',
        countsText(ended.counts, wish.is_dry),
      ],
      ['rejected', file === null ? '' : `${file} (mend it, then import it)`],
      ['next', next ?? ''],
    ],
  });
  if (is_interrupted) return Number(context.signal.reason);
  return is_partial ? problems.partial.exit : 0;
}

/** `petpro import clinics` and its siblings. */
export function importOf(kind: ImportKind): Run {
  return async (context, args) => await importKind(context, args, kind);
}
