-- Hours from which slots are made: weekly hours, breaks, exceptions, holidays, and what a service
-- needs around a visit. The slots themselves are chosen in src/domain/schedule.ts (docs/schedules.md).

alter table clinics
  -- ISO 3166-1, and a part of that country where its holidays differ (`BE` of DE).
  add column country text,
  add column region text,
  -- ask: slots are made as on other days and lint names the day until somebody decides.
  add column holiday_policy text not null default 'ask',
  -- For owners; the desk may book whoever stands before it. Elapsed time.
  add column min_notice_minutes integer not null default 0,
  -- null = whatever slot there is can be booked, and they are made 60 days ahead.
  add column horizon_days integer,
  add constraint clinics_country_form check (country ~ '^[A-Z]{2}$'),
  add constraint clinics_region_form check (region ~ '^[A-Z0-9]{1,3}$'),
  add constraint clinics_holiday_policy_known check (holiday_policy in ('ask', 'close', 'open')),
  add constraint clinics_notice_range check (min_notice_minutes between 0 and 43200),
  add constraint clinics_horizon_range check (horizon_days between 1 and 400);

alter table services
  -- The vet and the room are taken this long before and after a visit.
  add column buffer_before_minutes integer not null default 0,
  add column buffer_after_minutes integer not null default 0,
  -- null = the clinic's.
  add column min_notice_minutes integer,
  add column horizon_days integer,
  add constraint services_buffer_range check (
    buffer_before_minutes between 0 and 240 and buffer_after_minutes between 0 and 240
  ),
  add constraint services_notice_range check (min_notice_minutes between 0 and 43200),
  add constraint services_horizon_range check (horizon_days between 1 and 400);

alter table schedules
  -- A break is no hours of a service: of the clinic, or of a vet.
  add column kind text not null default 'work',
  -- From one start to the next; null = the visit with its buffers.
  add column step_minutes integer,
  add constraint schedules_kind_known check (kind in ('work', 'break')),
  add constraint schedules_break_of_nobody check (kind = 'work' or service_id is null),
  add constraint schedules_step_range check (step_minutes between 5 and 1440);

create unique index schedule_exceptions_once on schedule_exceptions (
  clinic_id, staff_id, exception_date, opens
) nulls not distinct;

alter table slots
  -- schedule: made and closed by the hours; manual: opened by hand, and nobody else's business.
  add column origin text,
  add column closed_for text,
  -- What the vet and the room are taken for; null = the slot itself.
  add column busy_from timestamptz,
  add column busy_to timestamptz,
  add constraint slots_origin_known check (origin in ('schedule', 'manual')),
  add constraint slots_closed_for_known check (closed_for = 'schedule'),
  add constraint slots_busy_order check (busy_from <= starts_at and busy_to >= ends_at);

-- The net below the generator: one offer once. Two runs at a time make nothing twice.
create unique index slots_offered_once on slots (service_id, staff_id, starts_at)
  nulls not distinct
  where origin = 'schedule' and closed_for is null;

-- Days off by country, and by clinic where it has its own (0061 brings the rows).
create table public_holidays (
  id uuid primary key default gen_random_uuid(),
  country text,
  -- null = all of the country.
  regions text[],
  clinic_id uuid references clinics (id) on delete cascade,
  holiday_date date not null,
  name text not null,
  -- Follows the moon or a decree that is still to come: the day may move.
  is_expected boolean not null default false,
  -- A clinic's own row can also say that a day of its country is none.
  is_holiday boolean not null default true,
  constraint public_holidays_of_one check ((country is null) <> (clinic_id is null))
);

create unique index public_holidays_clinic on public_holidays (clinic_id, holiday_date)
  where clinic_id is not null;
create index public_holidays_country on public_holidays (country, holiday_date);

-- One row per clinic that has hours: what the generator owes it.
create table schedule_state (
  clinic_id uuid primary key references clinics (id) on delete cascade,
  version integer not null default 1,
  -- The next run: at once after a change, daily otherwise.
  due_at timestamptz not null default now(),
  -- A run is under way; another daemon takes over when it has died.
  leased_until timestamptz,
  ran_at timestamptz,
  covered_until date,
  opened integer not null default 0,
  closed integer not null default 0,
  kept integer not null default 0,
  failures integer not null default 0,
  last_error text
);

create index schedule_state_due on schedule_state (due_at);

create function touch_schedule(p_clinic_id uuid) returns void
language sql
as $$
  insert into schedule_state as s (clinic_id)
  values (p_clinic_id)
  on conflict (clinic_id) do update set version = s.version + 1, due_at = now()
$$;

