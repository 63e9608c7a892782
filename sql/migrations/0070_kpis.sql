-- Figures of the whole system and the alerts that watch them. docs/metrics.md, docs/alerts.md

-- What was counted in one minute by one source: a daemon (requests and tries), or `events` (what left
-- through the outbox). Flat sums, so that minutes and sources add up. Kept three hours.
create table kpi_samples (
  minute timestamptz not null,
  source text not null,
  counts jsonb not null,
  constraint kpi_samples_pkey primary key (minute, source)
) with (fillfactor = 70);

-- The same of whole hours and all sources. Kept two days.
create table kpi_hours (
  hour timestamptz primary key,
  counts jsonb not null
);

-- Who is there, and what only that process can see: its disk.
create table kpi_daemons (
  daemon_id text primary key,
  seen_at timestamptz not null default now(),
  gauges jsonb not null default '{}'
);

-- One row: how far was counted, by whichever daemon was first to look.
create table kpi_state (
  only_row boolean primary key default true,
  -- The last event of the outbox that is counted.
  sequence bigint not null,
  -- When the once-a-minute counts were taken last: messages up to then are counted.
  counted_at timestamptz,
  -- PostgreSQL's own counter, as it was then.
  deadlocks bigint,
  -- Since the beginning, of what came through the outbox: the counters of /metrics.
  totals jsonb not null default '{}',
  -- When alerts were evaluated last.
  looked_at timestamptz,
  -- The alert `test` fires until then.
  test_until timestamptz,
  constraint kpi_state_one_row check (only_row)
);

-- What left before today is history, not a figure of now.
insert into kpi_state (sequence)
select last_sequence from outbox_state;

create table alerts (
  name text primary key,
  state text not null default 'ok',
  value double precision,
  detail text,
  over_since timestamptz,
  well_since timestamptz,
  fired_at timestamptz,
  cleared_at timestamptz,
  acked_at timestamptz,
  acked_by text,
  ack_reason text,
  muted_until timestamptz,
  muted_by text,
  mute_reason text,
  constraint alerts_state_known check (state in ('ok', 'pending', 'firing')),
  constraint alerts_firing_has_time check (state <> 'firing' or fired_at is not null),
  constraint alerts_mute_has_reason check (muted_until is null or mute_reason is not null)
);

create table alert_changes (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  name text not null,
  change text not null,
  value double precision,
  by text,
  reason text,
  constraint alert_changes_known check (
    change in ('fired', 'cleared', 'acked', 'muted', 'unmuted')
  )
);

-- What scripts tell of the backups that they made.
create table backup_notes (
  id bigint generated always as identity primary key,
  made_at timestamptz not null default now(),
  label text not null,
  bytes bigint,
  is_verified boolean not null,
  constraint backup_notes_bytes_positive check (bytes >= 0)
);

create function add_counts(p_one jsonb, p_other jsonb) returns jsonb
language sql immutable
as $$
  select coalesce(jsonb_object_agg(s.key, s.total), '{}'::jsonb)
  from (
    select e.key, sum(e.value::numeric) as total
    from (
      select * from jsonb_each_text(p_one)
      union all
      select * from jsonb_each_text(p_other)
    ) as e
    group by e.key
  ) as s
$$;

create function ms_between(p_from timestamptz, p_to timestamptz) returns numeric
language sql immutable
as $$
  select round(greatest(extract(epoch from p_to - p_from) * 1000, 0))
$$;

create function put_counts(p_minute timestamptz, p_source text, p_counts jsonb) returns void
language sql
as $$
  insert into kpi_samples as k (minute, source, counts)
  values (p_minute, p_source, p_counts)
  on conflict (minute, source) do update set counts = add_counts(k.counts, excluded.counts)
$$;

-- What one daemon counted since it told last, and what it sees of its own machine.
create function tell_counts(p_daemon_id text, p_counts jsonb, p_gauges jsonb) returns void
language plpgsql
as $$
begin
  insert into kpi_daemons as d (daemon_id, gauges)
  values (p_daemon_id, p_gauges)
  on conflict (daemon_id) do update set seen_at = now(), gauges = excluded.gauges;
  if p_counts <> '{}' then
    perform put_counts(date_trunc('minute', now()), p_daemon_id, p_counts);
  end if;
end
$$;

-- What one event adds to the figures, as rows of key and value.
create function counts_of_event(p_type text, p_payload jsonb)
returns table (key text, value numeric)
language plpgsql stable
as $$
declare
  v_opened_at timestamptz;
  v_currency text := p_payload ->> 'currency';
