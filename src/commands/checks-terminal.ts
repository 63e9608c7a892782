import { isUtf8 } from './charset.ts';
import { type Check, pass, skip, warn } from './checks.ts';
import { hasColour } from './context.ts';

/** Checks of the terminal that this command is typed into. */

const COLUMNS_MIN = 80;
const ROWS_MIN = 24;
/** One that East Asian terminals may give two columns: it would break every rule and frame. */
const AMBIGUOUS = '─';
const no_terminal = skip('not a terminal');
/** Terminal types that cannot show colours, and those that cannot move the cursor either. */
const monochrome = /^(vt\d+|.*-m|.*-mono|xterm-old)$/;

export const checks_terminal: readonly Check[] = [
  {
    id: 'terminal.size',
    about: `at least ${COLUMNS_MIN}x${ROWS_MIN} for the console`,
    look: async ({ context }) => {
      const { io } = context;
      if (!io.is_tty) return no_terminal;
      const size = `${io.columns()}x${io.rows()}`;
      return io.columns() >= COLUMNS_MIN && io.rows() >= ROWS_MIN
        ? pass(size)
        : warn(
            `${size} is small for the console`,
            `make the window ${COLUMNS_MIN}x${ROWS_MIN}, or use: petpro desk`,
          );
    },
  },
  {
    id: 'terminal.type',
    about: 'TERM names a terminal that can draw a full screen',
    look: async ({ context }) => {
      const { term } = context.config;
      if (!context.io.is_tty) return no_terminal;
      if (term === '' || term === 'dumb') {
        return warn(
          `TERM is "${term}": no full-screen console`,
          'export TERM=xterm-256color, or use: petpro desk',
        );
      }
      return pass(term);
    },
  },
  {
    id: 'terminal.colours',
    about: 'colours: on, off, and why',
    look: async ({ context }) => {
      const { config, io } = context;
      if (!io.is_tty) return no_terminal;
      if (hasColour(config, true)) {
        return monochrome.test(config.term)
          ? warn(`TERM ${config.term} shows none, but they are on`, '--color never, or NO_COLOR=1')
          : pass('the 16 of your own palette');
      }
      if (config.color === 'never') return pass('off, as asked: words say it all');
      if (config.no_color) return pass('off by NO_COLOR: words say it all');
      return pass(`off, because TERM is "${config.term}"`);
    },
  },
  {
    id: 'terminal.charset',
    about: 'the locale is UTF-8, so that names can be read',
    look: async ({ context }) => {
      const { locale } = context.config;
      if (!context.io.is_tty) return no_terminal;
      return isUtf8(locale)
        ? pass(locale)
        : warn(`"${locale}" is not UTF-8: names may be unreadable`, 'export LC_ALL=C.UTF-8');
    },
  },
  {
    id: 'terminal.glyphs',
    about: 'columns that the terminal really gives a box-drawing sign',
    look: async ({ context }) => {
      const { config, io } = context;
      if (!io.is_tty || io.measureWidth === undefined) return no_terminal;
      if (config.ascii) return pass('plain ASCII, as asked');
      if (config.term === '' || config.term === 'dumb')
        return skip('a dumb terminal does not tell');
      const columns = await io.measureWidth(AMBIGUOUS);
      if (columns === null) return skip('the terminal does not tell where its cursor is');
      if (columns === 1) return pass('one column each');
      return columns === 2
        ? warn('box-drawing signs take two columns: frames would break', 'export PETPRO_ASCII=yes')
        : warn(`one sign moved the cursor by ${columns}`, 'export PETPRO_ASCII=yes');
    },
  },
];
