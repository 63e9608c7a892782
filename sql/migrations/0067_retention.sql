-- What is of no use any more goes, one bite at a time. docs/history.md, docs/adr/0012-history-stays.md.

create table retention_rules (
  what text primary key,
  -- Walked through from its first block to its last, again and again: no index has to lead to what is
  -- old, and a bite costs the same however much there is.
  table_name text not null,
  -- null = for ever.
  keep_days integer,
  -- Less would take rows that something still looks at: undo, the provider's repeats, the invariants.
  min_days integer not null,
  version integer not null default 1,
  -- Where the round under way goes on, and what it has removed so far.
  next_block bigint not null default 0,
  round_count bigint not null default 0,
  next_at timestamptz not null default now(),
  -- The end of the last whole round, and what it removed.
  rounded_at timestamptz,
  last_count bigint not null default 0,
  total_count bigint not null default 0,
  -- Rows before then may be gone; never moves back, even when more is kept from now on.
  gone_before timestamptz,
  failed_at timestamptz,
  last_error text,
  constraint retention_rules_floor check (keep_days between min_days and 36500),
  constraint retention_rules_min_positive check (min_days > 0)
);

insert into retention_rules (what, table_name, keep_days, min_days)
values
  ('claims', 'slot_claims', 90, 30),
  ('deliveries', 'deliveries', 400, 30),
  ('holds', 'reservations', 180, 30),
  ('notifications', 'notifications', 400, 30),
  -- Longer than any stream is replayed.
  ('platform_events', 'consumed_events', 30, 7),
  -- The provider sends an event again for three days, by hand for thirty.
  ('provider_events', 'webhook_events', 400, 40),
  ('reminders', 'booking_reminders', 400, 30),
  ('replays', 'outbox_replays', 400, 7),
  -- Reports count what was on offer: 366 days and as much again to compare with.
  ('slots', 'slots', null, 800),
  ('waitlist', 'waitlist_entries', 800, 400);

-- Removing a hold would ask this whole table for each, or an index that every hold pays for; without the
-- key a hold is 7 % cheaper instead. As for reservations.slot_id, the invariant `claims` watches.
alter table slot_claims drop constraint slot_claims_reservation_id_fkey;

-- Removing a row asks every table that points at it; without these each question would read it whole.
create index bookings_payment on bookings (payment_id) where payment_id is not null;
create index financial_entries_payment on financial_entries (payment_id);
create index webhook_events_payment on webhook_events (payment_id) where payment_id is not null;
create index refunds_reservation on refunds (reservation_id);
create index waitlist_offered on waitlist_entries (offered_reservation_id)
  where offered_reservation_id is not null;
create index price_tiers_slot on price_tiers (slot_id) where slot_id is not null;
create index booking_items_slot on booking_items (slot_id) where slot_id is not null;

-- prunable_X(before, from, to): where the rows lie, between these places of the table, that rule X
-- removes. One definition for counting and for removing.

-- Holds that came to nothing, with pages that nobody paid on. Never one with money, an authorisation
-- that is not let go, or an offer of the waiting list that is still told of.
create function prunable_holds(p_before timestamptz, p_from tid, p_to tid) returns setof tid
language sql stable
set enable_seqscan = off
as $$
  select r.ctid
  from reservations r
  where r.ctid >= p_from
    and r.ctid < p_to
    and r.status in ('cancelled', 'expired')
    and r.updated_at < p_before
    and not exists (select from bookings b where b.reservation_id = r.id)
    and not exists (
      select from slot_claims c where c.slot_id = r.slot_id and c.reservation_id = r.id
    )
    and not exists (select from refunds f where f.reservation_id = r.id)
    and not exists (select from waitlist_offers o where o.reservation_id = r.id)
    and not exists (select from waitlist_entries w where w.offered_reservation_id = r.id)
    and not exists (
      select from authorisations a where a.reservation_id = r.id and a.status <> 'voided'
    )
    and not exists (
      select
      from payments p
      where p.reservation_id = r.id
        and (
          p.status not in ('pending', 'failed')
          or p.paid_at is not null
          or p.booking_id is not null
          or p.session_id is not null and p.session_closed_at is null
          or p.updated_at >= p_before
          or exists (select from financial_entries e where e.payment_id = p.id)
          or exists (select from refunds f where f.payment_id = p.id)
          or exists (select from disputes d where d.payment_id = p.id)
        )
    )
$$;

