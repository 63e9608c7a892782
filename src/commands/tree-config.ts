import type { CommandSpec, OptionSpec } from './spec.ts';

/** Whom the command line talks to, as whom, and with which settings. */

const auth: readonly CommandSpec[] = [
  {
    path: 'auth login',
    summary: 'Keep a token for the server in force, after it has said whose it is',
    role: 'public',
    examples: [
      'petpro auth login --with-token < key.txt',
      'petpro auth login -p staging --as rina',
      'pass show petpro | petpro auth login --with-token',
    ],
    options: [
      { flags: '--with-token', doc: 'read the token from standard input' },
      { flags: '--as <name>', doc: 'keep it under this name; default: what the server says' },
    ],
    load: async () => (await import('./auth-login.ts')).login,
  },
  {
    path: 'auth status',
    alias: 'whoami',
    summary: 'Who the daemon takes you for: role, clinic, rights, how long',
    role: 'signed_in',
    examples: ['petpro auth status', 'petpro auth status --json=role,expires_at'],
    load: async () => (await import('./auth.ts')).authStatus,
  },
  {
    path: 'auth switch',
    args: [{ name: '[name]', doc: 'whose login to use from now on; alone: list them' }],
    summary: 'Use another login that is kept for this server',
    role: 'public',
    examples: ['petpro auth switch', 'petpro auth switch rina'],
    exits: [3],
    load: async () => (await import('./auth.ts')).switchLogin,
  },
  {
    path: 'auth logout',
    args: [{ name: '[name]', doc: 'whose login; default: the one in use' }],
    summary: 'Forget a login that is kept on this machine',
    role: 'public',
    examples: ['petpro auth logout', 'petpro auth logout rina', 'petpro auth logout --all'],
    options: [{ flags: '--all', doc: 'every login for this server' }],
    exits: [3],
    load: async () => (await import('./auth.ts')).logout,
  },
  {
    path: 'auth token',
    summary: 'Print the token that would be sent, for other programs',
    role: 'public',
    examples: ['curl -H "authorization: Bearer $(petpro auth token)" $PETPRO_URL/v1/me'],
    load: async () => (await import('./auth.ts')).printToken,
  },
];

const project: OptionSpec = {
  flags: '--project',
  doc: 'the .petpro.json of this folder (profile and clinic only)',
};

const config: readonly CommandSpec[] = [
  {
    path: 'config list',
    alias: 'show',
    summary: 'Every setting with its value and where it comes from',
    role: 'public',
    settings: 'lenient',
    examples: ['petpro config list -o csv'],
    load: async () => (await import('./config.ts')).listSettings,
  },
  {
    path: 'config get',
    args: [{ name: '<key>', doc: 'name of the setting or of its variable' }],
    summary: 'One setting; secrets stay masked',
    role: 'public',
    settings: 'lenient',
    examples: ['petpro config get database_url', 'petpro config get clinic --show-origin'],
    options: [{ flags: '--show-origin', doc: 'every place that says something, the winner first' }],
    exits: [3],
    load: async () => (await import('./config.ts')).getSetting,
  },
  {
    path: 'config path',
    summary: 'The files that settings are read from, strongest first, and where tokens are kept',
    role: 'public',
    settings: 'lenient',
    examples: ['petpro config path', 'cd "$(dirname "$(petpro config path -o name | head -1)")"'],
    load: async () => (await import('./config.ts')).listPaths,
  },
  {
    path: 'config set',
    args: [
      { name: '<key>', doc: 'setting, or profiles.NAME.FIELD' },
      { name: '<value>', doc: 'its value; a list as JSON' },
    ],
    summary: 'Write a setting into your file',
    role: 'public',
    settings: 'lenient',
    examples: [
      'petpro config set lang ja',
      'petpro config set profiles.staging.clinic BSD',
      'petpro config set clinic BSD --project',
    ],
    options: [project],
    load: async () => (await import('./config-write.ts')).setSetting,
  },
  {
    path: 'config unset',
    args: [{ name: '<key>', doc: 'setting, or profiles.NAME.FIELD' }],
    summary: 'Take a setting out of your file',
    role: 'public',
    settings: 'lenient',
    examples: ['petpro config unset lang', 'petpro config unset clinic --project'],
    options: [project],
    exits: [3],
    load: async () => (await import('./config-write.ts')).unsetSetting,
  },
  {
    path: 'config edit',
    summary: 'Open your file in EDITOR; it is checked before it is taken',
    role: 'public',
    settings: 'lenient',
    examples: ['petpro config edit', 'EDITOR="code --wait" petpro config edit'],
    options: [project],
    exits: [130],
    load: async () => (await import('./config-edit.ts')).editSettings,
  },
  {
    path: 'config validate',
    args: [{ name: '[file]', doc: 'default: all files that are read' }],
    summary: 'Check the files of settings; every problem with its line',
    role: 'public',
    settings: 'lenient',
    examples: ['petpro config validate', 'petpro config validate ./new-config.json'],
    exits: [3],
    load: async () => (await import('./config-validate.ts')).validateFiles,
  },
  {
    path: 'config schema',
    summary: 'JSON Schema of a file of settings, for editors',
    role: 'public',
    settings: 'lenient',
    examples: ['petpro config schema > petpro-config.schema.json'],
    load: async () => (await import('./config-validate.ts')).printSchema,
  },
];

