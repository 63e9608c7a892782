-- Each query returns no row while all is well; a row names what is wrong. Run by petpro doctor,
-- reconcile, the load tests, the model test and the fault drills, always against live data: events
-- under way must not look like damage.

-- name: capacity
-- Live seats never exceed the capacity, and no seat lies outside of it.
select sl.id as slot_id, sl.capacity, count(*) as claimed, max(c.seat) as highest_seat
from slot_claims c
join slots sl on sl.id = c.slot_id
group by sl.id, sl.capacity
having count(*) > sl.capacity or max(c.seat) > sl.capacity;

-- name: overbooking
-- Seats beyond those that a slot was made for were added by somebody, on record.
select sl.id as slot_id, sl.extra_seats, a.extra_seats as on_record
from slots sl
left join lateral (
  select (l.after ->> 'extra_seats')::integer as extra_seats
  from audit_log l
  where l.target_type = 'slot' and l.target_id = sl.id::text and l.action = 'slot.overbooked'
  order by l.id desc
  limit 1
) as a on true
where sl.extra_seats > 0 and a.extra_seats is distinct from sl.extra_seats;

-- name: counters
-- booked_count is the number of seats of bookings that were not cancelled.
select sl.id as slot_id, sl.booked_count, coalesce(b.booked, 0) as booked
from slots sl
left join (
  select slot_id, sum(quantity) as booked
  from booked_places
  where status <> 'cancelled'
  group by slot_id
) as b on b.slot_id = sl.id
where sl.booked_count <> coalesce(b.booked, 0);

-- name: claims
-- Nobody and no room is in two places: seats, vet and room claims belong together, and overlapping
-- claims of one vet cannot exist (also checked by the exclusion constraints), nor of one owner.
select 'seat without slot' as problem, c.slot_id, c.reservation_id as other_id
from slot_claims c
left join slots sl on sl.id = c.slot_id
where sl.id is null
union all
select 'seat of no hold', c.slot_id, c.reservation_id
from slot_claims c
where not exists (select from reservations r where r.id = c.reservation_id)
union all
select 'staff not claimed', sl.id, sl.staff_id
from slots sl
where sl.staff_id is not null
  and exists (select from slot_claims c where c.slot_id = sl.id)
  and not exists (select from staff_claims s where s.slot_id = sl.id)
union all
select 'room not claimed', sl.id, sl.room_id
from slots sl
where sl.room_id is not null
  and exists (select from slot_claims c where c.slot_id = sl.id)
  and not exists (select from room_claims s where s.slot_id = sl.id)
union all
select 'staff claim without seat', s.slot_id, s.staff_id
from staff_claims s
where not exists (select from slot_claims c where c.slot_id = s.slot_id)
  and not exists (
    select from staff_time_off t where t.ended_at is null and t.claim_ids @> array[s.slot_id]
  )
union all
select 'time off not claimed', x.claim_id, t.staff_id
from staff_time_off t
cross join unnest(t.claim_ids) as x (claim_id)
where t.ended_at is null
  and not exists (select from staff_claims s where s.slot_id = x.claim_id)
union all
select 'room claim without seat', s.slot_id, s.room_id
from room_claims s
where not exists (select from slot_claims c where c.slot_id = s.slot_id)
union all
select 'staff in two places', a.slot_id, b.slot_id
from staff_claims a
join staff_claims b
  on b.staff_id = a.staff_id and b.slot_id > a.slot_id and b.during && a.during
union all
select 'room used twice', a.slot_id, b.slot_id
from room_claims a
join room_claims b
  on b.room_id = a.room_id and b.slot_id > a.slot_id and b.during && a.during
union all
select 'owner in two places', a.slot_id, b.slot_id
from slot_claims a
join slot_claims b
  on b.user_id = a.user_id and b.ends_at > a.starts_at and b.starts_at < a.ends_at
where a.ends_at > now()
  and b.reservation_id > a.reservation_id
  and (a.expires_at is null or a.expires_at > now())
  and (b.expires_at is null or b.expires_at > now());

-- name: buffers
-- A vet or a room is taken for as long as the visit and what is needed around it.
select 'vet' as problem, s.slot_id, upper(s.during) - lower(s.during) as taken
from staff_claims s
join slots sl on sl.id = s.slot_id
where upper(s.during) - lower(s.during)
  <> coalesce(sl.busy_to, sl.ends_at) - coalesce(sl.busy_from, sl.starts_at)
