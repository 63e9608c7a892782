-- People who wait for a slot, and offers to them. An offer is a real hold, made by hold_slot like any
-- other: whoever is faster wins by the judge, and loses without a trace. Lock order: slot (advisory),
-- owner (advisory, as hold_slot), reservation, entry, claims.

alter table clinics
  -- How long an offer stands; never beyond half of the time that is left before the visit.
  add column waitlist_offer_ms integer not null default 1800000,
  -- Nothing is offered that begins sooner: people have to be able to come.
  add column waitlist_notice_ms integer not null default 7200000,
  -- An entry leaves after so many offers that nobody answered. 1 = after the first.
  add column waitlist_misses integer not null default 3,
  add constraint clinics_waitlist_offer_range check (waitlist_offer_ms between 300000 and 86400000),
  add constraint clinics_waitlist_notice_range check (
    waitlist_notice_ms between 600000 and 604800000
  ),
  add constraint clinics_waitlist_misses_range check (waitlist_misses between 1 and 100);

create or replace function booking_rules_json(p_c clinics) returns jsonb
language sql stable
as $$
  select jsonb_build_object(
    'hold_ms', p_c.hold_ms, 'undo_ms', p_c.undo_ms, 'approval_ms', p_c.approval_ms,
    'check_in_hours', p_c.check_in_hours, 'cancellation_policy', p_c.cancellation_policy,
    'waitlist_offer_ms', p_c.waitlist_offer_ms, 'waitlist_notice_ms', p_c.waitlist_notice_ms,
    'waitlist_misses', p_c.waitlist_misses
  )
$$;

-- wanted_from (included) to wanted_to (not included) bound the days, the weekdays and local times the
-- hours at which a visit may begin. waiting -> offered -> taken, or back to waiting; declined and left
-- are final, left_reason says why.
alter table waitlist_entries
  add column staff_id uuid references staff (id),
  add column weekdays smallint[] not null default '{1,2,3,4,5,6,7}',
  add column from_time time not null default '00:00',
  add column to_time time not null default '24:00',
  -- Higher is served first; then who came first.
  add column priority integer not null default 0,
  -- Price tiers and the seats of each, as hold_slot takes them; null = the default.
  add column items jsonb,
  add column misses integer not null default 0,
  add column left_reason text,
  -- When open slots are looked through for this entry next: at once, and as a backstop.
  add column look_at timestamptz not null default now(),
  add column source text,
  add column version integer not null default 1,
  add constraint waitlist_time_order check (to_time > from_time),
  add constraint waitlist_priority_range check (priority between 0 and 9),
  add constraint waitlist_quantity_range check (quantity between 1 and 50);

drop index waitlist_waiting;
create index waitlist_waiting on waitlist_entries (service_id, priority desc, created_at, id)
  where status = 'waiting';
create index waitlist_waiting_clinic on waitlist_entries (clinic_id) where status = 'waiting';
create index waitlist_look on waitlist_entries (look_at) where status = 'waiting';
create index waitlist_user on waitlist_entries (user_id, created_at);
create index waitlist_clinic on waitlist_entries (clinic_id, created_at, id);

create table waitlist_offers (
  id uuid primary key default gen_random_uuid(),
  entry_id uuid not null references waitlist_entries (id),
  slot_id uuid not null,
  reservation_id uuid not null,
  -- Whoever has the link of the mail may answer for the owner: random, told to nobody else.
  token uuid not null default gen_random_uuid(),
  -- The operator who offered by hand; null = whoever was next.
  offered_by uuid,
  offered_at timestamptz not null default now(),
  accepted_at timestamptz,
  ended_at timestamptz,
  ended_as text,
  constraint waitlist_offers_reservation_unique unique (reservation_id),
  constraint waitlist_offers_token_unique unique (token),
  constraint waitlist_offers_ended check ((ended_at is null) = (ended_as is null)),
  constraint waitlist_offers_ended_known check (
    ended_as in ('taken', 'declined', 'expired', 'withdrawn')
  )
);

-- The guard: one live offer per entry. One per seat is slot_claims' own.
create unique index waitlist_offers_live on waitlist_offers (entry_id) where ended_at is null;
create index waitlist_offers_entry on waitlist_offers (entry_id, slot_id);

