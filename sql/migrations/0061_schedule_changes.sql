-- Who changes hours, and how slots follow. docs/schedules.md.

-- Days off. 2027 of Indonesia follows the moon and a decree that was not made when this was written.
insert into public_holidays (country, regions, holiday_date, name, is_expected)
select h.country, string_to_array(h.regions, ' '), h.day::date, h.name, h.is_expected
from (values
  ('ID', null, '2026-01-01', 'Tahun Baru Masehi', false),
  ('ID', null, '2026-01-16', 'Isra Mikraj Nabi Muhammad', false),
  ('ID', null, '2026-02-17', 'Tahun Baru Imlek 2577', false),
  ('ID', null, '2026-03-19', 'Hari Suci Nyepi', false),
  ('ID', null, '2026-03-21', 'Idulfitri 1447 H', false),
  ('ID', null, '2026-03-22', 'Idulfitri 1447 H', false),
  ('ID', null, '2026-04-03', 'Wafat Yesus Kristus', false),
  ('ID', null, '2026-04-05', 'Kebangkitan Yesus Kristus', false),
  ('ID', null, '2026-05-01', 'Hari Buruh Internasional', false),
  ('ID', null, '2026-05-14', 'Kenaikan Yesus Kristus', false),
  ('ID', null, '2026-05-27', 'Iduladha 1447 H', false),
  ('ID', null, '2026-05-31', 'Hari Raya Waisak 2570', false),
  ('ID', null, '2026-06-01', 'Hari Lahir Pancasila', false),
  ('ID', null, '2026-06-16', 'Tahun Baru Islam 1448 H', false),
  ('ID', null, '2026-08-17', 'Hari Kemerdekaan', false),
  ('ID', null, '2026-08-25', 'Maulid Nabi Muhammad', false),
  ('ID', null, '2026-12-25', 'Hari Natal', false),
  ('ID', null, '2027-01-01', 'Tahun Baru Masehi', false),
  ('ID', null, '2027-01-05', 'Isra Mikraj Nabi Muhammad', true),
  ('ID', null, '2027-02-06', 'Tahun Baru Imlek 2578', true),
  ('ID', null, '2027-03-08', 'Hari Suci Nyepi', true),
  ('ID', null, '2027-03-10', 'Idulfitri 1448 H', true),
  ('ID', null, '2027-03-11', 'Idulfitri 1448 H', true),
  ('ID', null, '2027-03-26', 'Wafat Yesus Kristus', false),
  ('ID', null, '2027-03-28', 'Kebangkitan Yesus Kristus', false),
  ('ID', null, '2027-05-01', 'Hari Buruh Internasional', false),
  ('ID', null, '2027-05-06', 'Kenaikan Yesus Kristus', false),
  ('ID', null, '2027-05-17', 'Iduladha 1448 H', true),
  ('ID', null, '2027-05-20', 'Hari Raya Waisak 2571', true),
  ('ID', null, '2027-06-01', 'Hari Lahir Pancasila', false),
  ('ID', null, '2027-06-06', 'Tahun Baru Islam 1449 H', true),
  ('ID', null, '2027-08-15', 'Maulid Nabi Muhammad', true),
  ('ID', null, '2027-08-17', 'Hari Kemerdekaan', false),
  ('ID', null, '2027-12-25', 'Hari Natal', false),
  ('JP', null, '2026-01-01', '元日', false),
  ('JP', null, '2026-01-12', '成人の日', false),
  ('JP', null, '2026-02-11', '建国記念の日', false),
  ('JP', null, '2026-02-23', '天皇誕生日', false),
  ('JP', null, '2026-03-20', '春分の日', false),
  ('JP', null, '2026-04-29', '昭和の日', false),
  ('JP', null, '2026-05-03', '憲法記念日', false),
  ('JP', null, '2026-05-04', 'みどりの日', false),
  ('JP', null, '2026-05-05', 'こどもの日', false),
  ('JP', null, '2026-05-06', '休日', false),
  ('JP', null, '2026-07-20', '海の日', false),
  ('JP', null, '2026-08-11', '山の日', false),
  ('JP', null, '2026-09-21', '敬老の日', false),
  ('JP', null, '2026-09-22', '休日', false),
  ('JP', null, '2026-09-23', '秋分の日', false),
  ('JP', null, '2026-10-12', 'スポーツの日', false),
  ('JP', null, '2026-11-03', '文化の日', false),
  ('JP', null, '2026-11-23', '勤労感謝の日', false),
  ('JP', null, '2027-01-01', '元日', false),
  ('JP', null, '2027-01-11', '成人の日', false),
  ('JP', null, '2027-02-11', '建国記念の日', false),
  ('JP', null, '2027-02-23', '天皇誕生日', false),
  ('JP', null, '2027-03-21', '春分の日', false),
  ('JP', null, '2027-03-22', '休日', false),
  ('JP', null, '2027-04-29', '昭和の日', false),
  ('JP', null, '2027-05-03', '憲法記念日', false),
  ('JP', null, '2027-05-04', 'みどりの日', false),
  ('JP', null, '2027-05-05', 'こどもの日', false),
  ('JP', null, '2027-07-19', '海の日', false),
  ('JP', null, '2027-08-11', '山の日', false),
  ('JP', null, '2027-09-20', '敬老の日', false),
  ('JP', null, '2027-09-23', '秋分の日', false),
  ('JP', null, '2027-10-11', 'スポーツの日', false),
  ('JP', null, '2027-11-03', '文化の日', false),
  ('JP', null, '2027-11-23', '勤労感謝の日', false),
  ('DE', null, '2026-01-01', 'Neujahr', false),
  ('DE', 'BW BY ST', '2026-01-06', 'Heilige Drei Könige', false),
  ('DE', 'BE MV', '2026-03-08', 'Internationaler Frauentag', false),
  ('DE', null, '2026-04-03', 'Karfreitag', false),
  ('DE', null, '2026-04-06', 'Ostermontag', false),
  ('DE', null, '2026-05-01', 'Tag der Arbeit', false),
  ('DE', null, '2026-05-14', 'Christi Himmelfahrt', false),
  ('DE', null, '2026-05-25', 'Pfingstmontag', false),
  ('DE', 'BW BY HE NW RP SL', '2026-06-04', 'Fronleichnam', false),
  ('DE', 'SL', '2026-08-15', 'Mariä Himmelfahrt', false),
  ('DE', 'TH', '2026-09-20', 'Weltkindertag', false),
  ('DE', null, '2026-10-03', 'Tag der Deutschen Einheit', false),
  ('DE', 'BB HB HH MV NI SN ST SH TH', '2026-10-31', 'Reformationstag', false),
  ('DE', 'BW BY NW RP SL', '2026-11-01', 'Allerheiligen', false),
  ('DE', 'SN', '2026-11-18', 'Buß- und Bettag', false),
  ('DE', null, '2026-12-25', '1. Weihnachtstag', false),
  ('DE', null, '2026-12-26', '2. Weihnachtstag', false),
  ('DE', null, '2027-01-01', 'Neujahr', false),
  ('DE', 'BW BY ST', '2027-01-06', 'Heilige Drei Könige', false),
  ('DE', 'BE MV', '2027-03-08', 'Internationaler Frauentag', false),
  ('DE', null, '2027-03-26', 'Karfreitag', false),
  ('DE', null, '2027-03-29', 'Ostermontag', false),
  ('DE', null, '2027-05-01', 'Tag der Arbeit', false),
  ('DE', null, '2027-05-06', 'Christi Himmelfahrt', false),
  ('DE', null, '2027-05-17', 'Pfingstmontag', false),
  ('DE', 'BW BY HE NW RP SL', '2027-05-27', 'Fronleichnam', false),
  ('DE', 'SL', '2027-08-15', 'Mariä Himmelfahrt', false),
  ('DE', 'TH', '2027-09-20', 'Weltkindertag', false),
  ('DE', null, '2027-10-03', 'Tag der Deutschen Einheit', false),
  ('DE', 'BB HB HH MV NI SN ST SH TH', '2027-10-31', 'Reformationstag', false),
  ('DE', 'BW BY NW RP SL', '2027-11-01', 'Allerheiligen', false),
  ('DE', 'SN', '2027-11-17', 'Buß- und Bettag', false),
  ('DE', null, '2027-12-25', '1. Weihnachtstag', false),
  ('DE', null, '2027-12-26', '2. Weihnachtstag', false)
) as h (country, regions, day, name, is_expected);