begin
  case p_type
    when 'reservation.created' then return query values ('holds', 1::numeric);
    when 'reservation.expired' then return query values ('holds_expired', 1::numeric);
    when 'reservation.cancelled' then return query values ('holds_cancelled', 1::numeric);
    when 'booking.cancelled' then return query values ('cancellations', 1::numeric);
    when 'payment.failed' then return query values ('payments_failed', 1::numeric);
    when 'booking.confirmed' then
      return query values ('bookings', 1::numeric);
      select r.created_at into v_opened_at
      from reservations r
      where r.id = (p_payload ->> 'reservation_id')::uuid;
      if v_opened_at is not null then
        return query values
          ('booked_timed', 1::numeric),
          ('book_ms', ms_between(v_opened_at, (p_payload ->> 'created_at')::timestamptz));
      end if;
    when 'payment.processed' then
      return query
        values ('payments_ok', 1::numeric), ('payments_in_' || v_currency, 1::numeric)
        union all
        select 'revenue_' || c.code, round((p_payload ->> 'amount')::numeric * 10::numeric ^ c.exponent)
        from currencies c
        where c.code = v_currency;
      -- Money over the counter has no page that was opened.
      select p.created_at into v_opened_at
      from payments p
      where p.id = (p_payload ->> 'payment_id')::uuid and p.session_id is not null;
      if v_opened_at is not null then
        return query values
          ('paid_timed', 1::numeric),
          ('pay_ms', ms_between(v_opened_at, (p_payload ->> 'processed_at')::timestamptz));
      end if;
    else null;
  end case;
end
$$;

-- The same, and nothing of an event that cannot be read.
create function counts_of_odd_event(p_type text, p_payload jsonb)
returns table (key text, value numeric)
language plpgsql stable
as $$
begin
  return query select c.key, c.value from counts_of_event(p_type, p_payload) as c;
exception when data_exception then
  return;
end
$$;

-- Counts the next events of the outbox, each once, into the minute in which it happened. Returns how
-- many events it went past; 0 also when another daemon is at it. `p_is_careful` passes over events that
-- cannot be read, so that one of them does not stop the figures for ever; it takes twice as long.
create function count_events(p_limit integer, p_is_careful boolean) returns integer
language plpgsql
set enable_seqscan = off
as $$
declare
  v_from bigint;
  v_to bigint;
  v_read integer;
  v_row record;
begin
  select s.sequence into v_from from kpi_state s for no key update skip locked;
  if not found then return 0; end if;
  select max(o.sequence), count(*)
  into v_to, v_read
  from (
    select b.sequence
    from booking_events_outbox b
    where b.sequence > v_from
    order by b.sequence
    limit p_limit
  ) as o;
  if v_read = 0 then return 0; end if;
  for v_row in
    select m.minute, jsonb_object_agg(m.key, m.total) as counts
    from (
      select date_trunc('minute', o.created_at) as minute, c.key, sum(c.value) as total
      from booking_events_outbox o
      cross join lateral (
        select e.key, e.value
        from counts_of_event(o.event_type, o.payload) as e
        where not p_is_careful
        union all
        select e.key, e.value
        from counts_of_odd_event(o.event_type, o.payload) as e
        where p_is_careful
      ) as c
      where o.sequence > v_from and o.sequence <= v_to
      group by 1, 2
    ) as m
    group by m.minute
  loop
    perform put_counts(v_row.minute, 'events', v_row.counts);
    update kpi_state s set totals = add_counts(s.totals, v_row.counts);
  end loop;
  update kpi_state s set sequence = v_to;
  return v_read;
end
$$;

-- The counts of once a minute: messages handed over, deadlocks, the inventory; then hours are summed
-- and what is old goes. False = another daemon has done it, or is at it.
create function count_minute(p_every_ms integer) returns boolean
language plpgsql
as $$
declare
  v_state kpi_state;
  v_deadlocks bigint;
  v_new bigint;
  v_counts jsonb;
  v_wrong bigint;
begin
  select s.* into v_state
  from kpi_state s
  where s.counted_at is null or s.counted_at < now() - p_every_ms * interval '1 ms'
  for no key update skip locked;
  if not found then return false; end if;

  select d.deadlocks into v_deadlocks from pg_stat_database d where d.datname = current_database();
  -- Its counters begin anew when somebody resets them.
  v_new := case
    when v_state.deadlocks is null or v_deadlocks < v_state.deadlocks then 0
    else v_deadlocks - v_state.deadlocks
  end;

  -- The newest few thousand: more are not sent in a minute, and years of them cost nothing.
  select jsonb_build_object(
    'notified', count(*), 'notify_ms', coalesce(sum(ms_between(d.due_at, d.sent_at)), 0),
    'deadlocks', v_new
  )
  into v_counts
  from (
    select due_at, sent_at from deliveries order by created_at desc limit 5000
  ) as d
  where d.sent_at > v_state.counted_at and d.sent_at <= now();

  -- Null without a look within five minutes: nothing is known then.
  select (
    select coalesce(sum(f.value::bigint), 0)
    from jsonb_each_text(i.findings) as f
    where f.key like 'invariant.%'
  )
  into v_wrong
  from inventory_state i
  where i.looked_at > now() - interval '5 minutes';
  if v_wrong is not null then
    v_counts := v_counts || jsonb_build_object(
      'inventory_looks', 1,
      'inventory_wrong', v_wrong,
      'inventory_seats', (select count(*) from (select from slot_claims limit 100000) as c)
    );
  end if;
  perform put_counts(date_trunc('minute', now()), 'events', v_counts);
  update kpi_state s
  set counted_at = now(), deadlocks = v_deadlocks, totals = add_counts(s.totals, v_counts);

  insert into kpi_hours as h (hour, counts)
  select k.hour, jsonb_object_agg(k.key, k.total)
  from (
    select date_trunc('hour', s.minute) as hour, c.key, sum(c.value::numeric) as total
    from kpi_samples s
    cross join lateral jsonb_each_text(s.counts) as c
    where s.minute >= date_trunc('hour', now()) - interval '1 hour'
    group by 1, 2
  ) as k
  group by k.hour
  on conflict (hour) do update set counts = excluded.counts;

  delete from kpi_samples where minute < now() - interval '3 hours';
  delete from kpi_hours where hour < now() - interval '2 days';
  delete from kpi_daemons where seen_at < now() - interval '1 day';
  delete from alert_changes where at < now() - interval '90 days';
  return true;
