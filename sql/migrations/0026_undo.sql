-- Taking a cancel, a no-show or an arrival back, while nothing of it has left the house.

alter table clinics
  -- Refunds and messages of a cancel wait this long, so that an undo is real. 0 = they leave at once.
  add column undo_ms integer not null default 30000,
  add constraint clinics_undo_range check (undo_ms between 0 and 300000);

-- The journal of one operator or owner: what they did last.
create index booking_log_entries_undoable on booking_log_entries (performed_by, created_at)
  where action in ('booking.cancelled', 'booking.arrived', 'booking.status_changed');

-- Keeps the refunds of a cancel at home for the clinic's grace; the event's payload tells fan-out to
-- do the same with its messages. Null where the clinic wants none.
create function begin_grace(p_b bookings) returns timestamptz
language plpgsql
as $$
declare
  v_until timestamptz;
begin
  select now() + c.undo_ms * interval '1 millisecond' into v_until
  from clinics c
  where c.id = p_b.clinic_id and c.undo_ms > 0;
  update refunds f
  set next_attempt_at = v_until
  where f.booking_id = p_b.id and f.created_at = now() and f.status = 'pending'
    and f.attempts = 0 and v_until is not null;
  -- What this statement has freed is not offered to others either (0055).
  if p_b.item_count > 1 then
    perform delay_openings(p_b.reservation_id, v_until);
    return v_until;
  end if;
  update waitlist_openings o
  set not_before = v_until
  where o.slot_id = p_b.slot_id and o.created_at = now() and v_until is not null;
  if not found and v_until is not null then
    -- Nobody waits yet: who comes now waits for the end of the grace too.
    insert into waitlist_openings (slot_id, not_before) values (p_b.slot_id, v_until);
  end if;
  return v_until;
end
$$;

-- The caller will not undo it: refunds and messages of the last change may leave now.
create function end_grace(p_booking_id uuid) returns void
language plpgsql
as $$
declare
  v_event uuid;
begin
  update refunds f
  set next_attempt_at = now()
  where f.booking_id = p_booking_id and f.status = 'pending' and f.attempts = 0
    and f.next_attempt_at > now();
  update booking_events_outbox o
  set payload = case when o.published then o.payload else o.payload - 'not_before' end
  from bookings b
  where b.id = p_booking_id and o.aggregate_id = b.id and o.aggregate_version = b.version
    and o.event_type in ('booking.cancelled', 'booking.status_changed')
  returning o.id into v_event;
  update deliveries d
  set next_attempt_at = now()
  where d.event_id = v_event and d.status = 'pending' and d.attempts = 0;
  update waitlist_openings o
  set not_before = now()
  from booked_places b
  where b.booking_id = p_booking_id and o.slot_id = b.slot_id and o.not_before > now();
end
$$;

-- One change undone is one more change: a version, a log entry and an event of its own. problem says
-- what stands in the way: nothing_to_undo | undo_too_late (a day) | undo_not_yours | already_told |
-- refund_under_way | slot_gone | owner_busy.
create function undo_booking(
  p_booking_id uuid, p_expected_version integer, p_actor jsonb,
  out outcome text, out problem text, out undone text, out status text, out version integer
)
language plpgsql
set petpro.writer = 'app'
as $$
#variable_conflict use_column
declare
  v_b bookings;
  v_new bookings;
  v_entry booking_log_entries;
  v_event booking_events_outbox;
  -- The event whose message tells of this one: its own, but for visits of a series (0064).
  v_told_id uuid;
  v_slot slots;
  v_seats integer[];
  v_place record;