-- The days off of a clinic: its country's, corrected by its own rows.
create function clinic_holidays(p_clinic_id uuid, p_from date, p_to date)
returns table (holiday_date date, name text, is_expected boolean, is_own boolean)
language sql stable
as $$
  select h.holiday_date, string_agg(distinct h.name, ', '), bool_and(h.is_expected),
    bool_or(h.clinic_id is not null)
  from clinics c
  join public_holidays h
    on h.clinic_id = c.id
      or h.country = c.country and (h.regions is null or c.region = any (h.regions))
        and not exists (
          select from public_holidays o
          where o.clinic_id = c.id and o.holiday_date = h.holiday_date
        )
  where c.id = p_clinic_id and h.is_holiday and h.holiday_date between p_from and p_to
  group by h.holiday_date
$$;

-- True when these rows may be changed by the actor: all of that clinic, and it is theirs.
create function is_of_clinic(
  p_clinic_id uuid, p_staff_id uuid, p_service_id uuid, p_room_id uuid, p_actor jsonb
) returns boolean
language sql stable
as $$
  select p_actor ->> 'kind' <> 'customer' and not is_hidden(p_actor, null, p_clinic_id)
    and exists (select from clinics c where c.id = p_clinic_id)
    and (p_staff_id is null or exists (
      select from staff s where s.id = p_staff_id and s.clinic_id = p_clinic_id
    ))
    and (p_service_id is null or exists (
      select from services s where s.id = p_service_id and s.clinic_id = p_clinic_id
    ))
    and (p_room_id is null or exists (
      select from rooms r where r.id = p_room_id and r.clinic_id = p_clinic_id
    ))
