import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** Where shells look for the completion of a command. */

type Environment = Readonly<Record<string, string | undefined>>;

const shells = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof shells)[number];

function placesOf(shell: Shell, env: Environment): readonly string[] {
  const home = env['HOME'] || os.homedir();
  const data = env['XDG_DATA_HOME'] || path.join(home, '.local/share');
  const config = env['XDG_CONFIG_HOME'] || path.join(home, '.config');
  switch (shell) {
    case 'bash':
      return [
        path.join(data, 'bash-completion/completions/petpro'),
        '/usr/local/share/bash-completion/completions/petpro',
        '/usr/share/bash-completion/completions/petpro',
        '/etc/bash_completion.d/petpro',
      ];
    case 'zsh':
      return [
        path.join(data, 'zsh/site-functions/_petpro'),
        path.join(home, '.zfunc/_petpro'),
        '/usr/local/share/zsh/site-functions/_petpro',
        '/usr/share/zsh/site-functions/_petpro',
      ];
    case 'fish':
      return [
        path.join(config, 'fish/completions/petpro.fish'),
        '/usr/share/fish/vendor_completions.d/petpro.fish',
      ];
  }
}

/** The person's shell, and the file that completes petpro in it; null where there is none. */
export function completionFile(env: Environment): {
  readonly shell: Shell | null;
  readonly file: string | null;
} {
  const name = path.basename(env['SHELL'] ?? '');
  const shell = shells.find((one) => one === name) ?? null;
  if (shell === null) return { shell, file: null };
  return { shell, file: placesOf(shell, env).find((file) => fs.existsSync(file)) ?? null };
}
