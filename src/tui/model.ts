import type { DeskMove } from '../domain/booking.ts';
import type { Json, ProblemCode } from '../domain/errors.ts';
import type { EventType, FeedFrame, PresenceCount } from '../domain/events.ts';
import type { Role } from '../domain/roles.ts';
import type { Output } from '../domain/shapes.ts';
import type { Draft, PayChoice } from './draft.ts';
import type { Remap } from './keys-remap.ts';
import type { DeskEffect, DeskOverlay, DeskResult, Redo } from './model-desk.ts';
import type { FindBox, FindEffect, FindResult } from './model-find.ts';
import type { HealthEffect, HealthOverlay, HealthResult, HealthState } from './model-health.ts';
import type { JobsEffect, JobsOverlay, JobsResult, JobsState, TailState } from './model-jobs.ts';
import type { Due, LifeEffect, LifeOverlay, LifeResult, Target, Undo } from './model-life.ts';
import type { MoneyEffect, MoneyOverlay, MoneyResult, MoneyState } from './model-money.ts';
import type {
  Call,
  OfflineEffect,
  OfflineOverlay,
  OfflineResult,
  OfflineState,
} from './model-offline.ts';
import type { LoadState, LocksState, OpsEffect, OpsOverlay, OpsResult } from './model-ops.ts';
import type { WaitlistBox, WaitlistEffect, WaitlistResult } from './model-waitlist.ts';
import type { BoardRow } from './rows.ts';
import type { ThemeName } from './theme.ts';

/** What the console knows, what can happen to it, and what it can ask for: three unions, all plain data. */

export type Lang = 'en' | 'ja' | 'id';
export type Glyphs = 'ascii' | 'utf';
export type Day = Output<'get_day'>;
export type Booking = Output<'get_booking'>;
export type Owner = Output<'search_owners'>['items'][number];
export type Slot = Output<'list_slots'>['items'][number];
export type ClinicDetail = Output<'get_clinic'>;

export type Session = {
  readonly clinic_id: string;
  readonly lang: Lang;
  readonly role: Role;
  readonly name: string;
  readonly env: string;
  readonly is_protected?: boolean;
  readonly glyphs: Glyphs;
  readonly theme: ThemeName;
  /** Where this person's keys differ from the table. */
  readonly keys: Remap;
  readonly read_only: boolean;
  /** Load tests can be run from here. */
  readonly has_load: boolean;
  /** The day sheet is printed once a day when the clinic opens. */
  readonly prints_at_opening?: boolean;
  /** Who can sit down here without typing a token. */
  readonly users: readonly string[];
  /** Random per start; makes idempotency keys unique without randomness in the reducer. */
  readonly nonce: string;
};

/** `slow` and `stale`: the socket is open but its heartbeat is late. `offline`: closed, retrying. */
export type LinkStatus = 'connecting' | 'live' | 'slow' | 'stale' | 'offline';
export type Link = {
  readonly status: LinkStatus;
  /** What the socket alone says; `status` is worse when requests fail. */
  readonly feed: LinkStatus;
  readonly since_ms: number;
  readonly retry_at_ms: number | null;
  /** How long the last snapshot took; the only figure behind LIVE, so that an idle screen stays still. */
  readonly took_ms: number | null;
  readonly data_ms: number | null;
};

export type Problem = {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly facts: Readonly<Record<string, Json>>;
};

export type Tone = 'ok' | 'info' | 'warn' | 'error';
export type Message = { readonly tone: Tone; readonly text: string; readonly at_ms: number };

/** One line of typed text; `at` counts UTF-16 units and always stands between graphemes. */
export type Field = { readonly text: string; readonly at: number };

export type ConfirmBox =
  | {
      readonly screen: 'confirm';
      readonly kind: 'cancel';
      readonly row: BoardRow;
      readonly by: 'owner' | 'clinic';
      readonly quote: Output<'cancel_booking'> | null;
      /** What was paid so far; null until it is known. */
      readonly due: Due | null;
      /** Keys before this instant are dropped: they were typed for the screen below. */
      readonly guard_until_ms: number;
    }
  | {
      readonly screen: 'confirm';
      /** `quit` loses a draft, `quit_load` ends a load run, `stop_load` only that. */
      readonly kind: 'quit' | 'quit_load' | 'stop_load';
      readonly guard_until_ms: number;
    };