$$;

-- Sets the hours of a vet, a service, both or the clinic on some weekdays: what was there for the
-- same days and dates goes, the rest of it stays. No hours = none on these days.
-- p_hours: staff_id, service_id, room_id, kind, weekdays, hours [{opens, closes}], step_minutes,
-- valid_from, valid_to. A room and a step that are not said stay. outcome: ok | not_found | conflict (version) | policy_refused (rule).
create function set_schedule_hours(
  p_clinic_id uuid, p_hours jsonb, p_expected_version integer, p_actor jsonb,
  out outcome text, out rule text, out version integer
)
language plpgsql
as $$
#variable_conflict use_column
declare
  v_staff_id uuid := (p_hours ->> 'staff_id')::uuid;
  v_service_id uuid := (p_hours ->> 'service_id')::uuid;
  v_room_id uuid := (p_hours ->> 'room_id')::uuid;
  v_kind text := coalesce(p_hours ->> 'kind', 'work');
  v_from date := (p_hours ->> 'valid_from')::date;
  v_to date := (p_hours ->> 'valid_to')::date;
  v_days smallint[] := array(
    select jsonb_array_elements_text(p_hours -> 'weekdays')::smallint
  );
  v_step integer := (p_hours ->> 'step_minutes')::integer;
  v_old schedules[];
