-- Names of the sources kept; instants compared with now(), one clinic per row (capabilities 7.11).
-- The unique indices are what REFRESH ... CONCURRENTLY needs.

create materialized view upcoming_bookings_view as
select
  b.id,
  b.reference_code,
  b.user_id,
  b.pet_id,
  b.clinic_id,
  b.service_id,
  sv.name as service_name,
  b.amount,
  b.currency,
  b.status,
  sl.slot_date,
  sl.slot_start_time,
  sl.slot_end_time,
  sl.starts_at,
  sl.ends_at
from bookings b
join services sv on sv.id = b.service_id
join slots sl on sl.id = b.slot_id
where b.status = 'confirmed'
  and sl.starts_at > now();

create unique index upcoming_bookings_view_id on upcoming_bookings_view (id);
create index upcoming_bookings_view_clinic on upcoming_bookings_view (clinic_id, starts_at);

-- Counts appointments whose time has come, by the clinic's own month.
create materialized view booking_completion_rates as
select
  b.clinic_id,
  date_trunc('month', b.booking_time at time zone c.time_zone)::date as month,
  count(*) as total_bookings,
  count(*) filter (where b.status = 'completed') as completed_bookings,
  count(*) filter (where b.status = 'cancelled') as cancelled_bookings,
  count(*) filter (where b.status = 'no-show') as no_show_bookings,
  round(count(*) filter (where b.status = 'completed') * 100.0 / count(*), 2) as completion_rate,
  round(count(*) filter (where b.status = 'cancelled') * 100.0 / count(*), 2) as cancellation_rate
from bookings b
join clinics c on c.id = b.clinic_id
where b.booking_time <= now()
group by b.clinic_id, 2;

create unique index booking_completion_rates_key on booking_completion_rates (clinic_id, month);
