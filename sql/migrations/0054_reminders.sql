-- Reminders: which ones a clinic sends, when they are due, and what becomes of those that are late.
-- Calendars: secret addresses under which phones and programs read visits.

-- What a clinic, or one of its services, says differently from the defaults below.
create table reminder_rules (
  id uuid primary key default gen_random_uuid(),
  clinic_id uuid not null references clinics (id),
  -- null = every service of the clinic without a rule of its own.
  service_id uuid references services (id) on delete cascade,
  reminder_type text not null,
  -- Before the start (upcoming, check_in), after the end (follow_up, review_request). Empty = none.
  -- Whole days are days of the clinic's calendar: 1440 is the day before at the same time of day,
  -- also where a clock changes in between; the rest is elapsed time.
  offsets_minutes integer[] not null,
  -- Of these an owner gets those that they have and want.
  channels text[] not null,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint reminder_rules_type_known check (
    reminder_type in ('upcoming', 'check_in', 'follow_up', 'review_request')
  ),
  -- Five minutes to sixty days; more than four of a kind is a nuisance.
  constraint reminder_rules_offsets check (
    cardinality(offsets_minutes) <= 4
    and array_position(offsets_minutes, null) is null
    and 5 <= all (offsets_minutes)
    and 86400 >= all (offsets_minutes)
  ),
  constraint reminder_rules_channels check (
    cardinality(channels) > 0 and channels <@ array['email', 'push', 'sms']
  )
);

create unique index reminder_rules_unique on reminder_rules (
  clinic_id, coalesce(service_id, '00000000-0000-0000-0000-000000000000'::uuid), reminder_type
);

alter table booking_reminders
  add column offset_minutes integer not null default 0,
  -- The version of the booking that it was planned for.
  add column booking_version integer not null default 1,
  -- Why it did not go out: booking_cancelled | booking_moved | visit_begun | visit_not_completed |
  -- too_late | superseded | reviewed_already | skipped | no_channel.
  add column reason text,
  add column note text,
  add constraint booking_reminders_channels_list check (
    jsonb_typeof(delivery_channels) = 'array'
  );

-- One reminder of a kind per version of a booking, whoever plans it, how often so ever.
create unique index booking_reminders_once
  on booking_reminders (booking_id, reminder_type, offset_minutes, booking_version);
-- The index above begins with the same column.
drop index booking_reminders_booking;
create index booking_reminders_clinic on booking_reminders (clinic_id, scheduled_time, id);

-- Reminders that wait to be sent: there are never many (queue_reminders).
create index deliveries_reminders on deliveries (created_at)
  where reminder_id is not null and status in ('pending', 'sending');

-- The rules that hold for a service: its own, else the clinic's, else ours. Seed 002 names the four.
create function reminder_rules_of(p_clinic_id uuid, p_service_id uuid)
returns table (
  reminder_type text, offsets_minutes integer[], channels text[], origin text, version integer
)
language sql stable
as $$
  select distinct on (k.reminder_type)
    k.reminder_type, k.offsets_minutes, k.channels, k.origin, k.version
  from (
    select r.reminder_type, r.offsets_minutes, r.channels,
      case when r.service_id is null then 'clinic' else 'service' end as origin, r.version,
      case when r.service_id is null then 2 else 1 end as rank
    from reminder_rules r
    where r.clinic_id = p_clinic_id and (r.service_id is null or r.service_id = p_service_id)
    union all
    select d.reminder_type, d.offsets_minutes::integer[], d.channels::text[], 'default', 0, 3
    from (values
      ('upcoming', '{1440,120}', '{email,push,sms}'),
      ('check_in', '{}', '{push,sms}'),
      ('follow_up', '{}', '{email}'),
      ('review_request', '{120}', '{email}')
    ) as d (reminder_type, offsets_minutes, channels)
  ) as k
  order by k.reminder_type, k.rank
$$;

-- That many minutes from a moment on (negative: before it). Whole days are counted on the wall clock
-- of the zone. A wall clock time that a zone skips is read with the offset before the jump; of two
-- that it shows twice the later one is meant, so that nobody is woken an hour early.
create function reminder_time(p_at timestamptz, p_minutes integer, p_zone text)
returns timestamptz
language sql stable
as $$
  select case
      -- By way of the wall clock a moment in a doubled hour would become the later one.
      when p_minutes / 1440 = 0 then p_at
      else (p_at at time zone p_zone + make_interval(days => p_minutes / 1440))
        at time zone p_zone
    end + make_interval(mins => p_minutes % 1440)
$$;