begin
  if not is_of_clinic(p_clinic_id, v_staff_id, v_service_id, v_room_id, p_actor) then
    outcome := 'not_found';
    return;
  end if;
  -- One writer of a clinic's hours at a time.
  perform from clinics c where c.id = p_clinic_id for no key update;
  select s.version into version from schedule_state s where s.clinic_id = p_clinic_id;
  version := coalesce(version, 0);
  if p_expected_version is not null and p_expected_version <> version then
    outcome := 'conflict';
    return;
  end if;
  if (select count(*) from schedules s where s.clinic_id = p_clinic_id) > 5000 then
    outcome := 'policy_refused';
    rule := 'too_many_hours';
    return;
  end if;
  select case when p_hours ? 'room_id' then v_room_id else s.room_id end,
    case when p_hours ? 'step_minutes' then v_step else s.step_minutes end
  into v_room_id, v_step
  from (select 1) as always
  left join lateral (
    select s.room_id, s.step_minutes
    from schedules s
    where s.clinic_id = p_clinic_id
      and s.staff_id is not distinct from v_staff_id
      and s.service_id is not distinct from v_service_id
      and s.kind = v_kind
    order by s.weekday = any (v_days) desc, s.valid_from desc nulls last, s.weekday, s.opens
    limit 1
  ) as s on true;
  with gone as (
    delete from schedules s
    where s.clinic_id = p_clinic_id
      and s.staff_id is not distinct from v_staff_id
      and s.service_id is not distinct from v_service_id
      and s.kind = v_kind
      and s.weekday = any (v_days)
      and daterange(s.valid_from, s.valid_to, '[]') && daterange(v_from, v_to, '[]')
    returning s.*
  )
  select array_agg(row(g.*)::schedules) into v_old from gone g;
  insert into schedules (
    clinic_id, staff_id, service_id, room_id, weekday, opens, closes, kind, step_minutes,
    valid_from, valid_to
  )
  select o.clinic_id, o.staff_id, o.service_id, o.room_id, o.weekday, o.opens, o.closes, o.kind,
    o.step_minutes, lower(part), upper(part) - 1
  from unnest(v_old) as o
  cross join unnest(
    datemultirange(daterange(o.valid_from, o.valid_to, '[]'))
      - datemultirange(daterange(v_from, v_to, '[]'))
  ) as part
  union all
  select p_clinic_id, v_staff_id, v_service_id, v_room_id, d, h.opens, h.closes, v_kind,
    v_step, v_from, v_to
  from unnest(v_days) as d
  cross join jsonb_to_recordset(p_hours -> 'hours') as h (opens time, closes time);
  perform touch_schedule(p_clinic_id);
  select s.version into version from schedule_state s where s.clinic_id = p_clinic_id;
  perform audit(
    'schedule.hours', 'clinic', p_clinic_id::text, p_clinic_id, null,
    to_jsonb(v_old), p_hours, p_actor
  );
  outcome := 'ok';
end
$$;

-- What a clinic, or one of its services, asks for around its hours. p_changes: those given.
-- outcome: ok | not_found.
create function set_schedule_rules(
  p_clinic_id uuid, p_service_id uuid, p_changes jsonb, p_actor jsonb, out outcome text
)
language plpgsql
as $$
#variable_conflict use_column
declare
  v_before jsonb;
  v_after jsonb;