union all
select 'room', s.slot_id, upper(s.during) - lower(s.during)
from room_claims s
join slots sl on sl.id = s.slot_id
where upper(s.during) - lower(s.during)
  <> coalesce(sl.busy_to, sl.ends_at) - coalesce(sl.busy_from, sl.starts_at);

-- name: paid
-- A prepaid booking that stands has exactly one successful payment of the amount that was due, and
-- nobody paid more than the price.
select b.id as booking_id, b.reference_code, b.amount_due, b.currency,
  count(p.id) as payments, sum(p.amount) as paid
from bookings b
left join payments p
  on p.booking_id = b.id and p.status = 'success' and p.purpose = 'due'
  and p.amount = b.amount_due and p.currency = b.currency
where b.payment_mode = 'prepaid' and b.amount_due > 0 and b.status <> 'cancelled'
  and not exists (
    -- Refunded as a goodwill, booking kept: the payment counts as refunded then.
    select from payments r where r.booking_id = b.id and r.status = 'refunded'
  )
group by b.id
having count(p.id) <> 1
union all
select b.id, b.reference_code, b.amount, b.currency, count(p.id), sum(p.amount)
from bookings b
join payments p on p.booking_id = b.id and p.status in ('success', 'refunded')
group by b.id
having sum(p.amount) > b.amount or bool_or(p.currency <> b.currency);

-- name: no_stranded_money
-- Money that arrived has a booking, or a refund under way or done.
select p.id as payment_id, p.reservation_id, p.amount, p.currency, p.status
from payments p
where p.status in ('success', 'refunded')
  and p.amount > 0
  and p.booking_id is null
  and not exists (select from refunds f where f.payment_id = p.id and f.status <> 'denied');

-- name: authorisations
-- No card stays authorised for a hold that has ended (the worker may lag 60 s; what is being let go
-- is on its way, and on the inbox when that takes long), no hold waits for a clinic without one, and
-- what was fetched is a payment.
select 'open on an ended hold' as problem, a.payment_id, a.reservation_id, a.status
from authorisations a
join reservations r on r.id = a.reservation_id
where a.status in ('open', 'capturing') and r.status <> 'pending'
  and r.updated_at < now() - interval '60 seconds'
union all
select 'asked without authorisation', null, r.id, r.approval
from reservations r
where r.status = 'pending' and r.approval_asked_at is not null and r.amount_due > 0
  and not exists (
    select from authorisations a
    where a.reservation_id = r.id and a.status in ('open', 'capturing')
  )
union all
select 'fetched, but no payment', a.payment_id, a.reservation_id, p.status
from authorisations a
join payments p on p.id = a.payment_id
where (a.status = 'captured') <> (p.status in ('success', 'refunded'));

-- name: refund_ceiling
-- Refunds of a payment never exceed it and are in its currency.
select p.id as payment_id, p.amount, sum(f.amount) as refunds
from payments p
join refunds f on f.payment_id = p.id and f.status not in ('failed', 'denied')
group by p.id
having sum(f.amount) > p.amount or bool_or(f.currency <> p.currency);

-- name: ledger
-- Fee, clinic share and tax make the total, and a booking's entries make its payments less refunds.
select 'parts' as problem, e.booking_id, e.total_amount as entered,
  e.platform_fee + e.clinic_amount + e.tax_amount as expected
from financial_entries e
where e.platform_fee + e.clinic_amount + e.tax_amount <> e.total_amount
union all
select 'sum', p.booking_id, coalesce(e.total, 0), p.received - coalesce(f.returned, 0)
from (
  select booking_id, sum(amount) as received
  from payments
  where booking_id is not null and status in ('success', 'refunded')
  group by booking_id
) as p
left join (
  select booking_id, sum(total_amount) as total from financial_entries group by booking_id
) as e on e.booking_id = p.booking_id
left join (
  select y.booking_id, sum(f.amount) as returned
  from refunds f
  join payments y on y.id = f.payment_id
  where f.status = 'completed'
  group by y.booking_id
) as f on f.booking_id = p.booking_id
where coalesce(e.total, 0) <> p.received - coalesce(f.returned, 0);

