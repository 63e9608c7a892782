-- The outbox as an operator sees it: what hangs, why, and how it goes on.

alter table booking_events_outbox
  -- The cause in few signs, as `22P02`: dead letters are grouped by it.
  add column error_code text;

drop index outbox_unpublished;
create index outbox_unpublished on booking_events_outbox (sequence)
  where sequence is not null and not published and dead_at is null;
-- Nearly always empty: the events that raised and will be tried again.
create index outbox_retrying on booking_events_outbox (aggregate_id, sequence)
  where next_attempt_at is not null and not published and dead_at is null;
create index outbox_dead on booking_events_outbox (error_code, sequence) where dead_at is not null;

alter table outbox_state
  -- Events up to here may be gone: a reader that stands before is told of a gap.
  add column pruned_through bigint not null default 0;

-- Forgets published events that are older, the oldest first; answers how many. An event that is dead
-- or waits stays, whatever is gone around it.
create function prune_events(p_days integer, p_limit integer) returns integer
language plpgsql
set enable_seqscan = off
as $$
declare
  v_count integer;
  v_last bigint;
begin
  with old as (
    select o.id
    from booking_events_outbox o
    -- Starts where the last run ended: deleted rows before it are not walked over again.
    where o.sequence > (select s.pruned_through from outbox_state s)
      and o.published
      and o.created_at < now() - p_days * interval '1 day'
    order by o.sequence
    limit p_limit
  ), gone as (
    delete from booking_events_outbox o
    using old
    where o.id = old.id
    returning o.sequence
  )
  select count(*), max(g.sequence) into v_count, v_last from gone g;
  if v_count > 0 then
    update outbox_state s set pruned_through = greatest(s.pruned_through, v_last);
    return v_count;
  end if;
  -- Those that were dead when the others went, and have gone out since.
  with old as (
    select o.id
    from booking_events_outbox o
    where o.sequence <= (select s.pruned_through from outbox_state s)
      and o.published
      and o.created_at < now() - p_days * interval '1 day'
    order by o.sequence
    limit p_limit
  )
  delete from booking_events_outbox o
  using old
  where o.id = old.id;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

-- Puts dead events in line again, so many a second. Only those that are still dead.
create function retry_events(p_ids uuid[], p_per_second integer)
returns table (event_id uuid)
language sql
as $$
  with dead as (
    select e.id, e.sequence
    from booking_events_outbox e
    where e.id = any (p_ids) and e.dead_at is not null
    for update
  ), line as (
    select d.id, row_number() over (order by d.sequence) as place
    from dead d
  )
  update booking_events_outbox o
  set attempts = 0,
    dead_at = null,
    next_attempt_at = now() + (l.place - 1) / p_per_second * interval '1 second'
  from line l
  where o.id = l.id
  returning o.id
$$;

-- Kinds of plans are the program's; a list here would have to be written anew with each of them.
alter table plans drop constraint if exists plans_kind_known;
alter table plans add constraint plans_kind_known check (kind ~ '^[a-z_]+(\.[a-z_]+)?$');