begin
  if not is_of_clinic(p_clinic_id, null, p_service_id, null, p_actor) then
    outcome := 'not_found';
    return;
  end if;
  if p_service_id is null then
    select to_jsonb(c) into v_before from clinics c where c.id = p_clinic_id for no key update;
    update clinics c
    set country = case when p_changes ? 'country' then p_changes ->> 'country' else c.country end,
      region = case when p_changes ? 'region' then p_changes ->> 'region' else c.region end,
      holiday_policy = coalesce(p_changes ->> 'holiday_policy', c.holiday_policy),
      min_notice_minutes = coalesce(
        (p_changes ->> 'min_notice_minutes')::integer, c.min_notice_minutes
      ),
      horizon_days = case
        when p_changes ? 'horizon_days' then (p_changes ->> 'horizon_days')::integer
        else c.horizon_days
      end,
      version = c.version + 1,
      updated_at = now()
    where c.id = p_clinic_id
    returning to_jsonb(c) into v_after;
  else
    select to_jsonb(s) into v_before from services s where s.id = p_service_id for no key update;
    update services s
    set buffer_before_minutes = coalesce(
        (p_changes ->> 'buffer_before_minutes')::integer, s.buffer_before_minutes
      ),
      buffer_after_minutes = coalesce(
        (p_changes ->> 'buffer_after_minutes')::integer, s.buffer_after_minutes
      ),
      min_notice_minutes = case
        when p_changes ? 'min_notice_minutes' then (p_changes ->> 'min_notice_minutes')::integer
        else s.min_notice_minutes
      end,
      horizon_days = case
        when p_changes ? 'horizon_days' then (p_changes ->> 'horizon_days')::integer
        else s.horizon_days
      end,
      version = s.version + 1,
      updated_at = now()
    where s.id = p_service_id
    returning to_jsonb(s) into v_after;
  end if;
  perform audit(
    'schedule.rules', case when p_service_id is null then 'clinic' else 'service' end,
    coalesce(p_service_id, p_clinic_id)::text, p_clinic_id, null,
    (select jsonb_object_agg(k, v_before -> k) from jsonb_object_keys(p_changes) k),
    (select jsonb_object_agg(k, v_after -> k) from jsonb_object_keys(p_changes) k), p_actor
  );
  outcome := 'ok';
end
$$;

-- One date that differs, of the clinic or of a vet. outcome: ok | not_found | conflict (it is there).
create function add_schedule_exception(
  p_clinic_id uuid, p_exception jsonb, p_actor jsonb, out outcome text, out exception_id uuid
)
language plpgsql
as $$
#variable_conflict use_column
begin
  if not is_of_clinic(p_clinic_id, (p_exception ->> 'staff_id')::uuid, null, null, p_actor) then
    outcome := 'not_found';
    return;
  end if;
  insert into schedule_exceptions (
    clinic_id, staff_id, exception_date, is_closed, opens, closes, reason
  )
  values (
    p_clinic_id, (p_exception ->> 'staff_id')::uuid, (p_exception ->> 'date')::date,
    (p_exception ->> 'is_closed')::boolean, (p_exception ->> 'opens')::time,
    (p_exception ->> 'closes')::time, p_exception ->> 'reason'
  )
  on conflict do nothing
  returning id into exception_id;
  if exception_id is null then
    outcome := 'conflict';
    return;
  end if;
  perform audit(
    'schedule.exception_added', 'schedule_exception', exception_id::text, p_clinic_id,
    p_exception ->> 'reason', null, p_exception, p_actor
  );
  outcome := 'ok';
end
$$;

-- outcome: ok | not_found.
create function remove_schedule_exception(
  p_exception_id uuid, p_actor jsonb, out outcome text, out clinic_id uuid
)
language plpgsql
as $$
#variable_conflict use_column
declare
  v_old schedule_exceptions;
begin
  select * into v_old from schedule_exceptions e where e.id = p_exception_id for update;
  if v_old.id is null or not is_of_clinic(v_old.clinic_id, null, null, null, p_actor) then
    outcome := 'not_found';
    return;
  end if;
  delete from schedule_exceptions e where e.id = p_exception_id;
  perform audit(
    'schedule.exception_removed', 'schedule_exception', p_exception_id::text, v_old.clinic_id,
    v_old.reason, to_jsonb(v_old), null, p_actor
  );
  clinic_id := v_old.clinic_id;
  outcome := 'ok';
end
$$;

