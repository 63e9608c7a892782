-- What the API reads: plain views, so that one definition of "free" and "paid" serves all.

-- A slot as it stands now. reason is null when it can be held. Overdue holds count as free here,
-- because hold_slot clears them when somebody wants the seat. Redefined in 0060: change it there.
create view slot_states as
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
        and x.during && tstzrange(sl.starts_at, sl.ends_at)
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
        and x.during && tstzrange(sl.starts_at, sl.ends_at)
        and x.slot_id <> sl.id
        and exists (
          select from slot_claims y
          where y.slot_id = x.slot_id and (y.expires_at is null or y.expires_at > now())
        )
    ) then 'room_busy'
  end as reason
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

-- A booking with what every list shows of it.
create view booking_rows as
select
  b.id as booking_id,
  b.reference_code,
  b.status,
  b.clinic_id,
  c.code as clinic_code,
  c.name as clinic_name,
  c.time_zone,
  b.service_id,
  coalesce(b.service_snapshot ->> 'name', sv.name) as service_name,
  b.slot_id,
  sl.staff_id,
  st.name as staff_name,
  sl.starts_at,
  sl.ends_at,
  b.booking_time,
  (extract(epoch from sl.ends_at - sl.starts_at) / 60)::integer as duration_minutes,
  b.user_id,
  u.full_name as owner_name,
  u.phone as owner_phone,
  u.email as owner_email,
  b.pet_id,
  pt.name as pet_name,
  pt.species,
  b.quantity,
  b.amount,
  b.amount_due,
  b.currency,
  b.payment_id,
  b.payment_mode,
  m.amount_paid,
  case
    when m.is_refunding then 'refunding'
    when m.amount_refunded > 0 and m.amount_refunded >= m.amount_paid then 'refunded'
    -- Nothing yet, or a deposit: the rest is taken at the visit, also when a part went back.
    when m.amount_paid < b.amount and b.status <> 'cancelled' then 'due'
    when m.amount_refunded > 0 then 'partially_refunded'
    when m.amount_paid >= b.amount then 'paid'
    else 'due'
  end as payment_state,
  b.arrived_at,
  b.reservation_id,
  b.notes,
  b.cancellation_reason,
  b.cancelled_by,
  b.cancelled_at,
  b.refund_percent,
  b.pet_snapshot,
  b.service_snapshot,
  b.policy_snapshot,
  b.source,
  b.version,
  b.created_at,
  b.updated_at
from bookings b
join clinics c on c.id = b.clinic_id
join services sv on sv.id = b.service_id
join slots sl on sl.id = b.slot_id
left join staff st on st.id = sl.staff_id
left join users u on u.id = b.user_id
left join pets pt on pt.id = b.pet_id
cross join lateral (
  select
    coalesce(sum(p.amount) filter (where p.status in ('success', 'refunded')), 0) as amount_paid,
    coalesce(bool_or(p.refund_status in ('pending', 'processing', 'failed')), false)
      as is_refunding,
    coalesce(sum(p.refund_amount), 0) as amount_refunded
  from payments p
  where p.booking_id = b.id
) as m;
