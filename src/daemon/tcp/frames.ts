import { StringDecoder } from 'node:string_decoder';
import { AppError } from '../../domain/errors.ts';

/**
 * The framing of NestJS's TCP transport: `<length>#<json>`. The length counts UTF-16 units, as
 * JavaScript's `length` does, and not bytes.
 */

/** Digits of a length: a frame of ten million signs is refused before it is read. */
const head_max = 7;

export type FrameReader = {
  /** The frames that are whole by now. Throws when the bytes are no frames. */
  readonly push: (bytes: Buffer) => readonly string[];
  /** True while a frame has begun and not ended. */
  readonly is_inside: () => boolean;
};

/** Reads frames of at most that many UTF-16 units out of a stream of bytes. */
export function createFrameReader(frame_max: number): FrameReader {
  const decoder = new StringDecoder('utf8');
  let text = '';
  let wanted: number | null = null;

  const readHead = (): boolean => {
    const end = text.indexOf('#');
    if (end < 0 && text.length <= head_max) return false;
    const head = end < 0 ? text.slice(0, head_max + 1) : text.slice(0, end);
    if (!/^\d{1,7}$/.test(head)) {
      throw new AppError('invalid_input', 'A frame begins with its length and #.');
    }
    wanted = Number(head);
    if (wanted > frame_max) {
      throw new AppError('payload_too_large', `A frame has ${frame_max} signs at most.`);
    }
    text = text.slice(end + 1);
    return true;
  };

  return {
    push: (bytes) => {
      text += decoder.write(bytes);
      const frames: string[] = [];
      while (wanted !== null || readHead()) {
        if (wanted === null || text.length < wanted) break;
        frames.push(text.slice(0, wanted));
        text = text.slice(wanted);
        wanted = null;
      }
      return frames;
    },
    is_inside: () => wanted !== null || text !== '',
  };
}

/** A frame around JSON text. */
export function frameOf(json: string): string {
  return `${json.length}#${json}`;
}