-- A clinic's own word about a date: a day off of its own, or none although its country has one.
-- outcome: ok | not_found.
create function set_clinic_holiday(
  p_clinic_id uuid, p_date date, p_name text, p_is_holiday boolean, p_actor jsonb,
  out outcome text
)
language plpgsql
as $$
#variable_conflict use_column
begin
  if not is_of_clinic(p_clinic_id, null, null, null, p_actor) then
    outcome := 'not_found';
    return;
  end if;
  insert into public_holidays as h (clinic_id, holiday_date, name, is_holiday)
  values (p_clinic_id, p_date, p_name, p_is_holiday)
  on conflict (clinic_id, holiday_date) where clinic_id is not null
  do update set name = excluded.name, is_holiday = excluded.is_holiday;
  perform audit(
    'schedule.holiday', 'clinic', p_clinic_id::text, p_clinic_id, null, null,
    jsonb_build_object('date', p_date, 'name', p_name, 'is_holiday', p_is_holiday), p_actor
  );
  outcome := 'ok';
end
$$;

-- Takes one clinic whose slots are due; nobody else gets it until the lease ends.
create function claim_schedule_run(
  p_lease_ms integer, out clinic_id uuid, out version integer
)
language sql
as $$
  update schedule_state s
  set leased_until = now() + p_lease_ms * interval '1 millisecond'
  where s.clinic_id = (
    select d.clinic_id
    from schedule_state d
    where d.due_at <= now() and (d.leased_until is null or d.leased_until <= now())
    order by d.due_at
    limit 1
    for update skip locked
  )
  returning s.clinic_id, s.version
$$;

-- Ends a run. A change that came meanwhile is due at once; else the next local morning is.
create function finish_schedule_run(
  p_clinic_id uuid, p_version integer, p_sums jsonb, p_error text
) returns void
language sql
as $$
  update schedule_state s
  set leased_until = null,
    ran_at = now(),
    opened = coalesce((p_sums ->> 'opened')::integer, s.opened),
    closed = coalesce((p_sums ->> 'closed')::integer, s.closed),
    kept = coalesce((p_sums ->> 'kept')::integer, s.kept),
    covered_until = coalesce((p_sums ->> 'covered_until')::date, s.covered_until),
    failures = case when p_error is null then 0 else s.failures + 1 end,
    last_error = p_error,
    due_at = case
      when p_error is not null
        then now() + least(3600, 5 * power(2, least(s.failures, 12))) * interval '1 second'
      when s.version <> p_version then now()
      -- A few minutes past midnight, spread, so that clinics of one zone do not come all at once.
      else ((now() at time zone c.time_zone)::date + 1) at time zone c.time_zone
        + (1 + random() * 9) * interval '1 minute'
    end
  from clinics c
  where s.clinic_id = p_clinic_id and c.id = s.clinic_id
$$;