const name = { name: '<name>', doc: 'of the profile' };

const profile: readonly CommandSpec[] = [
  {
    path: 'profile list',
    summary: 'The servers that have a name, and which is in force',
    role: 'public',
    examples: ['petpro profile list', 'petpro profile list -o name'],
    load: async () => (await import('./profile.ts')).listProfiles,
  },
  {
    path: 'profile show',
    args: [{ name: '[name]', doc: 'default: the one in force' }],
    summary: 'One profile: address, protection, where it comes from',
    role: 'public',
    examples: ['petpro profile show', 'petpro profile show staging --json'],
    exits: [3],
    load: async () => (await import('./profile.ts')).showProfile,
  },
  {
    path: 'profile add',
    args: [name],
    summary: 'Give a server a name, or change what is said of it',
    role: 'public',
    settings: 'lenient',
    examples: [
      'petpro profile add staging --url https://petpro.staging.example --env staging',
      'petpro profile add prod --url https://petpro.example --env prod --clinic BSD',
      'petpro profile add prod --credential-command "pass show petpro/prod"',
    ],
    options: [
      { flags: '--url <url>', doc: 'address of the API' },
      {
        flags: '--env <kind>',
        doc: 'what kind of place it is',
        choices: ['dev', 'staging', 'prod'],
      },
      { flags: '--protected <yes|no>', doc: 'default: yes for prod' },
      { flags: '--operator-writes <yes|no>', doc: 'operators may write without --writes' },
      { flags: '--credential-command <words>', doc: 'program that prints the token; no shell' },
      { flags: '--ca-file <file>', doc: 'certificates (PEM) to trust for it' },
      { flags: '--use', doc: 'and use it from now on' },
    ],
    load: async () => (await import('./profile-write.ts')).addProfile,
  },
  {
    path: 'profile use',
    args: [name],
    summary: 'Talk to this server from now on; "demo" is the demo of this machine',
    role: 'public',
    settings: 'lenient',
    examples: ['petpro profile use staging', 'petpro profile use staging --here'],
    options: [{ flags: '--here', doc: 'only in this folder: writes .petpro.json' }],
    exits: [3],
    load: async () => (await import('./profile-write.ts')).useProfile,
  },
  {
    path: 'profile remove',
    args: [name],
    summary: 'Take a profile out of your file, with the logins kept for its address',
    role: 'public',
    settings: 'lenient',
    examples: ['petpro profile remove staging'],
    options: [{ flags: '--yes', doc: 'answer yes to the question, if there is one' }],
    exits: [3, 130],
    load: async () => (await import('./profile-write.ts')).removeProfile,
  },
];

export const config_tree: readonly CommandSpec[] = [...auth, ...profile, ...config];