create function prune_holds(p_before timestamptz, p_from tid, p_to tid) returns integer
language plpgsql
set enable_seqscan = off
as $$
declare
  v_ids uuid[];
  v_payments uuid[];
begin
  v_ids := array(
    select r.id
    from reservations r
    where r.ctid = any (array(select prunable_holds(p_before, p_from, p_to)))
    -- What somebody has in hand is left for the next round.
    for update skip locked
  );
  if v_ids = '{}' then return 0; end if;
  v_payments := array(select p.id from payments p where p.reservation_id = any (v_ids));
  delete from webhook_events e where e.payment_id = any (v_payments);
  delete from payment_attempts a where a.payment_id = any (v_payments);
  delete from authorisations a where a.payment_id = any (v_payments);
  delete from payments p where p.id = any (v_payments);
  delete from reservation_log_entries l where l.reservation_id = any (v_ids);
  delete from reservations r where r.id = any (v_ids);
  return cardinality(v_ids);
end
$$;

-- Seats of visits that are over guard nothing: the booking says who was there.
create function prunable_claims(p_before timestamptz, p_from tid, p_to tid) returns setof tid
language sql stable
set enable_seqscan = off
as $$
  select c.ctid
  from slot_claims c
  where c.ctid >= p_from
    and c.ctid < p_to
    and c.ends_at < p_before
    and c.expires_at is null
$$;

create function prune_claims(p_before timestamptz, p_from tid, p_to tid) returns integer
language plpgsql
set enable_seqscan = off
as $$
declare
  v_slots uuid[];
begin
  with gone as (
    delete from slot_claims c
    where c.ctid = any (array(select prunable_claims(p_before, p_from, p_to)))
    returning c.slot_id
  )
  select array_agg(g.slot_id) into v_slots from gone g;
  if v_slots is null then return 0; end if;
  delete from staff_claims s
  where s.slot_id = any (v_slots)
    and not exists (select from slot_claims c where c.slot_id = s.slot_id);
  delete from room_claims s
  where s.slot_id = any (v_slots)
    and not exists (select from slot_claims c where c.slot_id = s.slot_id);
  return cardinality(v_slots);
end
$$;

-- Messages whose story has ended, well or not.
create function prunable_deliveries(p_before timestamptz, p_from tid, p_to tid) returns setof tid
language sql stable
set enable_seqscan = off
as $$
  select d.ctid
  from deliveries d
  where d.ctid >= p_from
    and d.ctid < p_to
    and d.status not in ('pending', 'sending')
    and d.created_at < p_before
    and coalesce(d.sent_at, d.dead_at, d.discarded_at, d.created_at) < p_before
$$;

create function prune_deliveries(p_before timestamptz, p_from tid, p_to tid) returns integer
language plpgsql
set enable_seqscan = off
as $$
declare
  v_count integer;
begin
  delete from deliveries d
  where d.ctid = any (array(select prunable_deliveries(p_before, p_from, p_to)));
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

create function prunable_notifications(p_before timestamptz, p_from tid, p_to tid) returns setof tid
language sql stable
set enable_seqscan = off
as $$
  select n.ctid
  from notifications n
  where n.ctid >= p_from
    and n.ctid < p_to
    and n.created_at < p_before
    and n.delivery_status <> 'pending'
$$;

create function prune_notifications(p_before timestamptz, p_from tid, p_to tid) returns integer
language plpgsql
set enable_seqscan = off
as $$
declare
  v_count integer;
begin
  delete from notifications n
  where n.ctid = any (array(select prunable_notifications(p_before, p_from, p_to)));
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

create function prunable_reminders(p_before timestamptz, p_from tid, p_to tid) returns setof tid
language sql stable
set enable_seqscan = off
as $$
  select m.ctid
  from booking_reminders m
  where m.ctid >= p_from
    and m.ctid < p_to
    and m.status <> 'pending'
    and m.scheduled_time < p_before
    and m.updated_at < p_before
    and not exists (select from deliveries d where d.reminder_id = m.id)
$$;

create function prune_reminders(p_before timestamptz, p_from tid, p_to tid) returns integer
language plpgsql
set enable_seqscan = off
as $$
declare
  v_count integer;
begin
  delete from booking_reminders m
  where m.ctid = any (array(select prunable_reminders(p_before, p_from, p_to)));
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