-- name: one_event
-- Every version of a reservation and of a booking left exactly one log entry and one event of its
-- own. A confirm is told by booking.created; booking.confirmed is its companion. Events are kept 30
-- days, so only the last week is compared.
select 'reservation log' as problem, r.id as aggregate_id, r.version, count(l.*) as found
from reservations r
left join reservation_log_entries l on l.reservation_id = r.id
where r.updated_at > now() - interval '7 days'
group by r.id
having count(l.*) <> r.version or max(l.reservation_version) <> r.version
union all
select 'reservation event', l.reservation_id, l.reservation_version, count(o.id)
from reservation_log_entries l
left join booking_events_outbox o
  on o.aggregate_id = l.reservation_id
  and o.aggregate_type = 'reservation'
  and o.aggregate_version = l.reservation_version
where l.created_at > now() - interval '7 days' and l.status <> 'confirmed'
group by l.reservation_id, l.reservation_version
having count(o.id) <> 1
union all
select 'confirmed without booking', l.reservation_id, l.reservation_version, 0
from reservation_log_entries l
where l.created_at > now() - interval '7 days' and l.status = 'confirmed'
  and not exists (select from bookings b where b.reservation_id = l.reservation_id)
union all
select 'booking log', b.id, b.version, count(e.id)
from bookings b
left join booking_logs g on g.booking_id = b.id
left join booking_log_entries e on e.log_id = g.id
where b.updated_at > now() - interval '7 days'
group by b.id
having count(e.id) <> b.version or max(e.booking_version) <> b.version
union all
select 'booking event', g.booking_id, e.booking_version, count(o.id)
from booking_log_entries e
join booking_logs g on g.id = e.log_id
left join booking_events_outbox o
  on o.aggregate_id = g.booking_id
  and o.aggregate_type = 'booking'
  and o.aggregate_version = e.booking_version
  and o.event_type <> 'booking.confirmed'
where e.created_at > now() - interval '7 days'
  -- What was over before it was brought in is no news (0066).
  and e.action <> 'booking.imported'
group by g.booking_id, e.booking_version
having count(o.id) <> 1
union all
select 'payment event', p.id, p.version, count(o.id)
from payments p
left join booking_events_outbox o
  on o.aggregate_id = p.id and o.event_type in ('payment.processed', 'payment.late')
where p.status in ('success', 'refunded') and p.paid_at > now() - interval '7 days'
group by p.id
having count(o.id) <> 1;

-- name: outbox
-- Events get their number before they are published, none beyond the newest one; what is dead was not
-- published. Each part by a partial index, so that it costs nothing while all is well.
select 'published without number' as kind, o.id as event_id, o.sequence
from booking_events_outbox o
where o.sequence is null and (o.published or o.dead_at is not null)
union all
select 'beyond the newest number', o.id, o.sequence
from booking_events_outbox o
where o.sequence is not null and o.sequence > (select s.last_sequence from outbox_state s)
union all
select 'dead and published', o.id, o.sequence
from booking_events_outbox o
where o.dead_at is not null and o.published;

-- name: final
-- Nothing leaves a final state. One way out is law: a payment that arrives after expiry takes the
-- seat again while it is free (capabilities 7.3), logged as reservation.retaken. The other is a person
-- who takes a cancel or a no-show back before anything left the house: booking.undone.
select 'reservation' as kind, l.reservation_id as id, l.previous_status, l.status, l.action
from reservation_log_entries l
where l.previous_status in ('confirmed', 'cancelled', 'expired')
  and not (
    l.previous_status = 'expired' and l.status = 'confirmed' and l.action = 'reservation.retaken'
  )
union all
select 'booking', g.booking_id, e.previous_state ->> 'status', e.status, e.action
from booking_log_entries e
join booking_logs g on g.id = e.log_id
where e.previous_state ->> 'status' in ('completed', 'cancelled', 'no-show')
  and e.status is distinct from e.previous_state ->> 'status'
  and not (
    e.action = 'booking.undone' and e.status = 'confirmed'
    and e.previous_state ->> 'status' in ('cancelled', 'no-show')
  );

-- name: holds
-- Pending reservations hold their seats and end in time (sweeping may lag 60 s, an open payment
-- session as long as it can be paid); others hold none unless they became bookings.
select 'overdue' as problem, r.id as reservation_id, r.slot_id, r.expires_at
from reservations r
where r.status = 'pending'
  and r.expires_at < now() - interval '60 seconds'
  and not exists (
    select from payments p
    where p.reservation_id = r.id and p.session_closed_at is null
      and p.session_expires_at > now() - interval '60 seconds'
  )
union all
select 'seats missing', r.id, r.slot_id, r.expires_at
from reservations r
left join slot_claims c
  on c.slot_id = r.slot_id and c.reservation_id = r.id and c.expires_at = r.expires_at