-- Plans what comes before a visit, in the transaction that makes, moves or restores the booking. What
-- went out for this time, or was skipped by hand, is not planned again; what a cancel ended comes
-- back with its undo, and then the queue decides whether it still makes sense.
create function plan_reminders(p_b bookings) returns void
language sql
as $$
  insert into booking_reminders (
    booking_id, clinic_id, reminder_type, offset_minutes, booking_version, scheduled_time,
    booking_time, delivery_channels
  )
  select p_b.id, p_b.clinic_id, k.reminder_type, o.minutes, p_b.version, t.at, p_b.booking_time,
    to_jsonb(k.channels)
  from clinics c
  cross join lateral reminder_rules_of(p_b.clinic_id, p_b.service_id) k
  cross join lateral unnest(k.offsets_minutes) as o (minutes)
  cross join lateral reminder_time(p_b.booking_time, -o.minutes, c.time_zone) as t (at)
  left join lateral (
    select
      bool_or(m.status = 'sent' or m.reason = 'skipped') as is_done,
      bool_or(
        m.reason = 'booking_cancelled' and m.updated_at > now() - interval '24 hours'
      ) as is_taken_back
    from booking_reminders m
    where m.booking_id = p_b.id and m.reminder_type = k.reminder_type
      and m.offset_minutes = o.minutes and m.booking_time = p_b.booking_time
  ) as before on true
  where c.id = p_b.clinic_id
    and k.reminder_type in ('upcoming', 'check_in')
    and before.is_done is not true
    and (t.at > now() or before.is_taken_back)
  on conflict (booking_id, reminder_type, offset_minutes, booking_version) do nothing
$$;

-- Plans what comes after a completed visit.
create function plan_after_visit(p_b bookings) returns void
language sql
as $$
  insert into booking_reminders (
    booking_id, clinic_id, reminder_type, offset_minutes, booking_version, scheduled_time,
    booking_time, delivery_channels
  )
  select p_b.id, p_b.clinic_id, k.reminder_type, o.minutes, p_b.version,
    reminder_time(coalesce(p_b.completed_at, now()), o.minutes, c.time_zone), p_b.booking_time,
    to_jsonb(k.channels)
  from clinics c
  cross join lateral reminder_rules_of(p_b.clinic_id, p_b.service_id) k
  cross join lateral unnest(k.offsets_minutes) as o (minutes)
  where c.id = p_b.clinic_id and k.reminder_type in ('follow_up', 'review_request')
  on conflict (booking_id, reminder_type, offset_minutes, booking_version) do nothing
$$;

-- A visit was cancelled, moved or is over: nothing that speaks of it as to come leaves any more, what
-- waits for quiet hours to end included. The reminders first: whoever queues them at this moment is
-- waited for, and their messages are seen by the second statement.
create function end_reminders(p_booking_id uuid, p_reason text) returns void
language plpgsql
as $$
begin
  update booking_reminders m
  set status = 'cancelled', reason = p_reason, updated_at = now()
  where m.booking_id = p_booking_id and m.status = 'pending';
  with dropped as (
    update deliveries d
    set status = 'dropped', last_error = p_reason, leased_until = null
    where d.booking_id = p_booking_id and d.reminder_id is not null and d.status = 'pending'
    returning d.reminder_id
  )
  update booking_reminders m
  set status = 'cancelled', reason = p_reason, sent_at = null, updated_at = now()
  from (select distinct d.reminder_id from dropped d) as d
  where m.id = d.reminder_id
    -- Told on another channel: that stands.
    and not exists (
      select from deliveries o
      where o.reminder_id = m.id and o.status in ('sending', 'sent')
    );
end
$$;

-- What becomes of a due reminder: send, or the reason why not.
create function reminder_verdict(p_m booking_reminders, p_b bookings) returns text
language sql stable
as $$
  select case
    when p_b.booking_time <> p_m.booking_time then 'booking_moved'
    when p_b.status = 'cancelled' then 'booking_cancelled'
    when p_m.reminder_type in ('upcoming', 'check_in') then case
      when p_b.status <> 'confirmed' or p_b.arrived_at is not null then 'visit_begun'
      when p_b.booking_time <= now() then 'too_late'
      -- After a time without daemons: of several that are due the last one says it all, and a late
      -- one gives way to a sibling that is nearer in the future than it is in the past.
      when exists (
        select
        from booking_reminders s
        where s.booking_id = p_m.booking_id and s.status = 'pending'
          and s.reminder_type = p_m.reminder_type and s.booking_time = p_m.booking_time
          and (s.scheduled_time, s.id) > (p_m.scheduled_time, p_m.id)
          and s.scheduled_time <= now() + (now() - p_m.scheduled_time)
      ) then 'superseded'
      else 'send'
    end
    when p_b.status <> 'completed' then 'visit_not_completed'
    -- Nobody wants to be asked about a visit that they hardly remember.
    when p_m.scheduled_time < now() - interval '7 days' then 'too_late'
    when p_m.reminder_type = 'review_request'
      and exists (select from reviews r where r.booking_id = p_b.id) then 'reviewed_already'
    else 'send'
  end