-- Who was passed over for which slot, and why: the newest reason.
create table waitlist_skips (
  entry_id uuid not null references waitlist_entries (id),
  slot_id uuid not null,
  reason text not null,
  times integer not null default 1,
  first_at timestamptz not null default now(),
  last_at timestamptz not null default now(),
  constraint waitlist_skips_pkey primary key (entry_id, slot_id),
  constraint waitlist_skips_reason_known check (
    reason in ('too_close', 'owner_gone', 'pet_gone', 'opted_out', 'no_address', 'too_few_seats',
      'owner_busy', 'price_rule')
  )
);

-- Places that became free while somebody waited: written by the statement that freed them, one row
-- each, because an upsert would make those who free seats of one slot wait for each other.
create table waitlist_openings (
  id bigint generated always as identity primary key,
  slot_id uuid not null,
  -- A cancel that may still be undone is not given away.
  not_before timestamptz not null default now(),
  leased_until timestamptz,
  created_at timestamptz not null default now()
);

create index waitlist_openings_due on waitlist_openings (not_before);
create index waitlist_openings_slot on waitlist_openings (slot_id);

-- The entry that a hold was made for.
alter table reservations add column waitlist_entry_id uuid;

-- Remembers that something of this slot, its vet or its room is free again. Costs one look at a small
-- index where nobody waits.
create function notice_opening(p_slot_id uuid, p_clinic_id uuid) returns void
language sql
as $$
  insert into waitlist_openings (slot_id)
  select p_slot_id
  where exists (
    select from waitlist_entries w where w.clinic_id = p_clinic_id and w.status = 'waiting'
  )
$$;

create function notice_slot() returns trigger
language plpgsql
as $$
begin
  perform notice_opening(new.id, new.clinic_id);
  return null;
end
$$;

-- Opened again, or more seats.
create trigger slots_opened
after update of status, capacity on slots
for each row
when (old.status = 'blocked' and new.status <> 'blocked' or new.capacity > old.capacity)
execute function notice_slot();

create function notice_slots() returns trigger
language plpgsql
as $$
begin
  insert into waitlist_openings (slot_id)
  select n.id
  from new_slots n
  where n.starts_at > now() and n.status <> 'blocked'
    and exists (
      select from waitlist_entries w
      where w.service_id = n.service_id and w.status = 'waiting'
        and n.starts_at >= w.wanted_from and n.starts_at < w.wanted_to
    );
  return null;
end
$$;

-- New times on sale.
create trigger slots_added
after insert on slots
referencing new table as new_slots
for each statement execute function notice_slots();

create function waitlist_payload(p_w waitlist_entries) returns jsonb
language sql stable
as $$
  select jsonb_build_object(
    'entry_id', p_w.id,
    'user_id', p_w.user_id,
    'pet_id', p_w.pet_id,
    'clinic_id', p_w.clinic_id,
    'service_id', p_w.service_id,
    'quantity', p_w.quantity,
    'status', p_w.status,
    'left_reason', p_w.left_reason,
    'version', p_w.version
  )
$$;

-- After every change of an entry but an offer, which has an event of its own.
create function tell_waitlist(p_w waitlist_entries, p_request_id text) returns void
language sql
as $$
  select emit_event(
    'waitlist.changed', 'waitlist', p_w.id, p_w.version, p_w.clinic_id, p_request_id,
    waitlist_payload(p_w)
  )
$$;

-- The hold of an offer has ended or become a booking: in the same statement the entry follows.
create function settle_offer() returns trigger
language plpgsql
as $$
declare
  v_ended_as text := case
    when new.status = 'confirmed' then 'taken'
    when new.status = 'expired' then 'expired'
    when coalesce(new.cancellation_reason, 'waitlist_declined') = 'waitlist_declined'
      then 'declined'
    -- By the clinic, or because no payment page could be opened.
    else 'withdrawn'
  end;
  v_w waitlist_entries;