-- What the provider told us; money that nobody could place stays until somebody has.
create function prunable_provider_events(p_before timestamptz, p_from tid, p_to tid)
returns setof tid
language sql stable
set enable_seqscan = off
as $$
  select e.ctid
  from webhook_events e
  where e.ctid >= p_from
    and e.ctid < p_to
    and e.received_at < p_before
    and e.outcome is distinct from 'unknown_money'
$$;

create function prune_provider_events(p_before timestamptz, p_from tid, p_to tid) returns integer
language plpgsql
set enable_seqscan = off
as $$
declare
  v_count integer;
begin
  delete from webhook_events e
  where e.ctid = any (array(select prunable_provider_events(p_before, p_from, p_to)));
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

-- Events of other services that were taken, or were of no use; not what waits or is parked.
create function prunable_platform_events(p_before timestamptz, p_from tid, p_to tid)
returns setof tid
language sql stable
set enable_seqscan = off
as $$
  select e.ctid
  from consumed_events e
  where e.ctid >= p_from
    and e.ctid < p_to
    and e.status not in ('waiting', 'parked')
    and e.updated_at < p_before
$$;

create function prune_platform_events(p_before timestamptz, p_from tid, p_to tid) returns integer
language plpgsql
set enable_seqscan = off
as $$
declare
  v_count integer;
begin
  delete from consumed_events e
  where e.ctid = any (array(select prunable_platform_events(p_before, p_from, p_to)));
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

create function prunable_replays(p_before timestamptz, p_from tid, p_to tid) returns setof tid
language sql stable
set enable_seqscan = off
as $$
  select r.ctid
  from outbox_replays r
  where r.ctid >= p_from
    and r.ctid < p_to
    and r.status <> 'running'
    and coalesce(r.ended_at, r.created_at) < p_before
$$;

create function prune_replays(p_before timestamptz, p_from tid, p_to tid) returns integer
language plpgsql
set enable_seqscan = off
as $$
declare
  v_count integer;
begin
  delete from outbox_replays r
  where r.ctid = any (array(select prunable_replays(p_before, p_from, p_to)));
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

-- Places that nobody ever booked. Reports of that time then no longer know what was on offer.
create function prunable_slots(p_before timestamptz, p_from tid, p_to tid) returns setof tid
-- Not in SQL, which would want to know reservation_items (0068) now.
language plpgsql stable
set enable_seqscan = off
as $$
begin
  return query
  select sl.ctid
  from slots sl
  where sl.ctid >= p_from
    and sl.ctid < p_to
    and sl.ends_at < p_before
    and sl.booked_count = 0
    and not exists (select from slot_claims c where c.slot_id = sl.id)
    and not exists (select from bookings b where b.slot_id = sl.id)
    and not exists (select from booking_items i where i.slot_id = sl.id)
    and not exists (select from reservation_items i where i.slot_id = sl.id);
end
$$;

create function prune_slots(p_before timestamptz, p_from tid, p_to tid) returns integer
language plpgsql
set enable_seqscan = off
as $$
declare
  v_count integer;
begin
  delete from slots sl
  where sl.ctid = any (array(select prunable_slots(p_before, p_from, p_to)));
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

-- Entries that have ended, with every offer that they got.
create function prunable_waitlist(p_before timestamptz, p_from tid, p_to tid) returns setof tid
language sql stable
set enable_seqscan = off
as $$
  select w.ctid
  from waitlist_entries w
  where w.ctid >= p_from
    and w.ctid < p_to
    and w.status not in ('waiting', 'offered')
    and w.updated_at < p_before
    and w.wanted_to < p_before
    and not exists (
      select from waitlist_offers o
      where o.entry_id = w.id and (o.ended_at is null or o.ended_at >= p_before)
    )
$$;

create function prune_waitlist(p_before timestamptz, p_from tid, p_to tid) returns integer
language plpgsql
set enable_seqscan = off
as $$
declare
  v_ids uuid[];
begin
  v_ids := array(
    select w.id
    from waitlist_entries w
    where w.ctid = any (array(select prunable_waitlist(p_before, p_from, p_to)))
    for update skip locked
  );
  if v_ids = '{}' then return 0; end if;
  delete from waitlist_skips k where k.entry_id = any (v_ids);
  delete from waitlist_offers o where o.entry_id = any (v_ids);
  delete from waitlist_entries w where w.id = any (v_ids);
  return cardinality(v_ids);
end
$$;

-- How many rows a rule would remove now; reads the whole table.
create function count_prunable(p_what text, p_keep_days integer) returns bigint
language plpgsql stable
as $$
declare
  v_count bigint;
