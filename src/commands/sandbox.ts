import type { Context } from './context.ts';
import type { DemoOptions } from './demo-launch.ts';
import { type Args, flagOption, textOption } from './spec.ts';

/** The line between the command tree and the commands that start processes. */

function demoOptions(context: Context, args: Args): DemoOptions {
  return {
    home: textOption(args, 'home') ?? undefined,
    port: textOption(args, 'port') ?? undefined,
    database_url: textOption(args, 'database_url') ?? undefined,
    redis_url: textOption(args, 'redis_url') ?? undefined,
    seed: textOption(args, 'seed') ?? undefined,
    detach: flagOption(args, 'detach'),
    tui: args.options['tui'] !== false,
    json: context.mode === 'json',
    quiet: context.quiet,
    accessible: context.config.accessible,
  };
}

export async function demoUp(context: Context, args: Args): Promise<number> {
  const { runDemoUp } = await import('./demo.ts');
  return await runDemoUp(demoOptions(context, args), context.io);
}

export async function demoDown(context: Context, args: Args): Promise<number> {
  const { runDemoDown } = await import('./demo.ts');
  return await runDemoDown(demoOptions(context, args), context.io);
}

export async function demoStatus(context: Context, args: Args): Promise<number> {
  const { runDemoStatus } = await import('./demo.ts');
  return await runDemoStatus(demoOptions(context, args), context.io);
}

export async function demoSupervise(context: Context, args: Args): Promise<number> {
  const { runDemoSupervise } = await import('./demo.ts');
  return await runDemoSupervise(demoOptions(context, args), context.io);
}

const serve_texts = ['only', 'host', 'port'] as const;

export async function serve(context: Context, args: Args): Promise<number> {
  const { runServe } = await import('./serve.ts');
  const texts = serve_texts.flatMap((name) => {
    const value = textOption(args, name);
    return value === null ? [] : [[name, value] as const];
  });
  return await runServe(
    {
      ...Object.fromEntries(texts),
      migrate: flagOption(args, 'migrate'),
      stop_with_stdin: flagOption(args, 'stop_with_stdin'),
    },
    context.io,
  );
}