begin
  update waitlist_offers o
  set ended_at = now(), ended_as = v_ended_as
  where o.reservation_id = new.id;
  update waitlist_entries w
  set status = case
      when v_ended_as = 'taken' then 'taken'
      when v_ended_as = 'expired' and w.misses + 1 >= c.waitlist_misses then 'left'
      else 'waiting'
    end,
    left_reason = case
      when v_ended_as = 'expired' and w.misses + 1 >= c.waitlist_misses then 'no_answer'
    end,
    misses = w.misses + case when v_ended_as = 'expired' then 1 else 0 end,
    -- Other slots may have become free while this one was offered.
    look_at = now(),
    version = w.version + 1,
    updated_at = now()
  from clinics c
  where w.id = new.waitlist_entry_id
    and c.id = w.clinic_id
    and (
      w.status = 'offered' and w.offered_reservation_id = new.id
      -- Paid after the hold had ended, and there was room.
      or v_ended_as = 'taken' and w.status <> 'offered' and w.status <> 'taken'
    )
  returning w.* into v_w;
  if found then perform tell_waitlist(v_w, new.correlation_id); end if;
  return null;
end
$$;

create trigger reservations_settle_offer
after update of status on reservations
for each row
when (new.waitlist_entry_id is not null and old.status is distinct from new.status)
execute function settle_offer();

-- Puts an owner on the list. rule: window_over | too_many_seats | already_waiting | too_many_entries |
-- priority_not_yours. outcome: ok | not_found | service_unavailable | policy_refused | conflict.
create function join_waitlist(
  p_id uuid, p_service_id uuid, p_user_id uuid, p_pet_id uuid, p_staff_id uuid,
  p_from timestamptz, p_to timestamptz, p_weekdays smallint[], p_from_time time, p_to_time time,
  p_quantity integer, p_items jsonb, p_priority integer, p_actor jsonb,
  out outcome text, out rule text, out entry_id uuid
)
language plpgsql
as $$
#variable_conflict use_column
declare
  v_sv services;
  v_w waitlist_entries;
begin
  select sv.* into v_sv
  from services sv
  join clinics c on c.id = sv.clinic_id
  where sv.id = p_service_id
    and (
      exists (select from pets p where p.id = p_pet_id and p.user_id = p_user_id)
      -- As for a hold: only a clinic has to know whom it treats (0069).
      or p_pet_id is null and c.kind <> 'clinic'
        and exists (select from users u where u.id = p_user_id)
    );
  if not found or is_hidden(p_actor, p_user_id, v_sv.clinic_id) or p_staff_id is not null
    and not exists (
      select from staff st where st.id = p_staff_id and st.clinic_id = v_sv.clinic_id
    ) then
    outcome := 'not_found';
    return;
  end if;
  if not v_sv.is_available then
    outcome := 'service_unavailable';
    return;
  end if;
  perform pg_advisory_xact_lock(hashtextextended(p_user_id::text, 1));
  select w.id into entry_id
  from waitlist_entries w
  where w.user_id = p_user_id and w.pet_id is not distinct from p_pet_id
    and w.service_id = p_service_id
    and w.status in ('waiting', 'offered')
    and w.wanted_from < p_to and w.wanted_to > p_from
    and w.weekdays && p_weekdays
    and w.from_time < p_to_time and w.to_time > p_from_time
    and (w.staff_id is null or p_staff_id is null or w.staff_id = p_staff_id)
  limit 1;
  rule := case
    when p_to <= now() then 'window_over'
    when p_actor ->> 'kind' = 'customer' and p_priority <> 0 then 'priority_not_yours'
    when p_quantity > v_sv.capacity and not exists (
      select from slots sl
      where sl.service_id = p_service_id and sl.starts_at >= greatest(p_from, now())
        and sl.starts_at < p_to and sl.capacity >= p_quantity
    ) then 'too_many_seats'
    when entry_id is not null then 'already_waiting'
    when (
      select count(*)
      from waitlist_entries w
      where w.user_id = p_user_id and w.clinic_id = v_sv.clinic_id
        and w.status in ('waiting', 'offered')
    ) >= 10 then 'too_many_entries'
  end;
  if rule is not null then
    outcome := case when rule = 'already_waiting' then 'conflict' else 'policy_refused' end;
    return;
  end if;
  insert into waitlist_entries (
    id, clinic_id, service_id, user_id, pet_id, staff_id, wanted_from, wanted_to, weekdays,
    from_time, to_time, quantity, items, priority, source
  )
  values (
    p_id, v_sv.clinic_id, p_service_id, p_user_id, p_pet_id, p_staff_id, p_from, p_to, p_weekdays,
    p_from_time, p_to_time, p_quantity, p_items, p_priority, p_actor ->> 'source'
  )
  returning * into v_w;
  perform tell_waitlist(v_w, p_actor ->> 'request_id');
  perform audit(
    'waitlist.joined', 'waitlist', v_w.id::text, v_w.clinic_id, null, null, waitlist_payload(v_w),
    p_actor
  );
  outcome := 'ok';
  entry_id := v_w.id;