end
$$;

-- Where an alert stands after a look; a change leaves its entry. Somebody's word ends with the alert.
create function put_alert(
  p_name text, p_state text, p_value double precision, p_detail text,
  p_over_since timestamptz, p_well_since timestamptz
) returns text
language plpgsql
as $$
declare
  v_before text;
  v_change text;
begin
  insert into alerts (name) values (p_name) on conflict do nothing;
  select a.state into v_before from alerts a where a.name = p_name for no key update;
  v_change := case
    when p_state = 'firing' and v_before <> 'firing' then 'fired'
    when p_state <> 'firing' and v_before = 'firing' then 'cleared'
  end;
  update alerts a
  set state = p_state, value = p_value, detail = p_detail, over_since = p_over_since,
    well_since = p_well_since,
    fired_at = case when v_change = 'fired' then now() else a.fired_at end,
    cleared_at = case when v_change = 'cleared' then now() else a.cleared_at end,
    acked_at = case when p_state = 'firing' then a.acked_at end,
    acked_by = case when p_state = 'firing' then a.acked_by end,
    ack_reason = case when p_state = 'firing' then a.ack_reason end,
    muted_until = case when a.muted_until > now() then a.muted_until end,
    muted_by = case when a.muted_until > now() then a.muted_by end,
    mute_reason = case when a.muted_until > now() then a.mute_reason end
  where a.name = p_name;
  if v_change is not null then
    insert into alert_changes (name, change, value) values (p_name, v_change, p_value);
  end if;
  return v_change;
end
$$;

-- What people say about an alert: ack, mute or unmute. Audited.
create function tell_alert(
  p_name text, p_word text, p_for_s integer, p_reason text, p_by text, p_actor jsonb
) returns text
language plpgsql
as $$
declare
  v_a alerts;
  v_before jsonb;
begin
  insert into alerts (name) values (p_name) on conflict do nothing;
  select a.* into v_a from alerts a where a.name = p_name for no key update;
  if p_word = 'ack' and v_a.state <> 'firing' then return 'policy_refused'; end if;
  v_before := jsonb_build_object('acked_at', v_a.acked_at, 'muted_until', v_a.muted_until);
  case p_word
    when 'ack' then
      update alerts a
      set acked_at = now(), acked_by = p_by, ack_reason = p_reason
      where a.name = p_name;
    when 'mute' then
      update alerts a
      set muted_until = now() + p_for_s * interval '1 second', muted_by = p_by,
        mute_reason = p_reason
      where a.name = p_name;
    when 'unmute' then
      if v_a.muted_until is null or v_a.muted_until <= now() then return 'already_done'; end if;
      update alerts a
      set muted_until = null, muted_by = null, mute_reason = null
      where a.name = p_name;
  end case;
  insert into alert_changes (name, change, value, by, reason)
  values (
    p_name, case p_word when 'ack' then 'acked' when 'mute' then 'muted' else 'unmuted' end,
    v_a.value, p_by, p_reason
  );
  select a.* into v_a from alerts a where a.name = p_name;
  perform audit(
    'alert.' || p_word, 'alert', p_name, null, p_reason, v_before,
    jsonb_build_object('acked_at', v_a.acked_at, 'muted_until', v_a.muted_until), p_actor
  );
  return 'ok';
end
$$;

create function test_alerts(p_for_s integer, p_reason text, p_actor jsonb) returns void
language plpgsql
as $$
begin
  update kpi_state set test_until = now() + p_for_s * interval '1 second';
  perform audit(
    'alert.test', 'alert', 'test', null, p_reason, null,
    jsonb_build_object('for_s', p_for_s), p_actor
  );
end
$$;

create function note_backup(
  p_label text, p_bytes bigint, p_is_verified boolean, p_actor jsonb
) returns timestamptz
language plpgsql
as $$
declare
  v_n backup_notes;
begin
  insert into backup_notes (label, bytes, is_verified)
  values (p_label, p_bytes, p_is_verified)
  returning * into v_n;
  perform audit(
    'backup.noted', 'backup', v_n.id::text, null, null, null, to_jsonb(v_n), p_actor
  );
  return v_n.made_at;
end
$$;