begin
  if p_keep_days is null then return 0; end if;
  execute format('select count(*) from %I($1, $2, $3)', 'prunable_' || p_what) into v_count
  using now() - p_keep_days * interval '1 day', '(0,0)'::tid, '(4294967295,0)'::tid;
  return v_count;
end
$$;

-- Blocks of a table: what a walk through it has before it.
create function table_blocks(p_table_name text) returns bigint
language sql volatile
as $$
  select pg_relation_size(to_regclass(p_table_name)) / current_setting('block_size')::bigint
$$;

-- Takes the next bite of what one rule removes: ok, not_due, busy (another does it), not_found. The
-- mark moves in the same transaction: who dies leaves neither half a bite nor a lock.
create function prune_bite(
  p_what text, p_blocks integer, p_rest_ms integer,
  out outcome text, out removed integer, out is_round_over boolean
)
language plpgsql
-- Behind somebody who holds a row for long, other rules go on.
set lock_timeout = '2s'
as $$
#variable_conflict use_column
declare
  v retention_rules;
  v_before timestamptz;
begin
  removed := 0;
  is_round_over := true;
  select r.* into v from retention_rules r where r.what = p_what for no key update skip locked;
  if not found then
    outcome := case
      when exists (select from retention_rules r where r.what = p_what) then 'busy'
      else 'not_found'
    end;
    return;
  end if;
  if v.keep_days is null or v.next_at > now() then
    outcome := 'not_due';
    return;
  end if;
  v_before := now() - v.keep_days * interval '1 day';
  is_round_over := v.next_block + p_blocks >= table_blocks(v.table_name);
  execute format('select %I($1, $2, $3)', 'prune_' || v.what) into removed
  using v_before, format('(%s,0)', v.next_block)::tid,
    format('(%s,0)', v.next_block + p_blocks)::tid;
  update retention_rules r
  set next_block = case when is_round_over then 0 else v.next_block + p_blocks end,
    round_count = case when is_round_over then 0 else v.round_count + removed end,
    last_count = case when is_round_over then v.round_count + removed else v.last_count end,
    total_count = v.total_count + removed,
    rounded_at = case when is_round_over then now() else v.rounded_at end,
    next_at = case when is_round_over then now() + p_rest_ms * interval '1 ms' else v.next_at end,
    gone_before = case when removed > 0 then greatest(v.gone_before, v_before) else v.gone_before end
  where r.what = v.what;
  outcome := 'ok';
end
$$;

-- The transaction of the bite is gone with its failure; this keeps what is known, and goes on behind
-- the place: one row that cannot be removed must not keep all others.
create function note_prune_failure(p_what text, p_blocks integer, p_error text) returns void
language sql
as $$
  update retention_rules r
  set failed_at = now(), last_error = left(p_error, 500), next_block = r.next_block + p_blocks
  where r.what = p_what
$$;

-- A person's say over how long: ok, not_found, conflict (somebody else changed it), policy_refused
-- (less than min_days).
create function set_retention(
  p_what text, p_keep_days integer, p_expected_version integer, p_reason text, p_actor jsonb
) returns text
language plpgsql
as $$
declare
  v retention_rules;
begin
  select r.* into v from retention_rules r where r.what = p_what for no key update;
  if not found then return 'not_found'; end if;
  if p_expected_version is not null and p_expected_version <> v.version then return 'conflict'; end if;
  if p_keep_days < v.min_days then return 'policy_refused'; end if;
  if p_keep_days is not distinct from v.keep_days then return 'ok'; end if;
  update retention_rules r
  set keep_days = p_keep_days, version = r.version + 1, next_at = now(), next_block = 0
  where r.what = p_what;
  perform audit(
    'retention.set', 'retention', p_what, null, p_reason,
    jsonb_build_object('keep_days', v.keep_days), jsonb_build_object('keep_days', p_keep_days),
    p_actor
  );
  return 'ok';
end
$$;

-- A round at once, of one rule or of all.
create function request_prune(p_what text, p_reason text, p_actor jsonb) returns text
language plpgsql
as $$
begin
  update retention_rules r set next_at = now()
  where (p_what is null or r.what = p_what) and r.keep_days is not null;
  if not found then
    return case
      when exists (select from retention_rules r where r.what = p_what) then 'policy_refused'
      else 'not_found'
    end;
  end if;
  perform audit(
    'retention.run', 'retention', coalesce(p_what, 'all'), null, p_reason, null, null, p_actor
  );
  return 'ok';
end
$$;