end
$$;

-- Whether a slot lies in what an entry wants; whether it may be offered is waitlist_refusal's say. A
-- slot that was declined or let lapse is not offered again, nor one a third time.
create function fits_waitlist(p_w waitlist_entries, p_slot slots) returns boolean
language sql stable
as $$
  select p_slot.service_id = p_w.service_id
    and (p_w.staff_id is null or p_slot.staff_id = p_w.staff_id)
    and p_slot.starts_at >= p_w.wanted_from
    and p_slot.starts_at < p_w.wanted_to
    and extract(isodow from p_slot.slot_date) = any (p_w.weekdays)
    and p_slot.slot_start_time >= p_w.from_time
    and p_slot.slot_start_time < p_w.to_time
    and not exists (
      select
      from waitlist_offers o
      where o.entry_id = p_w.id and o.slot_id = p_slot.id
      having count(*) >= 2 or bool_or(o.ended_as <> 'withdrawn')
    )
$$;

-- Why this slot, of which so many seats are free, is not offered to this entry; null = it can be.
create function waitlist_refusal(
  p_w waitlist_entries, p_slot slots, p_free integer, p_notice_ms integer
) returns text
language sql stable
as $$
  select case
    when p_slot.starts_at <= now() + p_notice_ms * interval '1 millisecond' then 'too_close'
    when not exists (select from users u where u.id = p_w.user_id and not u.is_erased)
      then 'owner_gone'
    when p_w.pet_id is not null
      and not exists (select from pets p where p.id = p_w.pet_id and p.user_id = p_w.user_id)
      then 'pet_gone'
    when not exists (
      select
      from notification_rules n
      cross join lateral unnest(n.channels) as k (channel)
      join users u on u.id = p_w.user_id
      left join notification_preferences f on f.user_id = u.id and f.channel = k.channel
      where n.event_type = 'waitlist.offered'
        and coalesce(f.enabled, k.channel = 'email')
        and coalesce(
          f.address, case k.channel when 'email' then u.email when 'sms' then u.phone end
        ) is not null
    ) then case
        when exists (
          select from notification_preferences f where f.user_id = p_w.user_id and not f.enabled
        ) then 'opted_out'
        else 'no_address'
      end
    when p_free < p_w.quantity then 'too_few_seats'
    when exists (
      select from slot_claims c
      where c.user_id = p_w.user_id
        and c.ends_at > p_slot.starts_at
        and c.starts_at < p_slot.ends_at
        and (c.expires_at is null or c.expires_at > now())
    ) then 'owner_busy'
  end
$$;

create function note_skip(p_entry_id uuid, p_slot_id uuid, p_reason text) returns void
language sql
as $$
  insert into waitlist_skips (entry_id, slot_id, reason)
  values (p_entry_id, p_slot_id, p_reason)
  on conflict (entry_id, slot_id) do update
  set reason = excluded.reason, times = waitlist_skips.times + 1, last_at = now()
$$;

-- Holds a slot for an entry that waits and tells its owner. The token of the lock begins as the
-- program's own do (lockOwner), so that the doorman knows the owner when they come.
-- outcome: ok | conflict (it does not wait any more) | as hold_slot.
create function make_offer(
  p_entry_id uuid, p_slot_id uuid, p_by uuid, p_actor jsonb,
  out outcome text, out rule text, out reservation_id uuid, out slot_id uuid, out seats integer[],
  out lock_id text, out expires_at timestamptz, out ttl_ms integer,
  out blocking_reservation_id uuid, out blocking_session_id text
)
language plpgsql
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_w waitlist_entries;
  v_h record;