-- Slots follow the hours: what is new is opened, what was closed by the hours and fits again is
-- opened again, what is free and fits no longer is closed. A slot with a claim is never touched, and
-- a new one never lies over a claim. p_open: rows of slots. One run per clinic at a time.
create function apply_schedule(
  p_clinic_id uuid, p_origin text, p_open jsonb, p_reopen uuid[], p_close uuid[],
  out opened integer, out reopened integer, out closed integer
)
language plpgsql
-- Planned on an empty table it would read all slots for each new one (0016).
set enable_seqscan = off
as $$
#variable_conflict use_column
begin
  perform pg_advisory_xact_lock(hashtextextended(p_clinic_id::text, 60));
  -- Those that fit no longer first: a new one may stand where an old one did.
  with free as (
    select sl.id
    from slots sl
    where sl.id = any (p_close)
      and sl.clinic_id = p_clinic_id
      and sl.origin = 'schedule'
      and sl.status = 'available'
      and not exists (select from slot_claims c where c.slot_id = sl.id)
    order by sl.id
    for update
  ), done as (
    update slots sl
    set status = 'blocked', closed_for = 'schedule', version = sl.version + 1, updated_at = now()
    from free f
    where sl.id = f.id
    returning sl.id
  )
  select count(*) into closed from done;
  with shut as (
    select sl.id
    from slots sl
    where sl.id = any (p_reopen)
      and sl.clinic_id = p_clinic_id
      and sl.closed_for = 'schedule'
      and not exists (
        select from slots o
        where o.service_id = sl.service_id and o.staff_id is not distinct from sl.staff_id
          and o.starts_at = sl.starts_at and o.id <> sl.id
          and o.origin = 'schedule' and o.closed_for is null
      )
    order by sl.id
    for update
  ), done as (
    update slots sl
    set status = case when sl.booked_count >= sl.capacity then 'booked' else 'available' end,
      closed_for = null, version = sl.version + 1, updated_at = now()
    from shut s
    where sl.id = s.id
    returning sl.id
  )
  select count(*) into reopened from done;
  -- A closed slot of another shape takes the place, so that few are left behind. Not one that was closed
  -- just now: a hold may be under way that has read it.
  with reused as (
    select sl.id, w.room_id, w.ends_at, w.slot_end_time, w.capacity, w.busy_from, w.busy_to
    from jsonb_to_recordset(p_open) as w (
      reuse uuid, service_id uuid, staff_id uuid, room_id uuid, starts_at timestamptz,
      ends_at timestamptz, slot_end_time time, capacity integer, busy_from timestamptz,
      busy_to timestamptz
    )
    join slots sl on sl.id = w.reuse
    where sl.clinic_id = p_clinic_id
      and sl.closed_for = 'schedule'
      and sl.updated_at < now() - interval '1 minute'
      and sl.starts_at = w.starts_at
      and sl.service_id = w.service_id
      and sl.staff_id is not distinct from w.staff_id
      and not exists (select from slot_claims c where c.slot_id = sl.id)
      and not exists (
        select from slots o
        where o.service_id = sl.service_id and o.staff_id is not distinct from sl.staff_id
          and o.starts_at = sl.starts_at and o.closed_for is null
      )
    order by sl.id
    for update of sl
  ), done as (
    update slots sl
    set room_id = r.room_id, ends_at = r.ends_at, slot_end_time = r.slot_end_time,
      capacity = r.capacity, busy_from = r.busy_from, busy_to = r.busy_to, origin = p_origin,
      status = 'available', closed_for = null, version = sl.version + 1, updated_at = now()
    from reused r
    where sl.id = r.id
    returning sl.id
  )
  select reopened + count(*) into reopened from done;
  with wanted as (
    select w.*, tstzrange(coalesce(w.busy_from, w.starts_at), coalesce(w.busy_to, w.ends_at))
      as during
    from jsonb_to_recordset(p_open) as w (
      service_id uuid, staff_id uuid, room_id uuid, starts_at timestamptz, ends_at timestamptz,
      slot_date date, slot_start_time time, slot_end_time time, capacity integer,
      busy_from timestamptz, busy_to timestamptz
    )
  ), done as (
    insert into slots (
      clinic_id, service_id, staff_id, room_id, starts_at, ends_at, slot_date, slot_start_time,
      slot_end_time, capacity, busy_from, busy_to, origin
    )
    select p_clinic_id, w.service_id, w.staff_id, w.room_id, w.starts_at, w.ends_at, w.slot_date,
      w.slot_start_time, w.slot_end_time, w.capacity, w.busy_from, w.busy_to, p_origin
    from wanted w
    where not exists (
        select from staff_claims c where c.staff_id = w.staff_id and c.during && w.during
      )
      and not exists (
        select from room_claims c where c.room_id = w.room_id and c.during && w.during
      )
      -- By hand nothing is opened twice either.
      and not exists (
        select from slots o
        where o.service_id = w.service_id and o.staff_id is not distinct from w.staff_id
          and o.starts_at = w.starts_at and o.closed_for is null
      )
    on conflict do nothing
    returning id
  )
  select count(*) into opened from done;
end
$$;
