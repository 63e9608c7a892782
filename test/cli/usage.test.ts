import { describe, expect, test } from 'vitest';
import { cli } from './harness.ts';

describe('help', () => {
  test('petpro alone says what there is', async () => {
    const { out, err, code } = await cli([]);
    expect(code).toBe(0);
    expect(err).toBe('');
    expect(out.slice(0, out.indexOf('Options:'))).toMatchInlineSnapshot(`
      "Usage: petpro [options] [command]

      Bookings for clinics and every place that sells time.

      Desk:
        today [options]                   The day sheet: bookings and holds of a day
        find <text...>                    Owners and pets; a reference shows its
                                          booking
        book [options]                    Book a slot for an owner and a pet
        cancel [options] <reference>      Cancel a booking, with the refund that the
                                          policy gives
        check-in [options] <code>         The owner has arrived, or a ticket comes in:
                                          once
        start [options] <reference>       The pet is in the room
        complete [options] <reference>    The visit is over
        no-show [options] <reference>     Nobody came; from ten minutes after the
                                          start
        reschedule [options] <reference>  Move a booking to another time of its
                                          service
        undo [options] <reference>        Take a cancel, a no-show or a check-in back,
                                          while nothing has left

      Things:
        owners                            Add owners and pets
        slots                             Open slots, and why the others are not
        bookings                          List, show, history
        hold                              Create, list, extend, release
        confirm [options] <hold>          Turn a hold into a booking that is paid at
                                          the clinic
        tickets                           Tickets of venues
        waitlist                          People who wait for a place
        clinics                           The rules of a clinic’s bookings
        services                          What a clinic sells
        reviews                           What owners say, and what the clinic answers
        reminders                         What owners are reminded of, and when
        calendar                          Visits in the calendars of phones
        attachments                       Files of bookings: list, add, get, remove
        notifications                     What owners are told, in which words, and
                                          how they want it
        events                            Follow what happens

      Money:
        prices                            What services cost, by tier and quantity
        payments                          Payments, their entries, and the takings of
                                          a day
        refunds                           List, ask for, decide
        approvals                         Requests that the clinic has to grant
        pay [options] <reference>         Take what is due at the visit
        receipts                          Receipts on paper and as pages
        settlements                       What a clinic gets, period by period
        reports                           Figures of a clinic by day, week, vet and
                                          service

      Console:
        tui [options]                     The console: the day board, full screen

      Running it:
        deliveries                        Messages on their way: what hangs, retry,
                                          pause a channel
        health [options]                  Is the daemon alive and ready? The answer is
                                          the exit code
        auth                              Who you are to the daemon
        doctor [options]                  Check everything that PetPro needs, and say
                                          how to mend it
        migrate                           The database schema
        config                            Settings, and where they come from
        demo                              A whole PetPro on this machine, thrown away
                                          afterwards
        serve [options]                   Run the daemon in the foreground
        locks                             Locks beside the holds that they stand for
        reconcile                         Does everything fit together?
        outbox                            Events on their way out: what hangs, retry,
                                          replay
        jobs                              Work that waits in queues: what hangs, and
                                          why
        views                             Materialized views: how old, what they cost,
                                          refresh
        webhooks                          Where events are sent to: add, test, rotate,
                                          replay
        load                              Load tests, judged by the database

      More:
        commands                          The whole command tree with flags, rights
                                          and exit codes
        help [topic...]                   Help on a command or a topic

      "
    `);
  });

  test('-h anywhere shows the help of that command', async () => {
    const { out, code } = await cli(['cancel', '-h', '--quiet']);
    expect(code).toBe(0);
    expect(out).toMatchInlineSnapshot(`
      "Usage: petpro cancel [options] <reference>

      Cancel a booking, with the refund that the policy gives.

      Arguments:
        reference                BP12345678 or the id of the booking

      Options:
        --by <who>               clinic = full refund (choices: "owner", "clinic")
        --now                    refund and mail leave at once: no undo
        --yes                    answer yes to the question, if there is one
        --idempotency-key <key>  a repeat with the same key has one effect; default:
                                 new
        --reason <text>          why; kept in the history
        --if-version <n>         only while this is its version
        --dry-run                say what would happen, change nothing
        -h, --help               display help for command

      Global Options:
        -c, --clinic <clinic>    clinic: code, name or id
        -o, --output <mode>      how results are printed (choices: "table", "wide",
                                 "json", "jsonl", "csv", "name", "none")
        --json [fields]          same as -o json; --json=f1,f2 picks fields
        -q, --quiet              data only, no remarks
        --tz <zone>              zone of printed times; default: of the clinic
        --lang <lang>            language of amounts (choices: "en", "ja", "id")
        --color <when>           colours (choices: "auto", "always", "never")
        --ascii                  plain ASCII only
        --no-input               never ask; fail instead
        --timeout <time>         longest wait for an answer, as 15s
        --debug                  requests and stacks on stderr
        -V, --version            version

      Examples:
        petpro cancel BP10000127 --reason owner-request --dry-run
        petpro cancel BP10000127 --by clinic --reason "vet is ill" --yes

      Needs: own or desk. Exit codes: 0 1 2 3 4 5 6 9 11 130 (petpro help exit-codes)
      "
    `);
  });

  test('topics', async () => {
    expect((await cli(['help', 'exit-codes'])).out).toContain('slot_taken');
    expect((await cli(['help', 'environment'])).out).toContain('PETPRO_URL');
    expect((await cli(['help', 'formatting'])).out).toContain('RFC 4180');
    expect((await cli(['help', 'slots', 'list'])).out).toContain('Usage: petpro slots list');
    const { code, err } = await cli(['help', 'sltos']);
    expect(code).toBe(3);
    expect(err).toMatchInlineSnapshot(`
      "error[NOT_FOUND]: There is no help on "sltos".
      next: petpro --help
      "
    `);
  });

  test('--version', async () => {
    expect((await cli(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('misuse is exit 2', () => {
  test.each([
    [['bok']],
    [['slots']],
    [['slots', 'lst']],
    [['slots', 'list', '--dat', 'fri']],
    [['slots', 'list', '-o', 'xml']],
    [['book', '--owner', '1']],
    [['cancel']],
    [['cancel', 'BP10000127', 'BP10000128']],
    [['cancel', 'Mochi']],
    [['slots', 'list', '--timeout', 'soon']],
    [['doctor', '--only', 'nonsense']],
    [['demo', 'up', '--seed', 'abc']],
    [['demo', 'up', '--port', '99999']],
    [['owners', 'add', '--name', 'A', '--phone', '0812', '--pet', 'B']],
  ])('%j', async (words) => {
    const { code, out, err } = await cli(words, { env: { PETPRO_URL: 'http://127.0.0.1:9' } });
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toMatch(/error\[INVALID_INPUT\]: /);
  });

  test('suggests, never runs', async () => {
    const { err } = await cli(['bok']);
    expect(err).toMatchInlineSnapshot(`
      "error[INVALID_INPUT]: Unknown command 'bok'. Did you mean book?
      next: petpro --help
      "
    `);
  });

  test('in json mode stdout is one document all the same', async () => {
    for (const words of [
      ['bok', '--json'],
      ['--json', 'slots'],
      ['slots', 'lst', '-o', 'json'],
    ]) {
      const { out, code } = await cli(words);
      const document = JSON.parse(out);
      expect(out.trimEnd()).not.toContain('\n');
      expect(document).toMatchObject({ items: [], error: { code: 'invalid_input', exit: 2 } });
      expect(code).toBe(2);
    }
  });
});

describe('nobody to talk to', () => {
  test('no address and no demo', async () => {
    const { code, out, err } = await cli(['today']);
    expect(code).toBe(11);
    expect(out).toBe('');
    expect(err).toMatchInlineSnapshot(`
      "error[UNAVAILABLE]: PETPRO_URL is not set and no demo runs on this machine.
      next: petpro demo up
      "
    `);
  });

  test('a bad setting is told with its name', async () => {
    const { code, err } = await cli(['today'], {
      env: { PETPRO_URL: 'ftp://x', PETPRO_LANG: 'fr' },
    });
    expect(code).toBe(2);
    expect(err).toContain('PETPRO_URL must be a URL');
    expect(err).toContain('PETPRO_LANG must be one of en, ja, id');
  });
});

describe('colour', () => {
  const red = '\u001b[31m';
  test.each([
    [{}, [], true],
    [{ NO_COLOR: '1' }, [], false],
    [{ NO_COLOR: '1' }, ['--color', 'always'], true],
    [{ TERM: 'dumb' }, [], false],
    [{ TERM: 'dumb', FORCE_COLOR: '1' }, [], true],
    [{ CLICOLOR_FORCE: '1', NO_COLOR: '1' }, [], false],
    [{}, ['--color=never'], false],
  ])('%j %j', async (env, flags, coloured) => {
    const { err } = await cli(['today', ...flags], { env, terminal: 80 });
    expect(err.includes(red)).toBe(coloured);
  });

  test('none in a pipe', async () => {
    expect((await cli(['today'])).err).not.toContain(red);
    expect((await cli(['today'], { env: { FORCE_COLOR: '1' } })).err).toContain(red);
  });
});

describe('settings', () => {
  test('get is bare for scripts and masks secrets', async () => {
    const env = {
      DATABASE_URL: 'postgres://petpro:hunter2@db.example/petpro',
      PETPRO_TOKEN: 'ppk_x',
    };
    expect((await cli(['config', 'get', 'database_url'], { env })).out).toBe(
      'postgres://petpro:***@db.example/petpro\n',
    );
    const { out } = await cli(['config', 'list', '-o', 'csv'], { env });
    expect(out).not.toContain('hunter2');
    expect(out).not.toContain('ppk_x');
    expect(out.split('\r\n')[0]).toBe('key,env,value,source,doc');
    expect((await cli(['config', 'get', 'nope'])).code).toBe(3);
  });
});