export type ListBox = {
  readonly screen: 'help' | 'palette';
  readonly field: Field;
  readonly index: number;
  /** What was open when it was opened: Esc goes back there. */
  readonly below: Overlay | null;
};
export type DetailBox = { readonly screen: 'detail'; readonly top: number };
export type BookBox = { readonly screen: 'book' };
export type FilterBox = {
  readonly screen: 'filter';
  readonly field: Field;
};
export type Overlay =
  | FindBox
  | ConfirmBox
  | ListBox
  | DetailBox
  | BookBox
  | FilterBox
  | LifeOverlay
  | MoneyOverlay
  | WaitlistBox
  | DeskOverlay
  | OfflineOverlay
  | JobsOverlay
  | HealthOverlay
  | OpsOverlay;
/** What lies under the dialogs, in the order of their numbers. */
export const places = ['board', 'money', 'locks', 'jobs', 'health', 'load', 'events'] as const;
export type Place = (typeof places)[number];
export type ScreenName = Place | Overlay['screen'];

export type Reload = {
  readonly wanted: boolean;
  readonly in_flight: boolean;
  readonly not_before_ms: number;
  readonly failures: number;
  readonly seq: number;
};

export type State = {
  readonly session: Session;
  readonly columns: number;
  readonly rows: number;
  readonly now_ms: number;
  /** Server clock minus ours; countdowns and `!` follow the database's clock. */
  readonly offset_ms: number;
  readonly link: Link;
  /** Who looks at the board of this clinic; null = the feed has not said. */
  readonly presence: PresenceCount | null;
  readonly clinic: ClinicDetail | null;
  /** Null: whatever today is at the clinic. */
  readonly date: string | null;
  readonly day: Day | null;
  readonly board: readonly BoardRow[];
  /** Server time at which a letter or a row next changes by itself. */
  readonly board_due_ms: number;
  readonly show_open: boolean;
  readonly filter: string;
  readonly cursor_id: string | null;
  readonly top: number;
  /** Row id -> until when its `*` shows. */
  readonly marks: ReadonlyMap<string, number>;
  /** Booking ids that this console changed last, with the version that it made. */
  readonly mine: ReadonlyMap<string, number>;
  /** The last event per booking or hold, to say who was faster. */
  readonly heard: ReadonlyMap<string, { readonly event_type: EventType; readonly at_ms: number }>;
  readonly waiting: Day | null;
  readonly reload: Reload;
  readonly last_key_ms: number;
  readonly busy: ReadonlySet<string>;
  readonly message: Message | null;
  readonly overlay: Overlay | null;
  readonly draft: Draft | null;
  readonly detail: { readonly booking_id: string; readonly booking: Booking | null } | null;
  readonly detail_due_ms: number | null;
  /** Jump here once the wanted day is on screen. */
  readonly go_to: string | null;
  readonly counter: number;
  readonly place: Place;
  /** What one key takes back, while it still can. */
  readonly undo: Undo | null;
  /** What was taken back last. */
  readonly redo: Redo | null;
  /** Row ids that Space has marked. */
  readonly marked: ReadonlySet<string>;
  /** A line for each row, or a column for each vet; and the vet that the cursor is in. */
  readonly board_view: 'list' | 'vets';
  readonly vet: string | null;
  readonly money: MoneyState;
  readonly locks: LocksState;
  readonly jobs: JobsState;
  readonly health: HealthState;
  readonly load: LoadState;
  readonly tail: TailState;
  readonly offline: OfflineState;
  /** Who rang while a dialog was open, the last one last. */
  readonly calls: readonly Call[];
};