$$;

-- Turns due reminders into messages. One caller at a time, whichever daemon it is in: the lock is held
-- for this transaction alone, so a leader that dies or stalls is followed at once, and no lease can
-- run out while it works. At most p_waiting_max of the last two minutes wait to be sent: after hours
-- without daemons, news of bookings does not stand in line behind thousands of them. What waits for
-- longer waits for a provider, and must not keep the other channels from getting theirs.
create function queue_reminders(p_limit integer, p_waiting_max integer)
returns table (reminder_id uuid, booking_id uuid, reminder_type text, verdict text, late_ms bigint)
language plpgsql
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_room integer;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('petpro:queue_reminders', 0)) then return; end if;
  select p_waiting_max - count(*) into v_room
  from (
    select
    from deliveries d
    where d.reminder_id is not null and d.status in ('pending', 'sending')
      and d.created_at > now() - interval '2 minutes' and d.next_attempt_at <= now()
    limit p_waiting_max
  ) as w;
  if v_room <= 0 then return; end if;
  return query
  with due as (
    select m.id
    from booking_reminders m
    where m.status = 'pending' and m.scheduled_time <= now()
    order by m.scheduled_time
    limit least(p_limit, v_room)
    for update skip locked
  ), judged as (
    select m.*, b.user_id, reminder_verdict(m, b) as verdict, booking_payload(b) as payload
    from due d
    join booking_reminders m on m.id = d.id
    join bookings b on b.id = m.booking_id
  ), told as (
    select j.id, k.channel, a.address, u.lang
    from judged j
    join users u on u.id = j.user_id
    cross join lateral jsonb_array_elements_text(j.delivery_channels) as k (channel)
    cross join lateral (select channel_address(u.id, k.channel) as address) as a
    where j.verdict = 'send' and a.address is not null
  ), marked as (
    update booking_reminders m
    set status = case
        when j.verdict <> 'send' then 'cancelled'
        when exists (select from told t where t.id = m.id) then 'sent'
        else 'failed'
      end,
      reason = case
        when j.verdict <> 'send' then j.verdict
        when not exists (select from told t where t.id = m.id) then 'no_channel'
      end,
      sent_at = case when exists (select from told t where t.id = m.id) then now() end,
      updated_at = now()
    from judged j
    where m.id = j.id
    returning m.id, m.reason
  ), queued as (
    insert into deliveries (
      reminder_id, clinic_id, booking_id, user_id, channel, type, address, lang, payload
    )
    select j.id, j.clinic_id, j.booking_id, j.user_id, t.channel, 'reminder_' || j.reminder_type,
      t.address, t.lang, j.payload
    from told t
    join judged j on j.id = t.id
    on conflict (reminder_id, channel) do nothing
  )
  select j.id, j.booking_id, j.reminder_type, coalesce(k.reason, 'send'),
    (extract(epoch from now() - j.scheduled_time) * 1000)::bigint
  from judged j
  join marked k on k.id = j.id
  order by j.scheduled_time, j.id;
end
$$;

create function audit_reminder(
  p_clinic_id uuid, p_action text, p_target_type text, p_target_id text, p_reason text,
  p_before jsonb, p_after jsonb, p_actor jsonb
) returns void
language sql
as $$
  insert into audit_log (
    clinic_id, actor_kind, actor_id, source, request_id, action, target_type, target_id, reason,
    before, after
  )
  values (
    p_clinic_id, p_actor ->> 'kind', actor_id(p_actor), p_actor ->> 'source',
    p_actor ->> 'request_id', p_action, p_target_type, p_target_id, p_reason, p_before, p_after
  )
$$;

-- One reminder is not to go out. Saying it twice changes nothing.
create function skip_reminder(p_reminder_id uuid, p_note text, p_actor jsonb, out outcome text)
language plpgsql
as $$
declare
  v_m booking_reminders;
