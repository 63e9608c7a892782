import { Box, Text, useCursor, useInput, usePaste, useWindowSize } from 'ink';
import { memo, type ReactElement, useEffect, useSyncExternalStore } from 'react';
import type { Console } from './console.ts';
import { keysOf } from './keys-input.ts';
import type { Frame, Line } from './text.ts';
import { styleOf, type ThemeName } from './theme.ts';

/** The thin React side: a frame becomes one Text per line, keys become events. */

/** More at once, with line breaks, was pasted in a terminal that does not mark pastes. */
const TYPED_MAX = 40;

const LineView = memo(function LineView({ line, theme }: { line: Line; theme: ThemeName }) {
  return (
    <Text wrap="truncate">
      {line.map((part, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: spans have no identity, and a line is rebuilt whole
        <Text key={index} {...styleOf(part.tone, theme)}>
          {part.text}
        </Text>
      ))}
    </Text>
  );
});

/** A frame without a terminal behind it; golden tests print this. */
export function FrameView({ frame, theme }: { frame: Frame; theme: ThemeName }): ReactElement {
  return (
    <Box flexDirection="column" flexShrink={0}>
      {frame.lines.map((line, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a line is a place on the screen
        <LineView key={index} line={line} theme={theme} />
      ))}
    </Box>
  );
}

/** The console on a terminal. */
export function App({ console }: { console: Console }): ReactElement {
  const frame = useSyncExternalStore(console.subscribe, console.frame);
  const theme = useSyncExternalStore(console.subscribe, () => console.state().session.theme);
  const { columns, rows } = useWindowSize();
  const { setCursorPosition } = useCursor();
  setCursorPosition(frame.cursor ?? undefined);

  useEffect(() => {
    console.send({ type: 'resize', columns, rows });
  }, [console, columns, rows]);

  useInput((input, key) => {
    if (input.length > TYPED_MAX && /[\r\n]/.test(input)) {
      console.send({ type: 'paste', text: input });
      return;
    }
    for (const name of keysOf(input, key)) console.send({ type: 'key', key: name });
  });
  usePaste((text) => console.send({ type: 'paste', text }));

  return (
    <Box flexDirection="column" width={columns} height={Math.max(1, rows - 1)} overflow="hidden">
      <FrameView frame={frame} theme={theme} />
    </Box>
  );
}