-- Whoever changes hours wakes the generator, by our functions, an import or by hand.
create function schedule_changed() returns trigger
language plpgsql
as $$
begin
  if tg_op <> 'INSERT' then perform touch_schedule(old.clinic_id); end if;
  if tg_op = 'INSERT' or tg_op = 'UPDATE' and new.clinic_id <> old.clinic_id then
    perform touch_schedule(new.clinic_id);
  end if;
  return null;
end
$$;

create trigger schedules_changed
after insert or update or delete on schedules
for each row execute function schedule_changed();

create trigger schedule_exceptions_changed
after insert or update or delete on schedule_exceptions
for each row execute function schedule_changed();

-- What only matters where there are hours.
create function schedule_concerned() returns trigger
language plpgsql
as $$
begin
  update schedule_state s
  set version = s.version + 1, due_at = now()
  where s.clinic_id = (to_jsonb(new) ->> tg_argv[0])::uuid;
  return null;
end
$$;

create trigger services_schedule
after update of duration_minutes, capacity, buffer_before_minutes, buffer_after_minutes,
  horizon_days on services
for each row
when (
  (old.duration_minutes, old.capacity, old.buffer_before_minutes, old.buffer_after_minutes,
    old.horizon_days)
  is distinct from
  (new.duration_minutes, new.capacity, new.buffer_before_minutes, new.buffer_after_minutes,
    new.horizon_days)
)
execute function schedule_concerned('clinic_id');

create trigger clinics_schedule
after update of time_zone, country, region, holiday_policy, horizon_days on clinics
for each row
when (
  (old.time_zone, old.country, old.region, old.holiday_policy, old.horizon_days)
  is distinct from
  (new.time_zone, new.country, new.region, new.holiday_policy, new.horizon_days)
)
execute function schedule_concerned('id');

create trigger staff_schedule
after update of is_active on staff
for each row
when (old.is_active <> new.is_active)
execute function schedule_concerned('clinic_id');

-- Time off that ended leaves hours free again that were never made.
create trigger staff_time_off_schedule
after insert or update of ended_at on staff_time_off
for each row
execute function schedule_concerned('clinic_id');

create trigger public_holidays_schedule
after insert or update on public_holidays
for each row
when (new.clinic_id is not null)
execute function schedule_concerned('clinic_id');

-- A slot as it stands now. reason is null when it can be held. Overdue holds count as free here,
-- because hold_slot clears them when somebody wants the seat. Owners can hold it from owners_from
-- (null = always) until owners_until; neither depends on the clock, so that they can be cached.
create or replace view slot_states as
select
  sl.id as slot_id,
  sl.clinic_id,
  sl.service_id,
  sl.staff_id,
  sl.room_id,
  sl.starts_at,
  sl.ends_at,
  sl.status,
  sl.capacity,
  sl.booked_count,
  sl.version,
  coalesce(sl.price, sv.price) as price,
  sv.currency,
  sv.name as service_name,
  sv.duration_minutes,
  sv.is_available,
  st.name as staff_name,
  c.time_zone,
  c.hold_ms,
  (sl.capacity - k.live)::integer as remaining,
  case
    when sl.starts_at <= now() then 'past'
    when sl.status = 'blocked' then 'blocked'
    when k.booked >= sl.capacity then 'booked'
    when k.live >= sl.capacity then 'held'
    when sl.staff_id is not null and exists (
      select
      from staff_claims x
      where x.staff_id = sl.staff_id
        and x.during && tstzrange(
          coalesce(sl.busy_from, sl.starts_at), coalesce(sl.busy_to, sl.ends_at)
        )
        and x.slot_id <> sl.id
        and exists (
          select from slot_claims y
          where y.slot_id = x.slot_id and (y.expires_at is null or y.expires_at > now())
        )
    ) then 'staff_busy'
    when sl.room_id is not null and exists (
      select
      from room_claims x
      where x.room_id = sl.room_id
        and x.during && tstzrange(
          coalesce(sl.busy_from, sl.starts_at), coalesce(sl.busy_to, sl.ends_at)
        )
        and x.slot_id <> sl.id
        and exists (
          select from slot_claims y
          where y.slot_id = x.slot_id and (y.expires_at is null or y.expires_at > now())
        )
    ) then 'room_busy'
  end as reason,
  sl.closed_for,
  sl.starts_at - coalesce(sv.horizon_days, c.horizon_days) * interval '24 hours' as owners_from,
  sl.starts_at - coalesce(sv.min_notice_minutes, c.min_notice_minutes) * interval '1 minute'
    as owners_until
from slots sl
join services sv on sv.id = sl.service_id
join clinics c on c.id = sl.clinic_id
left join staff st on st.id = sl.staff_id
cross join lateral (
  select
    count(*) filter (where y.expires_at is null or y.expires_at > now()) as live,
    count(*) filter (where y.expires_at is null) as booked
  from slot_claims y
  where y.slot_id = sl.id
) as k;
