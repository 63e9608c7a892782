-- How old the materialized views of 0005 are, what refreshing them costs, and what went wrong.

create table views_state (
  view_name text primary key,
  refresh_every_ms integer not null,
  -- Whoever reads the view from then on is told that it is stale.
  stale_after_ms integer not null,
  -- What the view shows was true then; null = never refreshed since the schema was made.
  refreshed_at timestamptz,
  is_concurrent boolean,
  duration_ms integer,
  row_count bigint,
  refresh_count integer not null default 0,
  total_ms bigint not null default 0,
  requested_at timestamptz,
  request_concurrently boolean not null default true,
  failed_at timestamptz,
  failures_in_row integer not null default 0,
  last_error text,
  -- Why the last refresh kept readers out although it should not have: no_unique_index.
  note text,
  next_at timestamptz not null default now(),
  constraint views_state_limits_positive check (refresh_every_ms > 0 and stale_after_ms > 0)
);

insert into views_state (view_name, refresh_every_ms, stale_after_ms)
values
  ('upcoming_bookings_view', 300000, 900000),
  ('booking_completion_rates', 3600000, 10800000),
  -- 0063_search.sql: near-misses know a new name this much later.
  ('search_words', 600000, 3600000);

-- REFRESH .. CONCURRENTLY needs a unique index over plain columns and all rows.
create function has_refresh_index(p_view_name text)
returns boolean
language sql
stable
as $$
  select exists (
    select 1
    from pg_index i
    where i.indrelid = to_regclass(p_view_name)
      and i.indisunique
      and i.indisvalid
      and i.indpred is null
      and i.indexprs is null
  );
$$;

-- Asks for a refresh as soon as a worker looks: ok, not_found, policy_refused (no unique index).
create function request_view_refresh(p_view_name text, p_concurrently boolean, p_actor jsonb)
returns table (outcome text, requested_at timestamptz)
language plpgsql
as $$
begin
  if not exists (select 1 from views_state s where s.view_name = p_view_name) then
    return query select 'not_found', null::timestamptz;
    return;
  end if;
  if p_concurrently and not has_refresh_index(p_view_name) then
    return query select 'policy_refused', null::timestamptz;
    return;
  end if;
  update views_state s
  set requested_at = now(), request_concurrently = p_concurrently, next_at = now()
  where s.view_name = p_view_name;
  insert into audit_log (
    actor_kind, actor_id, source, request_id, action, target_type, target_id, after
  )
  values (
    p_actor ->> 'kind', actor_id(p_actor), p_actor ->> 'source', p_actor ->> 'request_id',
    'view.refresh', 'view', p_view_name, jsonb_build_object('concurrently', p_concurrently)
  );
  return query select 'ok', now();
end;
$$;

-- Refreshes one view when it is due: ok, not_due, busy (another does it), not_found. Election, work and its record
-- are one transaction: who dies leaves neither a lock nor half a refresh.
create function refresh_view(p_view_name text)
returns table (outcome text, duration_ms integer, row_count bigint, note text)
language plpgsql
-- Behind a reader that takes long, everybody else would wait for us.
set lock_timeout = '3s'
as $$
declare
  v views_state;
  v_concurrently boolean;
  v_note text;
  v_ms integer;
  v_rows bigint;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('petpro.view.' || p_view_name, 0)) then
    return query select 'busy', null::integer, null::bigint, null::text;
    return;
  end if;
  select s.* into v from views_state s where s.view_name = p_view_name;
  if not found then
    return query select 'not_found', null::integer, null::bigint, null::text;
    return;
  end if;
  if v.next_at > now() then
    return query select 'not_due', null::integer, null::bigint, null::text;
    return;
  end if;
  v_concurrently := v.requested_at is null or v.request_concurrently;
  if v_concurrently and not has_refresh_index(p_view_name) then
    v_concurrently := false;
    v_note := 'no_unique_index';
  end if;
  execute format(
    'refresh materialized view %s %I', case when v_concurrently then 'concurrently' else '' end,
    p_view_name
  );
  execute format('select count(*) from %I', p_view_name) into v_rows;
  v_ms := ceil(extract(epoch from clock_timestamp() - now()) * 1000);
  update views_state s
  set refreshed_at = now(),
    is_concurrent = v_concurrently,
    duration_ms = v_ms,
    row_count = v_rows,
    refresh_count = s.refresh_count + 1,
    total_ms = s.total_ms + v_ms,
    -- What was asked for while we worked is still owed.
    requested_at = case when s.requested_at > now() then s.requested_at end,
    failures_in_row = 0,
    note = v_note,
    -- At most one fiftieth of the database's time goes into one view.
    next_at = case
      when s.requested_at > now() then s.next_at
      else clock_timestamp() + greatest(s.refresh_every_ms, v_ms::bigint * 50) * interval '1 ms'
    end
  where s.view_name = p_view_name;
  return query select 'ok', v_ms, v_rows, v_note;
end;
$$;

-- The transaction of the refresh is gone with its failure; this keeps what is known of it.
create function note_view_failure(p_view_name text, p_error text)
returns integer
language sql
as $$
  update views_state s
  set failed_at = now(),
    failures_in_row = s.failures_in_row + 1,
    last_error = left(p_error, 500),
    requested_at = null,
    next_at = now()
      + least(s.refresh_every_ms, 10000 * 2 ^ least(s.failures_in_row, 10)) * interval '1 ms'
  where s.view_name = p_view_name
  returning s.failures_in_row;
$$;
