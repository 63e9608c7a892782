import { access } from '../domain/roles.ts';
import type { Context } from './context.ts';
import { exitsOf } from './help.ts';
import { printList } from './output.ts';

/** `petpro commands`: for scripts, documentation and completion. */
export async function listCommands(context: Context): Promise<undefined> {
  const { program, tree } = context;
  const common_flags = program.options.map((option) => option.flags);
  const items = tree
    .filter((spec) => spec.hidden !== true)
    .map((spec) => {
      const [first = '', second] = spec.path.split(' ');
      const parent =
        second === undefined ? program : program.commands.find((c) => c.name() === first);
      const command = parent?.commands.find((c) => c.name() === (second ?? first));
      return {
        command: spec.path,
        arguments: (spec.args ?? []).map((argument) => argument.name),
        summary: spec.summary,
        role: spec.role,
        roles: access[spec.role],
        mutates: spec.mutates !== undefined,
        endpoint: spec.mutates?.endpoint ?? null,
        flags: (command?.options ?? []).map((option) => ({
          flags: option.flags,
          doc: option.description,
          required: option.mandatory,
          choices: option.argChoices ?? null,
        })),
        common_flags,
        exits: exitsOf(spec),
        examples: spec.examples,
      };
    });
  printList(context, {
    kind: 'CommandList',
    items,
    columns: [
      { head: 'COMMAND', text: (one) => [one.command, ...one.arguments].join(' '), whole: true },
      { head: 'NEEDS', text: (one) => one.role },
      { head: 'WHAT IT DOES', text: (one) => one.summary },
    ],
    csv: ['command', 'summary', 'role', 'mutates', 'exits'],
    name: (one) => one.command,
  });
}
