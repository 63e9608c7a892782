import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { inheritedEnv } from '../config.ts';
import { AppError } from '../domain/errors.ts';
import { type Context, say } from './context.ts';
import { printOne } from './output.ts';
import { type Args, flagOption } from './spec.ts';

/** `petpro completions SHELL`: the script that a shell loads, or putting it where the shell looks. */

const shells = ['bash', 'zsh', 'fish', 'pwsh'] as const;
type Shell = (typeof shells)[number];

const files: Readonly<Record<Shell, string>> = {
  bash: 'petpro.bash',
  zsh: 'petpro.zsh',
  fish: 'petpro.fish',
  pwsh: 'petpro.ps1',
};

/** The scripts lie in `share/`, beside `dist/` and beside `src/`. */
function scriptOf(shell: Shell): string {
  for (const root of ['../', '../../']) {
    try {
      return readFileSync(
        new URL(`${root}share/completions/${files[shell]}`, import.meta.url),
        'utf8',
      );
    } catch {}
  }
  throw new AppError('internal', `The completion of ${shell} is missing from this installation.`);
}

type Way = { readonly file: string; readonly hint: string | null };

/** Where each shell looks by itself, and the line that is needed where it does not. Nobody's own file is edited. */
function wayOf(shell: Shell, env: Readonly<Record<string, string | undefined>>): Way {
  const home = env['HOME'] || os.homedir();
  const data = env['XDG_DATA_HOME'] || path.join(home, '.local/share');
  const config = env['XDG_CONFIG_HOME'] || path.join(home, '.config');
  switch (shell) {
    case 'bash': {
      const file = path.join(data, 'bash-completion/completions/petpro');
      const hint = `With the package bash-completion it works in the next shell; without: echo 'source ${file}' >> ~/.bashrc`;
      return { file, hint };
    }
    case 'zsh': {
      const folder = path.join(data, 'zsh/site-functions');
      const hint = `Once, before compinit in ~/.zshrc: fpath=(${folder} $fpath)`;
      return { file: path.join(folder, '_petpro'), hint };
    }
    case 'fish':
      return { file: path.join(config, 'fish/completions/petpro.fish'), hint: null };
    case 'pwsh': {
      const file = path.join(config, 'powershell/petpro-completion.ps1');
      return { file, hint: `Once, in $PROFILE: . ${file}` };
    }
  }
}

function shellOf(word: string): Shell {
  const shell = shells.find((one) => one === word);
  if (shell !== undefined) return shell;
  const detail = `petpro completes words in ${shells.join(', ')}, not in "${word}".`;
  throw new AppError('invalid_input', detail, { next: 'petpro completions bash' });
}

/** Written beside it and renamed: a shell that starts meanwhile reads the old one or the new one. */
function put(file: string, text: string): void {
  const part = `${file}.${process.pid}`;
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(part, text);
    renameSync(part, file);
  } catch (error) {
    rmSync(part, { force: true });
    const why = error instanceof Error ? error.message : String(error);
    throw new AppError('invalid_input', `${file} cannot be written: ${why}.`, {}, { cause: error });
  }
}

/** `petpro completions SHELL [--install | --remove]` */
export async function completions(context: Context, args: Args): Promise<undefined> {
  const shell = shellOf(args.positional[0] ?? '');
  const installs = flagOption(args, 'install');
  const removes = flagOption(args, 'remove');
  if (installs && removes) {
    throw new AppError('invalid_input', '--install and --remove contradict each other.');
  }
  const { file, hint } = wayOf(shell, inheritedEnv(context.io.env));
  if (!installs && !removes && (context.mode === 'table' || context.mode === 'wide')) {
    context.io.out(scriptOf(shell));
    return;
  }
  if (installs) put(file, scriptOf(shell));
  if (removes) rmSync(file, { force: true });
  const state = installs ? 'installed' : removes ? 'removed' : 'printed';
  const item = { shell, file, state, script: state === 'printed' ? scriptOf(shell) : null };
  const lines = [
    ['shell', shell],
    [state, file],
  ] as const;
  printOne(context, {
    kind: 'Completion',
    item,
    csv: ['shell', 'file', 'state'],
    name: file,
    lines,
  });
  if (installs && hint !== null) say(context, `next: ${hint}`);
}