export type Result =
  | FindResult
  | HealthResult
  | OpsResult
  | LifeResult
  | MoneyResult
  | WaitlistResult
  | DeskResult
  | OfflineResult
  | JobsResult
  | { readonly type: 'day'; readonly seq: number; readonly day: Day; readonly took_ms: number }
  | { readonly type: 'clinic'; readonly clinic: ClinicDetail }
  | {
      readonly type: 'booking';
      readonly why: 'detail' | 'conflict';
      readonly booking: Booking;
    }
  | {
      readonly type: 'moved';
      readonly was: string;
      readonly booking: Output<'set_booking_status'>;
    }
  | { readonly type: 'quoted'; readonly quote: Output<'cancel_booking'>; readonly by: string }
  | { readonly type: 'cancelled'; readonly result: Output<'cancel_booking'> }
  | {
      readonly type: 'owners';
      readonly query: string;
      readonly owners: readonly Owner[];
    }
  | { readonly type: 'owner_created'; readonly owner: Owner }
  | { readonly type: 'slots'; readonly key: string; readonly slots: readonly Slot[] }
  | {
      readonly type: 'held';
      readonly hold_key: string;
      readonly hold: Output<'create_reservation'>;
    }
  | { readonly type: 'extended'; readonly reservation_id: string; readonly expires_at: string }
  | { readonly type: 'released'; readonly reservation_id: string }
  | {
      readonly type: 'booked';
      readonly reference_code: string;
      readonly booking_id: string | null;
      readonly payment_url: string | null;
    }
  | { readonly type: 'copied'; readonly text: string };

export type Input =
  | { readonly type: 'start' }
  | { readonly type: 'key'; readonly key: string }
  | { readonly type: 'paste'; readonly text: string }
  | { readonly type: 'resize'; readonly columns: number; readonly rows: number }
  | { readonly type: 'tick' }
  | {
      readonly type: 'link';
      readonly status: LinkStatus;
      readonly retry_at_ms: number | null;
    }
  | { readonly type: 'frame'; readonly frame: FeedFrame }
  | { readonly type: 'failed'; readonly effect: Effect; readonly problem: Problem };

/** Everything that changes the state; `at_ms` is our clock, in epoch milliseconds. */
export type Event = (Input | Result) & { readonly at_ms: number };

export type Effect =
  | {
      readonly type: 'load_day';
      readonly seq: number;
      readonly date: string | null;
    }
  | { readonly type: 'load_clinic' }
  | {
      readonly type: 'load_booking';
      readonly why: 'detail' | 'conflict';
      readonly booking_id: string;
    }
  | {
      readonly type: 'move';
      readonly booking_id: string;
      readonly move: DeskMove;
      readonly was: string;
      readonly expected_version: number;
      readonly key: string;
    }
  | { readonly type: 'quote'; readonly booking_id: string; readonly by: 'owner' | 'clinic' }
  | {
      readonly type: 'cancel';
      /** As it was painted, to tell what has changed when the version has. */
      readonly saw: Target;
      readonly booking_id: string;
      readonly by: 'owner' | 'clinic';
      readonly expected_version: number;
      readonly key: string;
    }
  | { readonly type: 'search'; readonly query: string }
  | {
      readonly type: 'create_owner';
      readonly full_name: string;
      readonly phone: string;
      readonly pet_name: string;
      readonly key: string;
    }
  | {
      readonly type: 'list_slots';
      readonly key: string;
      readonly service_id: string;
      readonly date: string;
      readonly staff_id: string | null;
    }
  | {
      readonly type: 'hold';
      readonly key: string;
      /** Which choice this hold is for; an answer for an older choice is given back. */
      readonly hold_key: string;
      readonly slot: Slot;
      readonly user_id: string;
      readonly pet_id: string;
    }
  | { readonly type: 'extend'; readonly reservation_id: string; readonly key: string }
  | { readonly type: 'release'; readonly reservation_id: string; readonly key: string }
  | {
      readonly type: 'book';
      readonly key: string;
      readonly reservation_id: string;
      readonly slot: Slot;
      readonly user_id: string;
      readonly pet_id: string;
      readonly pay: PayChoice;
      readonly notes: string;
    }
  | { readonly type: 'copy'; readonly text: string }
  | { readonly type: 'follow'; readonly after: number }
  | { readonly type: 'retry_feed' }
  /** Draws every cell again, whatever somebody else wrote over the screen. */
  | { readonly type: 'repaint' }
  | OpsEffect
  | LifeEffect
  | MoneyEffect
  | WaitlistEffect
  | DeskEffect
  | OfflineEffect
  | JobsEffect
  | FindEffect
  | HealthEffect
  | { readonly type: 'quit'; readonly code: number };

/** What one event leads to: the next state, and what is to be done outside. */
export type Step = { readonly state: State; readonly effects: readonly Effect[] };

/** A step that only changes the state. */
export function stay(state: State, ...effects: readonly Effect[]): Step {
  return { state, effects };
}

/** Sets the message line. */
export function say(state: State, tone: Tone, text: string): State {
  return { ...state, message: { tone, text, at_ms: state.now_ms } };
}
