-- Tickets of venues: each seat of a booking admits once.

-- One row per admitted seat. A ticket itself is no row: it is the booking's reference and a seat,
-- signed (src/daemon/paper/ticket-code.ts).
create table ticket_uses (
  booking_id uuid not null references bookings (id),
  seat integer not null,
  used_at timestamptz not null default now(),
  -- The operator's key, and how they asked.
  used_by uuid,
  source text,
  constraint ticket_uses_pkey primary key (booking_id, seat)
);

-- What went out with a message: tickets.
alter table deliveries add column attached text[] not null default '{}';

-- An arrival that is taken back (undo_booking) lets its tickets admit again.
create function forget_ticket_uses() returns trigger
language plpgsql
as $$
begin
  delete from ticket_uses t where t.booking_id = new.id;
  return null;
end
$$;

create trigger bookings_ticket_uses
after update of arrived_at on bookings
for each row
when (old.arrived_at is not null and new.arrived_at is null)
execute function forget_ticket_uses();

-- Admits one seat, or with p_seat null all that were not admitted yet. The booking's lock makes two
-- scans of one ticket follow each other. p_place: the clinic at whose door this happens, null = not
-- said. Doors open when the local day of the event begins, or three hours before the event when
-- that is earlier, but not before the place checks people in; they close when it ends. problem: other_place | booking_final | other_day | event_over |
-- seat_changed | ticket_used | no_tickets.
create function use_tickets(
  p_booking_id uuid, p_seat integer, p_place uuid, p_expected_version integer, p_actor jsonb,
  out outcome text, out problem text, out seats integer[], out used_at timestamptz,
  out seats_left integer, out admits_from timestamptz, out version integer
)
language plpgsql
set petpro.writer = 'app'
as $$
#variable_conflict use_column
declare
  v_old bookings;
  v_b bookings;
  v_slot slots;
  v_zone text;
  v_kind text;
  v_seats integer[];
  v_used integer;
  v_last timestamptz;
  v_new integer[];
begin
  select * into v_old from bookings b where b.id = p_booking_id for no key update;
  if not found then
    outcome := 'not_found';
    return;
  end if;
  version := v_old.version;
  select c.time_zone, c.kind into v_zone, v_kind from clinics c where c.id = v_old.clinic_id;
  select * into v_slot from slots sl where sl.id = v_old.slot_id;
  select r.seats into v_seats from reservations r where r.id = v_old.reservation_id;
  -- A seat counts even when the booking moved since: who was in does not come in again.
  select count(*), max(u.used_at) filter (where u.seat = p_seat), max(u.used_at)
  into v_used, used_at, v_last
  from ticket_uses u
  where u.booking_id = v_old.id;
  seats_left := v_old.quantity - v_used;
  admits_from := greatest(
    check_in_from(v_old),
    least(
      date_trunc('day', v_slot.starts_at at time zone v_zone) at time zone v_zone,
      v_slot.starts_at - interval '3 hours'
    )
  );
  outcome := 'policy_refused';
  if p_expected_version is not null and p_expected_version <> v_old.version then
    outcome := 'conflict';
    return;
  end if;
  problem := case
    when is_hidden(p_actor, v_old.user_id, v_old.clinic_id) or p_place <> v_old.clinic_id
      then 'other_place'
    when v_kind <> 'venue' or v_seats is null then 'no_tickets'
    when v_old.status in ('cancelled', 'completed', 'no-show') then 'booking_final'
    when used_at is not null then 'ticket_used'
    when p_seat <> all (v_seats) then 'seat_changed'
    when now() >= v_slot.ends_at then 'event_over'
    when now() < admits_from then 'other_day'
    when seats_left < 1 then 'ticket_used'
  end;
  if problem is not null then
    used_at := coalesce(used_at, v_last);
    return;
  end if;

  with admitted as (
    insert into ticket_uses (booking_id, seat, used_by, source)
    select v_old.id, s.seat, actor_id(p_actor), p_actor ->> 'source'
    from unnest(v_seats) as s (seat)
    where (p_seat is null or s.seat = p_seat)
      and not exists (
        select from ticket_uses u where u.booking_id = v_old.id and u.seat = s.seat
      )
    order by s.seat
    limit seats_left
    returning seat
  )
  select array_agg(a.seat order by a.seat) into v_new from admitted a;
  if v_new is null then
    problem := 'ticket_used';
    used_at := v_last;
    return;
  end if;
  update bookings b
  set arrived_at = coalesce(b.arrived_at, now()), version = b.version + 1, updated_at = now()
  where b.id = v_old.id
  returning b.* into v_b;
  -- The first admission can be undone as an arrival; a later one is an entry of its own.
  perform log_booking(
    v_b.id, v_b.version,
    case when v_old.arrived_at is null then 'booking.arrived' else 'booking.admitted' end,
    v_b.status,
    jsonb_build_object('status', v_old.status, 'arrived_at', v_old.arrived_at),
    jsonb_build_object('status', v_b.status, 'arrived_at', v_b.arrived_at, 'seats', v_new),
    'seats ' || array_to_string(v_new, ', '), p_actor
  );
  perform emit_event(
    'booking.arrived', 'booking', v_b.id, v_b.version, v_b.clinic_id, p_actor ->> 'request_id',
    booking_payload(v_b) || jsonb_build_object(
      'previous_status', v_old.status, 'new_status', v_b.status, 'changed_at', now(),
      'arrived_at', v_b.arrived_at, 'seats', v_new
    )
  );
  outcome := 'ok';
  seats := v_new;
  seats_left := seats_left - cardinality(v_new);
  used_at := now();
  version := v_b.version;
end
$$;
