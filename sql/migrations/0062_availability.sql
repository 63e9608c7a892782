-- When the free times of a clinic may have changed: the version that answers about them are kept under.

-- A version is a sequence, because it must neither queue the holds of a clinic (a row would, until each
-- commit) nor miss a change (a counter beside the database would, when its writer dies after the commit).
-- Clinics share 64 of them: a change elsewhere costs an answer that could have been kept, never a wrong one.
do $$
begin
  for v_n in 0..63 loop
    execute 'create sequence availability_' || v_n;
  end loop;
end
$$;

create function availability_group(p_clinic_id uuid) returns integer
language sql immutable
as $$ select uuid_hash(p_clinic_id) & 63 $$;

-- The writer has its transaction id by now: triggers run after the row was written. Readers rely on it.
create function note_availability() returns trigger
language plpgsql
as $$
declare
  v_clinic_id uuid;
begin
  if tg_op = 'DELETE' then
    v_clinic_id := old.clinic_id;
  else
    v_clinic_id := new.clinic_id;
  end if;
  if v_clinic_id is null then
    -- A holiday of a whole country.
    perform nextval(('availability_' || n)::regclass) from generate_series(0, 63) as n;
    return null;
  end if;
  perform nextval(('availability_' || (uuid_hash(v_clinic_id) & 63))::regclass);
  return null;
end
$$;

create function note_claimed_availability() returns trigger
language plpgsql
as $$
declare
  v_slot_id uuid;
begin
  if tg_op = 'DELETE' then
    v_slot_id := old.slot_id;
  else
    v_slot_id := new.slot_id;
  end if;
  perform nextval(('availability_' || (uuid_hash(sl.clinic_id) & 63))::regclass)
  from slots sl
  where sl.id = v_slot_id;
  return null;
end
$$;

create function note_clinic_availability() returns trigger
language plpgsql
as $$
begin
  perform nextval(('availability_' || (uuid_hash(new.id) & 63))::regclass);
  return null;
end
$$;

create trigger slot_claims_change_availability
after insert or update or delete on slot_claims
for each row execute function note_claimed_availability();

create trigger slots_change_availability
after insert or update or delete on slots
for each row execute function note_availability();

create trigger services_change_availability
after insert or update or delete on services
for each row execute function note_availability();

create trigger staff_change_availability
after insert or update or delete on staff
for each row execute function note_availability();

create trigger price_tiers_change_availability
after insert or update or delete on price_tiers
for each row execute function note_availability();

create trigger schedule_exceptions_change_availability
after insert or update or delete on schedule_exceptions
for each row execute function note_availability();

create trigger schedules_change_availability
after insert or update or delete on schedules
for each row execute function note_availability();

create trigger staff_time_off_change_availability
after insert or update or delete on staff_time_off
for each row execute function note_availability();

create trigger public_holidays_change_availability
after insert or update or delete on public_holidays
for each row execute function note_availability();

create trigger clinics_change_availability
after update on clinics
for each row execute function note_clinic_availability();

-- The versions of these groups, and then who was writing (each with a snapshot of its own: volatile).
create function availability_versions(p_groups integer[], out versions bigint[], out writing text[])
language plpgsql
as $$
begin
  versions := array(
    select coalesce(pg_sequence_last_value(('availability_' || g.n)::regclass), 0)
    from unnest(p_groups) with ordinality as g (n, place)
    order by g.place
  );
  writing := array(select x::text from pg_snapshot_xip(pg_current_snapshot()) as x);
end
$$;

-- To be called before an answer is read that is to be kept. A change that the version counts already and
-- that cannot be seen yet is one of those who write: a snapshot names only transactions that are older than
-- the newest finished one, so one of our own is finished first. It writes nothing, not even to disk.
create procedure begin_availability(p_group integer, inout version bigint, inout writing text[])
language plpgsql
as $$
begin
  version := coalesce(
    pg_sequence_last_value(('availability_' || p_group)::regclass), 0
  );
  perform pg_current_xact_id();
  commit;
  writing := array(select x::text from pg_snapshot_xip(pg_current_snapshot()) as x);
end
$$;