begin
  select * into v_m from booking_reminders m where m.id = p_reminder_id for no key update;
  if not found or is_hidden(p_actor, null, v_m.clinic_id) or p_actor ->> 'kind' = 'customer' then
    outcome := 'not_found';
    return;
  end if;
  outcome := case
    when v_m.status = 'pending' then 'ok'
    when v_m.reason = 'skipped' then 'already_done'
    else 'conflict'
  end;
  if outcome <> 'ok' then return; end if;
  update booking_reminders m
  set status = 'cancelled', reason = 'skipped', note = p_note, updated_at = now()
  where m.id = p_reminder_id;
  perform audit_reminder(
    v_m.clinic_id, 'reminder.skipped', 'reminder', p_reminder_id::text, p_note,
    jsonb_build_object('status', v_m.status), jsonb_build_object('status', 'cancelled'), p_actor
  );
end
$$;

-- A clinic's say over one kind, for all its services or for one; null offsets = as if nothing had
-- been said. It holds for what is planned from now on.
create function set_reminder_rule(
  p_clinic_id uuid, p_service_id uuid, p_reminder_type text, p_offsets integer[],
  p_channels text[], p_reason text, p_actor jsonb, out outcome text
)
language plpgsql
as $$
declare
  v_before jsonb;
  v_after jsonb;
begin
  outcome := 'not_found';
  if p_actor ->> 'kind' = 'customer' or is_hidden(p_actor, null, p_clinic_id) then return; end if;
  -- Two at once are one after the other.
  perform from clinics c where c.id = p_clinic_id for no key update;
  if not found then return; end if;
  if p_service_id is not null then
    perform from services s where s.id = p_service_id and s.clinic_id = p_clinic_id;
    if not found then return; end if;
  end if;
  outcome := 'ok';
  select to_jsonb(r) into v_before
  from reminder_rules r
  where r.clinic_id = p_clinic_id and r.service_id is not distinct from p_service_id
    and r.reminder_type = p_reminder_type;
  if p_offsets is null then
    delete from reminder_rules r
    where r.clinic_id = p_clinic_id and r.service_id is not distinct from p_service_id
      and r.reminder_type = p_reminder_type;
  else
    insert into reminder_rules as r (
      clinic_id, service_id, reminder_type, offsets_minutes, channels
    )
    values (
      p_clinic_id, p_service_id, p_reminder_type,
      array(select distinct o.minutes from unnest(p_offsets) as o (minutes) order by 1 desc),
      p_channels
    )
    on conflict (
      clinic_id, (coalesce(service_id, '00000000-0000-0000-0000-000000000000'::uuid)),
      reminder_type
    ) do update
    set offsets_minutes = excluded.offsets_minutes, channels = excluded.channels,
      version = r.version + 1, updated_at = now()
    where (r.offsets_minutes, r.channels) is distinct from
      (excluded.offsets_minutes, excluded.channels)
    returning to_jsonb(r.*) into v_after;
    if v_after is null then return; end if;
  end if;
  if v_before is null and v_after is null then return; end if;
  perform audit_reminder(
    p_clinic_id, 'reminder_rule.set', 'reminder_rule',
    coalesce(v_after, v_before) ->> 'id', p_reason, v_before, v_after, p_actor
  );
end
$$;

-- Where phones and programs read visits without a login: whoever knows the address reads it, so only
-- its SHA-256 is kept, and it can be taken back.
create table calendar_links (
  id uuid primary key,
  kind text not null,
  -- Of a clinic or a vet; null for an owner, whose visits may be anywhere.
  clinic_id uuid references clinics (id),
  staff_id uuid references staff (id) on delete cascade,
  user_id uuid references users (id),
  token_hash bytea not null,
  name text,
  created_by uuid,
  -- Of whoever made it: the same request again is answered with the same link.
  idempotency_key text,
  created_at timestamptz not null default now(),
  revoked_at timestamptz,
  revoked_by uuid,
  -- Noted once an hour: reads must stay reads.
  last_read_at timestamptz,
  constraint calendar_links_hash_unique unique (token_hash),
  constraint calendar_links_hash_size check (octet_length(token_hash) = 32),
  constraint calendar_links_whose check (
    case kind
      when 'owner' then user_id is not null and num_nonnulls(clinic_id, staff_id) = 0
      when 'staff' then user_id is null and num_nonnulls(clinic_id, staff_id) = 2
      when 'clinic' then num_nonnulls(user_id, staff_id) = 0 and clinic_id is not null
      else false
    end
  )
);

create unique index calendar_links_repeat on calendar_links (created_by, idempotency_key)
  where idempotency_key is not null;
create index calendar_links_user on calendar_links (user_id) where user_id is not null;
create index calendar_links_clinic on calendar_links (clinic_id) where clinic_id is not null;