begin
  slot_id := p_slot_id;
  perform pg_advisory_xact_lock(hashtextextended(w.user_id::text, 1))
  from waitlist_entries w
  where w.id = p_entry_id;
  select * into v_w from waitlist_entries w where w.id = p_entry_id for no key update;
  if not found or v_w.status <> 'waiting' then
    outcome := 'conflict';
    return;
  end if;
  reservation_id := gen_random_uuid();
  lock_id := translate(
      left(encode(sha256(v_w.user_id::text::bytea), 'base64'), 16), '+/', '-_'
    ) || '.' || gen_random_uuid();
  select h.* into v_h
  from hold_slot(
    reservation_id, p_slot_id, v_w.user_id, v_w.pet_id, v_w.quantity, null, lock_id, null, p_actor,
    v_w.items
  ) h;
  outcome := v_h.outcome;
  rule := v_h.rule;
  if outcome <> 'ok' then
    blocking_reservation_id := v_h.blocking_reservation_id;
    blocking_session_id := v_h.blocking_session_id;
    return;
  end if;
  seats := v_h.seats;
  select least(
      now() + c.waitlist_offer_ms * interval '1 millisecond', now() + (v_h.starts_at - now()) / 2
    ) into expires_at
  from clinics c
  where c.id = v_w.clinic_id;
  ttl_ms := ceil(extract(epoch from expires_at - now()) * 1000);
  -- Nobody has seen the hold yet: this is how long it was made for, not a change of it.
  update reservations r
  set expires_at = make_offer.expires_at, waitlist_entry_id = v_w.id
  where r.id = reservation_id;
  update slot_claims c
  set expires_at = make_offer.expires_at
  where c.slot_id = p_slot_id and c.seat = any (make_offer.seats)
    and c.reservation_id = make_offer.reservation_id;
  update booking_events_outbox o
  set payload = o.payload || jsonb_build_object('expires_at', make_offer.expires_at)
  where o.aggregate_id = reservation_id;
  insert into waitlist_offers (entry_id, slot_id, reservation_id, offered_by)
  values (v_w.id, p_slot_id, reservation_id, p_by);
  update waitlist_entries w
  set status = 'offered', offered_reservation_id = make_offer.reservation_id, offered_at = now(),
    version = w.version + 1, updated_at = now()
  where w.id = v_w.id
  returning w.* into v_w;
  perform emit_event(
    'waitlist.offered', 'waitlist', v_w.id, v_w.version, v_w.clinic_id, p_actor ->> 'request_id',
    (
      select reservation_payload(r) || jsonb_build_object('entry_id', v_w.id)
      from reservations r
      where r.id = reservation_id
    )
  );
end
$$;

-- Offers a slot to the first of those who fit; the others that were looked at get a reason. One caller
-- per slot at a time: a second one would offer the last seat past whoever the first one is asking.
-- p_tried: entries that this caller has looked at before. outcome: offered | again (call once more,
-- with `tried`) | none (nobody, or nothing is free) | later (it may still be taken back).
create function offer_next(
  p_slot_id uuid, p_tried uuid[], p_actor jsonb,
  out outcome text, out tried uuid[], out entry_id uuid, out reservation_id uuid,
  out seats integer[], out lock_id text, out ttl_ms integer
)
language plpgsql
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_slot slots;
  v_free integer;
  v_notice_ms integer;
  v_w waitlist_entries;
  v_o record;
  v_why text;
  v_seen integer := 0;