where r.status = 'pending'
group by r.id
having count(c.seat) <> r.quantity
union all
select 'seat of a gone hold', c.reservation_id, c.slot_id, c.expires_at
from slot_claims c
join reservations r on r.id = c.reservation_id
where r.status in ('cancelled', 'expired')
union all
select 'seats of a booking', b.reservation_id, b.slot_id, null
from bookings b
left join slot_claims c
  on c.slot_id = b.slot_id and c.reservation_id = b.reservation_id and c.expires_at is null
where b.reservation_id is not null
  -- A visit that was over before it was brought in sat elsewhere (0066).
  and (b.imported_at is null or b.booking_time > b.imported_at)
  -- Seats of visits long over are not kept (0067).
  and b.booking_time >= coalesce(
    (select k.gone_before from retention_rules k where k.what = 'claims'), '-infinity'
  )
group by b.id
having count(c.seat) <> case when b.status = 'cancelled' then 0 else b.quantity end;

-- name: items
-- A hold or booking of several services has the seats of all its items or of none, the items follow one
-- another, the first is its own place, and what they cost is what it costs.
select 'seats' as problem, i.reservation_id, i.slot_id, i.position as item, count(c.seat) as found
from reservation_items i
join reservations r on r.id = i.reservation_id
left join bookings b on b.reservation_id = r.id
left join slot_claims c
  on c.slot_id = i.slot_id and c.reservation_id = r.id and c.seat = any (i.seats)
where i.starts_at >= coalesce(
  (select k.gone_before from retention_rules k where k.what = 'claims'), '-infinity'
)
group by i.reservation_id, i.position, r.id, b.id
having count(c.seat) filter (
    where c.expires_at is not distinct from case when r.status = 'pending' then r.expires_at end
  ) <> case
    when r.status = 'pending' or r.status = 'confirmed' and b.status <> 'cancelled'
      then i.quantity
    else 0
  end
union all
select 'seat of no item', c.reservation_id, c.slot_id, null, c.seat
from reservation_items f
join reservations r on r.id = f.reservation_id
join slot_claims c on c.reservation_id = r.id
where f.position = 1
  and not exists (
    select from reservation_items i
    where i.reservation_id = r.id and i.slot_id = c.slot_id and c.seat = any (i.seats)
  )
union all
select 'order', i.reservation_id, n.slot_id, n.position, null
from reservation_items i
join reservation_items n on n.reservation_id = i.reservation_id and n.position = i.position + 1
where n.starts_at < i.ends_at
union all
select 'first item', r.id, r.slot_id, i.position, null
from reservations r
left join reservation_items i on i.reservation_id = r.id and i.position = 1
where r.item_count > 1
  and (i.slot_id, i.seats, i.quantity::integer) is distinct from
    (r.slot_id, r.seats, r.quantity::integer)
union all
select 'sum', r.id, r.slot_id, r.item_count, count(*)
from reservation_items i
join reservations r on r.id = i.reservation_id
group by r.id
having count(*) <> r.item_count or sum(i.amount) <> r.amount
  or sum(i.amount_due) <> r.amount_due or sum(i.tax_amount) <> r.tax_amount;

-- name: reminders
-- No reminder waits for a booking that was cancelled or moved, or speaks of a visit that is over.
select m.id as reminder_id, m.booking_id, m.reminder_type, b.status
from booking_reminders m
join bookings b on b.id = m.booking_id
where m.status = 'pending'
  and (
    b.status in ('cancelled', 'no-show')
    or b.booking_time <> m.booking_time
    or b.status = 'completed' and m.reminder_type in ('upcoming', 'check_in')
  );

-- name: tickets
-- A booking admits no more people than it has seats, and nobody before it was said to have arrived.
select u.booking_id, b.quantity, count(*) as admitted, b.arrived_at
from ticket_uses u
join bookings b on b.id = u.booking_id
group by u.booking_id, b.quantity, b.arrived_at
having count(*) > b.quantity or b.arrived_at is null;

-- name: offers
-- Every open waitlist offer is a hold that stands.
select w.id as waitlist_id, w.offered_reservation_id, r.status
from waitlist_entries w
left join reservations r on r.id = w.offered_reservation_id
where w.status = 'offered' and r.status is distinct from 'pending'
union all
select w.id, o.reservation_id, r.status
from waitlist_offers o
join waitlist_entries w on w.id = o.entry_id
left join reservations r on r.id = o.reservation_id
where o.ended_at is null
  and (w.status <> 'offered' or w.offered_reservation_id is distinct from o.reservation_id);