create function audit_calendar_link(p_l calendar_links, p_action text, p_actor jsonb) returns void
language sql
as $$
  insert into audit_log (
    clinic_id, actor_kind, actor_id, on_behalf_of, source, request_id, action, target_type,
    target_id, after
  )
  values (
    p_l.clinic_id, p_actor ->> 'kind', actor_id(p_actor), p_l.user_id, p_actor ->> 'source',
    p_actor ->> 'request_id', p_action, 'calendar_link', p_l.id::text,
    jsonb_build_object('kind', p_l.kind, 'staff_id', p_l.staff_id, 'name', p_l.name)
  )
$$;

-- Owners link their own visits, the people of a clinic those of the clinic or of a vet. At most
-- twenty of one kind for one subject: more is somebody who never takes one back.
create function create_calendar_link(
  p_id uuid, p_kind text, p_clinic_id uuid, p_staff_id uuid, p_user_id uuid, p_token_hash bytea,
  p_name text, p_idempotency_key text, p_actor jsonb,
  out outcome text, out link_id uuid, out is_repeated boolean
)
language plpgsql
as $$
declare
  v_l calendar_links;
begin
  is_repeated := false;
  outcome := 'not_found';
  if is_hidden(p_actor, p_user_id, p_clinic_id) then return; end if;
  if p_staff_id is not null then
    perform from staff s where s.id = p_staff_id and s.clinic_id = p_clinic_id;
    if not found then return; end if;
  elsif p_clinic_id is not null then
    perform from clinics c where c.id = p_clinic_id;
    if not found then return; end if;
  else
    perform from users u where u.id = p_user_id and not u.is_erased;
    if not found then return; end if;
  end if;
  -- Two at once for one subject are one after the other.
  perform pg_advisory_xact_lock(hashtextextended(
    'petpro:calendar_links:' || coalesce(p_staff_id, p_clinic_id, p_user_id)::text, 0
  ));
  select * into v_l
  from calendar_links l
  where l.created_by = actor_id(p_actor) and l.idempotency_key = p_idempotency_key;
  if found then
    is_repeated := true;
    link_id := v_l.id;
    outcome := case
      when (v_l.kind, v_l.clinic_id, v_l.staff_id, v_l.user_id, v_l.name) is distinct from
        (p_kind, p_clinic_id, p_staff_id, p_user_id, p_name) then 'conflict'
      else 'ok'
    end;
    return;
  end if;
  if 20 <= (
    select count(*)
    from calendar_links l
    where l.revoked_at is null and l.kind = p_kind
      and l.clinic_id is not distinct from p_clinic_id
      and l.staff_id is not distinct from p_staff_id
      and l.user_id is not distinct from p_user_id
  ) then
    outcome := 'policy_refused';
    return;
  end if;
  insert into calendar_links (
    id, kind, clinic_id, staff_id, user_id, token_hash, name, created_by, idempotency_key
  )
  values (
    p_id, p_kind, p_clinic_id, p_staff_id, p_user_id, p_token_hash, p_name, actor_id(p_actor),
    p_idempotency_key
  )
  returning * into v_l;
  perform audit_calendar_link(v_l, 'calendar_link.created', p_actor);
  outcome := 'ok';
  link_id := v_l.id;
end
$$;

-- From now on nobody reads there any more. Saying it twice changes nothing.
create function revoke_calendar_link(p_link_id uuid, p_actor jsonb, out outcome text)
language plpgsql
as $$
declare
  v_l calendar_links;
begin
  select * into v_l from calendar_links l where l.id = p_link_id for no key update;
  if not found
    or is_hidden(p_actor, v_l.user_id, v_l.clinic_id)
    -- An owner's links are theirs alone.
    or v_l.kind = 'owner' and p_actor ->> 'kind' <> 'customer'
  then
    outcome := 'not_found';
    return;
  end if;
  outcome := 'ok';
  if v_l.revoked_at is not null then return; end if;
  update calendar_links l
  set revoked_at = now(), revoked_by = actor_id(p_actor)
  where l.id = p_link_id
  returning l.* into v_l;
  perform audit_calendar_link(v_l, 'calendar_link.revoked', p_actor);
end
$$;

-- An app says that a visit stands in its calendar, or no longer does. Not a change of the booking: no
-- version, no event.
create function sync_calendar(p_booking_id uuid, p_is_synced boolean, p_actor jsonb, out outcome text)
language plpgsql
set petpro.writer = 'app'
as $$
declare
  v_b bookings;
begin
  select * into v_b from bookings b where b.id = p_booking_id for no key update;
  if not found or is_hidden(p_actor, v_b.user_id, v_b.clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  outcome := 'ok';
  if not p_is_synced and v_b.calendar_synced_at is null then return; end if;
  update bookings b
  set calendar_synced_at = case when p_is_synced then now() end
  where b.id = v_b.id;
end
$$;