begin
  tried := p_tried;
  outcome := 'none';
  perform pg_advisory_xact_lock(hashtextextended(p_slot_id::text, 2));
  select * into v_slot from slots sl where sl.id = p_slot_id;
  select s.remaining into v_free
  from slot_states s
  where s.slot_id = p_slot_id and s.reason is null and s.is_available;
  if not found then return; end if;
  if exists (
    select from waitlist_openings p where p.slot_id = p_slot_id and p.not_before > now()
  ) then
    outcome := 'later';
    return;
  end if;
  select c.waitlist_notice_ms into v_notice_ms from clinics c where c.id = v_slot.clinic_id;
  for v_w in
    select w.*
    from waitlist_entries w
    where w.service_id = v_slot.service_id
      and w.status = 'waiting'
      and w.id <> all (p_tried)
      and fits_waitlist(w, v_slot)
    order by w.priority desc, w.created_at, w.id
    limit 100
  loop
    v_seen := v_seen + 1;
    tried := tried || v_w.id;
    v_why := waitlist_refusal(v_w, v_slot, v_free, v_notice_ms);
    if v_why is null then
      select o.* into v_o from make_offer(v_w.id, p_slot_id, null, p_actor) o;
      if v_o.outcome = 'ok' then
        outcome := 'offered';
        entry_id := v_w.id;
        reservation_id := v_o.reservation_id;
        seats := v_o.seats;
        lock_id := v_o.lock_id;
        ttl_ms := v_o.ttl_ms;
        return;
      end if;
      v_why := case
        when v_o.outcome = 'not_found' then 'pet_gone'
        when v_o.outcome in ('policy_refused', 'invalid_input') and v_o.rule is not null
          then 'price_rule'
        when v_o.outcome in ('policy_refused', 'replayed') then 'owner_busy'
      end;
      -- Offered another slot meanwhile, or somebody else was faster here: the rows tell next time.
      if v_why is null then
        if v_o.outcome = 'conflict' then outcome := 'again'; end if;
        return;
      end if;
      -- This one's locks are not kept while the next one's are waited for.
      perform note_skip(v_w.id, p_slot_id, v_why);
      outcome := 'again';
      return;
    end if;
    perform note_skip(v_w.id, p_slot_id, v_why);
  end loop;
  if v_seen = 100 then outcome := 'again'; end if;
end
$$;

-- By hand, out of turn and whatever the entry wished: the desk has spoken with the owner. Null slot =
-- the first open one that fits. outcome: as make_offer, or no_slot.
create function offer_slot(
  p_entry_id uuid, p_slot_id uuid, p_actor jsonb,
  out outcome text, out rule text, out reservation_id uuid, out slot_id uuid, out seats integer[],
  out lock_id text, out ttl_ms integer, out blocking_reservation_id uuid,
  out blocking_session_id text
)
language plpgsql
as $$
#variable_conflict use_column
declare
  v_w waitlist_entries;
  v_o record;
