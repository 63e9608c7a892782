/** What the console knows of terminals beyond Ink: clipboard, and putting everything back. */

/** Terminals cut longer OSC 52 texts; a reference or a payment link is far below. */
const COPY_MAX = 4_000;

/** The sequence that puts text on the clipboard of the person's own machine, also over SSH. */
export function copySequence(text: string, in_tmux = false): string {
  const base64 = Buffer.from(text.slice(0, COPY_MAX), 'utf8').toString('base64');
  const plain = `\u001b]52;c;${base64}\u0007`;
  // tmux takes the plain one where `set-clipboard on` stands, and hands the wrapped one to the terminal
  // outside where `allow-passthrough on` does. Nobody minds a text that is copied twice.
  return in_tmux ? `${plain}\u001bPtmux;\u001b${plain}\u001b\\` : plain;
}

/** Empties the screen and goes to its first cell: whatever others wrote over it is gone. */
export const wipe = '\u001b[2J\u001b[H';

const PLAIN = '\u001b[0m\u001b[?25h\u001b[?2004l';
const LEAVE_ALTERNATE = '\u001b[?1049l';

type Output = NodeJS.WritableStream;
type Keyboard = NodeJS.ReadableStream & { readonly setRawMode?: (is_raw: boolean) => unknown };

/**
 * The one way back to a usable terminal, however the console ends: first Ink's own unmount, and when that throws
 * its work by hand. Later calls do nothing.
 */
export function makeRestore(unmount: () => void, stdin: Keyboard, stdout: Output): () => void {
  let is_done = false;
  return () => {
    if (is_done) return;
    is_done = true;
    let sequence = PLAIN;
    try {
      unmount();
    } catch {
      sequence = LEAVE_ALTERNATE + PLAIN;
    }
    try {
      stdin.setRawMode?.(false);
      stdout.write(sequence);
    } catch {
      // The terminal is gone (closed window); there is nothing left to put back.
    }
  };
}