-- name: ratings
-- The counted marks of a clinic are those of its published reviews.
select coalesce(c.clinic_id, m.clinic_id) as clinic_id, coalesce(c.category, m.category) as category,
  coalesce(c.rating, m.rating) as rating, c.review_count as counted, m.given
from (select * from clinic_ratings where review_count <> 0) as c
full join (
  select r.clinic_id, k.category, k.rating, count(*) as given
  from reviews r
  cross join lateral review_marks(r.rating, r.ratings_breakdown) k
  where r.is_published
  group by r.clinic_id, k.category, k.rating
) as m on m.clinic_id = c.clinic_id and m.category = c.category and m.rating = c.rating
where c.review_count is distinct from m.given;

-- name: tiers
-- No slot has more live seats in a tier than the tier's limit, and what a hold costs is what its
-- price lines make, seat for seat.
select 'over limit' as problem, c.slot_id as id, c.tier_id, count(*) as found, t.seats_limit as allowed
from slot_claims c
join price_tiers t on t.id = c.tier_id
where c.expires_at is null or c.expires_at > now()
group by c.slot_id, c.tier_id, t.seats_limit
having count(*) > t.seats_limit
union all
select 'lines', r.id, null, sum((l ->> 'total')::numeric), r.amount
from reservations r
cross join lateral jsonb_array_elements(r.price_lines) l
where r.price_lines is not null
group by r.id
having sum((l ->> 'total')::numeric) <> r.amount
  or sum((l ->> 'tax_amount')::numeric) <> r.tax_amount
  or r.item_count = 1 and sum((l ->> 'seats')::integer) <> r.quantity;

-- name: webhooks
-- Every event that an endpoint listens to has its delivery, as far as the events are written out.
select e.id as webhook_id, o.id as event_id, o.sequence, o.event_type
from webhook_endpoints e
join webhook_cursor c on true
join booking_events_outbox o
  on o.clinic_id = e.clinic_id and o.sequence > e.listens_after and o.sequence <= c.last_sequence
left join webhook_deliveries d on d.endpoint_id = e.id and d.event_id = o.id
where e.status = 'enabled'
  and webhook_wants(e.event_types, o.event_type)
  and o.created_at > now() - interval '7 days'
  and d.id is null;

-- name: messages
-- A message that is being sent is leased to somebody, or nobody would ever send it again; a dead one
-- says since when, or no list would show it.
select d.id as delivery_id, d.channel, d.type, d.status,
  case d.status when 'sending' then 'held by nobody' else 'dead at no time' end as problem
from deliveries d
where d.created_at > now() - interval '7 days'
  and (d.status = 'sending' and d.leased_until is null
    or d.status = 'dead' and d.dead_at is null);

-- name: series
-- Visits of a series are of its owner, clinic and service, and nobody is named without a seat.
select b.id as booking_id, b.reference_code, 'not of its series' as problem
from bookings b
join booking_series s on s.id = b.series_id
where b.series_id is not null
  and (b.user_id, b.clinic_id, b.service_id) is distinct from (s.user_id, s.clinic_id, s.service_id)
union all
select r.id, r.reference_code, 'more names than seats'
from (
  select p.reservation_id, count(*) as named from booking_participants p group by p.reservation_id
) as k
join reservations r on r.id = k.reservation_id
where k.named > r.quantity;

-- name: search
-- Owners can be found as they are called now, those who were erased not at all. Words are compared
-- for some of those that changed in the last hour: folding a million names takes a minute.
with changed as materialized (
  (select u.id from users u where u.updated_at > now() - interval '1 hour' limit 1000)
  union
  (select p.user_id from pets p where p.updated_at > now() - interval '1 hour' limit 1000)
)
select u.id as user_id, 'cannot be found' as problem
from users u
where not u.is_erased and not exists (select from owner_search s where s.user_id = u.id)
union all
select u.id, 'was erased and can be found'
from users u
join owner_search s on s.user_id = u.id
where u.is_erased
union all
select u.id, 'is found by what is no more'
from changed c
join users u on u.id = c.id and not u.is_erased
join owner_search s on s.user_id = u.id
where (s.words, s.phone_key, s.email_key) is distinct from (
  owner_words(u.id, u.full_name), phone_key(u.phone), fold_email(u.email)
);