begin
  select * into v_w from waitlist_entries w where w.id = p_entry_id;
  if not found or is_hidden(p_actor, v_w.user_id, v_w.clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  if v_w.status <> 'waiting' then
    outcome := 'conflict';
    return;
  end if;
  if p_slot_id is null then
    select s.slot_id into slot_id
    from slot_states s
    join slots sl on sl.id = s.slot_id
    where s.service_id = v_w.service_id
      and s.starts_at >= greatest(v_w.wanted_from, now()) and s.starts_at < v_w.wanted_to
      and s.reason is null and s.is_available and s.remaining >= v_w.quantity
      and fits_waitlist(v_w, sl)
    order by s.starts_at, s.slot_id
    limit 1;
  else
    select sl.id into slot_id
    from slots sl
    where sl.id = p_slot_id and sl.service_id = v_w.service_id;
  end if;
  if slot_id is null then
    outcome := case when p_slot_id is null then 'no_slot' else 'not_found' end;
    return;
  end if;
  perform pg_advisory_xact_lock(hashtextextended(slot_id::text, 2));
  select o.* into v_o from make_offer(v_w.id, slot_id, actor_id(p_actor), p_actor) o;
  outcome := v_o.outcome;
  rule := v_o.rule;
  reservation_id := v_o.reservation_id;
  seats := v_o.seats;
  lock_id := v_o.lock_id;
  ttl_ms := v_o.ttl_ms;
  blocking_reservation_id := v_o.blocking_reservation_id;
  blocking_session_id := v_o.blocking_session_id;
  if outcome = 'ok' then
    perform audit(
      'waitlist.offered', 'waitlist', v_w.id::text, v_w.clinic_id, null, null,
      jsonb_build_object('slot_id', slot_id, 'reservation_id', reservation_id), p_actor
    );
  end if;
end
$$;

-- The owner wants it: from now on they have the time that everybody has to pay. Said twice it is said
-- once. outcome: ok | not_found | conflict (nothing is offered) | reservation_expired.
create function accept_offer(
  p_entry_id uuid, p_actor jsonb,
  out outcome text, out reservation_id uuid, out slot_id uuid, out seats integer[],
  out lock_id text, out ttl_ms integer, out repeated boolean
)
language plpgsql
as $$
#variable_conflict use_column
declare
  v_w waitlist_entries;
  v_r reservations;
  v_until timestamptz;
begin
  select * into v_w from waitlist_entries w where w.id = p_entry_id;
  if not found or is_hidden(p_actor, v_w.user_id, v_w.clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  select * into v_r
  from reservations r
  where r.id = v_w.offered_reservation_id
  for no key update;
  select * into v_w from waitlist_entries w where w.id = p_entry_id for no key update;
  reservation_id := v_r.id;
  outcome := case
    when v_r.id is null or v_w.offered_reservation_id is distinct from v_r.id then 'conflict'
    when v_r.status = 'confirmed' then 'ok'
    when v_r.status = 'expired' or v_r.status = 'pending' and v_r.expires_at <= now()
      then 'reservation_expired'
    when v_w.status <> 'offered' then 'conflict'
    else 'ok'
  end;
  if outcome <> 'ok' then return; end if;
  slot_id := v_r.slot_id;
  seats := v_r.seats;
  lock_id := v_r.lock_id;
  update waitlist_offers o
  set accepted_at = now()
  where o.reservation_id = v_r.id and o.accepted_at is null and o.ended_at is null;
  repeated := not found;
  if not repeated then
    select least(now() + c.hold_ms * interval '1 millisecond', sl.starts_at) into v_until
    from clinics c, slots sl
    where c.id = v_r.clinic_id and sl.id = v_r.slot_id;
    perform audit(
      'waitlist.accepted', 'waitlist', v_w.id::text, v_w.clinic_id, null, null,
      jsonb_build_object('reservation_id', v_r.id), p_actor
    );
  end if;
  if v_until > v_r.expires_at then
    update reservations r
    set expires_at = v_until, version = r.version + 1, updated_at = now()
    where r.id = v_r.id
    returning r.* into v_r;
    update slot_claims c
    set expires_at = v_until
    where c.slot_id = v_r.slot_id and c.seat = any (v_r.seats) and c.reservation_id = v_r.id;
    perform log_reservation(
      v_r.id, v_r.version, 'reservation.extended', 'pending', 'pending', 'waitlist_accepted',
      p_actor
    );
    perform emit_event(
      'reservation.extended', 'reservation', v_r.id, v_r.version, v_r.clinic_id,
      p_actor ->> 'request_id', reservation_payload(v_r)
    );
  end if;
  ttl_ms := ceil(extract(epoch from v_r.expires_at - now()) * 1000);
end
$$;

-- p_mode: decline (this offer only; it stays on the list) | refuse (the offer, and the list too) |
-- leave (whether or not something is offered). The place goes to the next.
-- outcome: ok | already_done | not_found | conflict (nothing is offered, or it is booked).
create function end_waitlist(
  p_entry_id uuid, p_mode text, p_reason text, p_actor jsonb,
  out outcome text, out slot_id uuid, out seats integer[], out lock_id text, out session_id text
)
language plpgsql
as $$
#variable_conflict use_column
declare
  v_w waitlist_entries;
  v_old jsonb;
  v_r reservations;
begin
  select * into v_w from waitlist_entries w where w.id = p_entry_id;
  if not found or is_hidden(p_actor, v_w.user_id, v_w.clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  select * into v_r
  from reservations r
  where r.id = v_w.offered_reservation_id and v_w.status = 'offered'
  for no key update;
  select * into v_w from waitlist_entries w where w.id = p_entry_id for no key update;
  outcome := case
    when p_mode = 'leave' and v_w.status in ('left', 'declined') then 'already_done'
    when v_w.status = 'taken' then 'conflict'
    when v_w.status = 'offered' and v_w.offered_reservation_id is distinct from v_r.id
      then 'conflict'
    when v_w.status = 'offered' or p_mode = 'leave' then 'ok'
    else 'conflict'
  end;
  if outcome <> 'ok' then return; end if;
  v_old := waitlist_payload(v_w);
  if v_w.status = 'offered' then
    slot_id := v_r.slot_id;
    seats := v_r.seats;
    lock_id := v_r.lock_id;
    session_id := open_session(v_r.id);
    perform end_reservation(v_r, 'cancelled', 'waitlist_declined', p_actor);
  end if;
  if p_mode <> 'decline' then
    update waitlist_entries w
    set status = case when p_mode = 'refuse' then 'declined' else 'left' end,
      left_reason = coalesce(
        p_reason,
        case when p_actor ->> 'kind' = 'customer' then 'by_owner' else 'by_clinic' end
      ),
      version = w.version + 1,
      updated_at = now()
    where w.id = p_entry_id
    returning w.* into v_w;
    perform tell_waitlist(v_w, p_actor ->> 'request_id');
  else
    select * into v_w from waitlist_entries w where w.id = p_entry_id;
  end if;
  perform audit(
    case when p_mode = 'leave' then 'waitlist.left' else 'waitlist.declined' end, 'waitlist',
    v_w.id::text, v_w.clinic_id, p_reason, v_old, waitlist_payload(v_w), p_actor
  );
end
$$;

-- Leases openings to one worker. A lease that runs out (its holder died) is given again.
create function claim_openings(p_limit integer, p_lease_ms integer)
returns table (opening_id bigint, slot_id uuid)
language sql
as $$
  update waitlist_openings o
  set leased_until = now() + p_lease_ms * interval '1 millisecond'
  where o.id in (
    select w.id
    from waitlist_openings w
    where w.not_before <= now() and (w.leased_until is null or w.leased_until <= now())
    order by w.not_before, w.id
    limit p_limit
    for update skip locked
  )
  returning o.id, o.slot_id
$$;

-- What became free with these slots: they, and those of the same vet or room at that time, as far as
-- somebody waits for their service. Soonest first.
create function slots_freed(p_slot_ids uuid[], p_limit integer) returns setof uuid
language sql stable
as $$
  select sl.id
  from (
    select distinct on (sl.id) sl.id, sl.starts_at
    from slots o
    join (
      select distinct w.clinic_id, w.service_id from waitlist_entries w where w.status = 'waiting'
    ) as wanted on wanted.clinic_id = o.clinic_id
    join slots sl
      on sl.service_id = wanted.service_id
      and sl.starts_at > o.starts_at - interval '1 day'
      and sl.starts_at < o.ends_at
      and sl.ends_at > o.starts_at
      and (sl.id = o.id or sl.staff_id = o.staff_id or sl.room_id = o.room_id)
    where o.id = any (p_slot_ids) and sl.starts_at > now() and sl.status <> 'blocked'
  ) as sl
  order by sl.starts_at, sl.id
  limit p_limit
$$;

-- Open slots for entries that are due to be looked at: new ones, those that are back, and everybody
-- now and then, for what no statement told of (a service that is sold again, a changed preference).
-- Entries whose window is over leave.
create function look_through(p_limit integer) returns table (entry_id uuid, slot_id uuid)
language plpgsql
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_w waitlist_entries;
begin
  for v_w in
    select w.*
    from waitlist_entries w
    where w.status = 'waiting' and w.look_at <= now()
    order by w.look_at
    limit p_limit
    for no key update skip locked
  loop
    if v_w.wanted_to <= now() then
      update waitlist_entries w
      set status = 'left', left_reason = 'window_over', version = w.version + 1, updated_at = now()
      where w.id = v_w.id
      returning w.* into v_w;
      perform tell_waitlist(v_w, null);
      entry_id := v_w.id;
      slot_id := null;
      return next;
      continue;
    end if;
    update waitlist_entries w
    -- Once more soon after a change: what was being freed meanwhile did not see this entry.
    set look_at = now() + case
        when w.updated_at > now() - interval '20 seconds' then interval '30 seconds'
        else interval '10 minutes'
      end
    where w.id = v_w.id;
    entry_id := v_w.id;
    slot_id := null;
    for slot_id in
      select s.slot_id
      from slot_states s
      join slots sl on sl.id = s.slot_id
      where s.service_id = v_w.service_id
        and s.starts_at >= greatest(v_w.wanted_from, now()) and s.starts_at < v_w.wanted_to
        and s.reason is null and s.is_available
        and fits_waitlist(v_w, sl)
      order by s.starts_at, s.slot_id
      limit 3
    loop
      return next;
    end loop;
    if slot_id is null then return next; end if;
  end loop;
end
$$;
