-- From when on the desk may say that somebody is here: nobody arrives for a visit of next week.

alter table clinics
  -- Elapsed hours before the start. 0 = only once it has begun.
  add column check_in_hours integer not null default 12,
  add constraint clinics_check_in_range check (check_in_hours between 0 and 8760);

-- When the clock allows what the desk may say of a booking.
create function check_in_from(p_b bookings) returns timestamptz
language sql stable
as $$
  select p_b.booking_time - c.check_in_hours * interval '1 hour'
  from clinics c
  where c.id = p_b.clinic_id
$$;

create function no_show_from(p_b bookings) returns timestamptz
language sql stable
as $$
  select p_b.booking_time + interval '10 minutes'
$$;