begin
  -- As reschedule_booking: the reservation first, and not for the whole of it. Nor the booking: the
  -- relay's notifications look at it while they hold the event that is locked below.
  perform
  from reservations r
  where r.id = (select b.reservation_id from bookings b where b.id = p_booking_id)
  for no key update;
  select * into v_b from bookings b where b.id = p_booking_id for no key update;
  if not found or is_hidden(p_actor, v_b.user_id, v_b.clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  status := v_b.status;
  version := v_b.version;
  if p_expected_version is not null and p_expected_version <> v_b.version then
    outcome := 'conflict';
    return;
  end if;
  select e.* into v_entry
  from booking_logs l
  join booking_log_entries e on e.log_id = l.id and e.booking_version = v_b.version
  where l.booking_id = v_b.id;
  undone := case
    when v_entry.action = 'booking.cancelled' then 'cancelled'
    when v_entry.action = 'booking.arrived' then 'arrived'
    when v_entry.action = 'booking.status_changed' and v_b.status = 'no-show' then 'no-show'
  end;
  outcome := 'policy_refused';
  problem := case
    when undone is null or v_entry.new_state ->> 'undone' is not null then 'nothing_to_undo'
    when v_entry.created_at < now() - interval '24 hours' then 'undo_too_late'
    when p_actor ->> 'kind' = 'customer'
      and v_entry.performed_by is distinct from actor_id(p_actor) then 'undo_not_yours'
  end;
  if problem is not null then return; end if;

  -- The relay holds this row while it publishes: from here on it has, or it will see the mark.
  select * into v_event
  from booking_events_outbox o
  where o.aggregate_id = v_b.id and o.aggregate_version = v_b.version
  for update;
  v_told_id := v_event.id;
  if v_event.payload ? 'told_by' then
    select o.id into v_told_id
    from booking_events_outbox o
    where o.aggregate_id = (v_event.payload ->> 'told_by')::uuid
      and o.event_type = v_event.event_type
      and o.created_at = v_event.created_at
    for update;
  end if;
  -- Dispatcher and refunder lease rows before they work: a row that we lock is not under way.
  perform from deliveries d where d.event_id = v_told_id for update;
  perform from payments p where p.booking_id = v_b.id order by p.paid_at, p.id for no key update;
  perform from refunds f
  where f.booking_id = v_b.id and f.created_at = v_b.cancelled_at
  for no key update;
  problem := case
    when exists (
      select from deliveries d
      where d.event_id = v_told_id and (d.status <> 'pending' or d.attempts > 0)
    ) then 'already_told'
    when undone = 'cancelled' and exists (
      select from refunds f
      where f.booking_id = v_b.id and f.created_at = v_b.cancelled_at
        and (f.status <> 'pending' or f.attempts > 0)
    ) then 'refund_under_way'
  end;
  if problem is not null then return; end if;

  if undone = 'cancelled' then
    perform pg_advisory_xact_lock(hashtextextended(v_b.user_id::text, 1));
    if exists (
      select from slot_claims c
      where c.user_id = v_b.user_id
        and c.ends_at > v_b.booking_time
        and c.starts_at < coalesce(
          v_b.ends_at, (select sl.ends_at from slots sl where sl.id = v_b.slot_id)
        )
        and (c.expires_at is null or c.expires_at > now())
    ) then
      problem := 'owner_busy';
      return;
    end if;
    perform from slots sl where sl.id = v_b.slot_id and sl.capacity > 1 for update;
    select * into v_slot from slots sl where sl.id = v_b.slot_id;
    select r.seats into v_seats from reservations r where r.id = v_b.reservation_id;
    if v_b.item_count > 1 then
      select retake_items(r, null) into v_seats from reservations r where r.id = v_b.reservation_id;
      if v_seats is null then
        problem := 'slot_gone';
        return;
      end if;
      update reservations r set seats = v_seats where r.id = v_b.reservation_id;
    else
      if v_slot.status = 'blocked' then
        problem := 'slot_gone';
        return;
      end if;
      select c.* into v_place from claim_for_move(v_b, v_slot, v_seats) c;
      if v_place.outcome <> 'ok' then
        problem := 'slot_gone';
        return;
      end if;
      update reservations r set seats = v_place.seats where r.id = v_b.reservation_id;
    end if;
    delete from refunds f where f.booking_id = v_b.id and f.created_at = v_b.cancelled_at;
    update payments p
    set refund_status = refund_status_of(p.id),
      version = p.version + 1,
      updated_at = now()
    where p.booking_id = v_b.id and p.status = 'success' and p.refund_status is not null;
  end if;
  -- A message about several visits stays: it tells of those that are true when it leaves.
  if not v_event.payload ? 'tells' then
    delete from deliveries d where d.event_id = v_event.id;
    delete from notifications n where n.event_id = v_event.id;
  end if;
  if undone = 'cancelled' then
    -- What was dropped because of the cancel is true again: a confirmation that had not left yet, and
    -- its tickets. A dropped row's next_attempt_at is the moment of its end.
    with again as (
      update deliveries d
      set status = 'pending', next_attempt_at = now(), due_at = now(), last_error = null,
        error_code = null
      where d.booking_id = v_b.id and d.event_id is not null and d.status = 'dropped'
        and d.error_code = 'outdated' and d.next_attempt_at >= v_b.cancelled_at
      returning d.event_id, d.user_id
    )
    update notifications n
    set delivery_status = 'pending'
    from again a
    where n.event_id = a.event_id and n.user_id = a.user_id and n.delivery_status = 'none';
  end if;
  update booking_events_outbox o
  set payload = o.payload || '{"undone": true}'
  where o.id = v_event.id and not o.published;

  update bookings b
  set status = 'confirmed',
    cancellation_reason = null,
    cancelled_by = null,
    cancelled_at = null,
    refund_percent = null,
    arrived_at = case when undo_booking.undone = 'arrived' then null else b.arrived_at end,
    version = b.version + 1,
    updated_at = now()
  where b.id = v_b.id
  returning b.* into v_new;
  if undone <> 'arrived' then perform plan_reminders(v_new); end if;
  perform log_booking(
    v_b.id, v_new.version, 'booking.undone', v_new.status,
    jsonb_build_object('status', v_b.status, 'arrived_at', v_b.arrived_at),
    jsonb_build_object('status', v_new.status, 'arrived_at', v_new.arrived_at, 'undone', undone),
    null, p_actor
  );
  perform emit_event(
    'booking.status_changed', 'booking', v_b.id, v_new.version, v_b.clinic_id,
    p_actor ->> 'request_id',
    booking_payload(v_new) || jsonb_build_object(
      'previous_status', case when undone = 'arrived' then undone else v_b.status end,
      'new_status', v_new.status, 'changed_at', now(), 'undone', undone
    )
  );
  if undone = 'cancelled' and v_b.item_count > 1 then
    perform count_items(v_b.reservation_id, 1);
  elsif undone = 'cancelled' then
    update slots sl
    set booked_count = sl.booked_count + v_b.quantity,
      status = case
        when sl.booked_count + v_b.quantity >= sl.capacity then 'booked' else 'available'
      end,
      version = sl.version + 1,
      updated_at = now()
    where sl.id = v_b.slot_id;
  end if;
  outcome := 'ok';
  status := v_new.status;
  version := v_new.version;
end
$$;

-- What this operator or owner did last and can still take back, as far as the rows tell: newest first.
create function undoable_bookings(p_by uuid, p_limit integer)
returns table (
  booking_id uuid, reference_code text, clinic_id uuid, time_zone text, action text,
  at timestamptz, leaves_at timestamptz, version integer
)
language sql stable
as $$
  select b.id, b.reference_code, b.clinic_id, c.time_zone,
    case
      when e.action = 'booking.cancelled' then 'cancelled'
      when e.action = 'booking.arrived' then 'arrived'
      else 'no-show'
    end,
    e.created_at, (o.payload ->> 'not_before')::timestamptz, b.version
  from booking_log_entries e
  join booking_logs l on l.id = e.log_id
  join bookings b on b.id = l.booking_id and b.version = e.booking_version
  join clinics c on c.id = b.clinic_id
  left join booking_events_outbox o
    on o.aggregate_id = b.id and o.aggregate_version = b.version
  where e.performed_by = p_by
    and e.action in ('booking.cancelled', 'booking.arrived', 'booking.status_changed')
    and (e.action <> 'booking.status_changed' or e.status = 'no-show')
    and e.created_at > now() - interval '24 hours'
    and not exists (
      select from deliveries d
      where (
          d.event_id = o.id
          or o.payload ? 'told_by' and d.event_id = (
            select l.id
            from booking_events_outbox l
            where l.aggregate_id = (o.payload ->> 'told_by')::uuid
              and l.event_type = o.event_type and l.created_at = o.created_at
          )
        )
        and (d.status <> 'pending' or d.attempts > 0)
    )
    and not exists (
      select from refunds f
      where f.booking_id = b.id and f.created_at = b.cancelled_at
        and (f.status <> 'pending' or f.attempts > 0)
    )
  order by e.created_at desc
  limit p_limit
$$;
