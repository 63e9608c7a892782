-- What keeps the hot functions fast whatever the tables looked like when a connection planned them.

-- Connections keep the plans of these functions. One that planned while a table was empty (a new
-- database, a morning after a vacuum) kept reading it whole as it grew: measured at ten times the
-- cost of a hold after some thousand holds, until statistics were renewed. All of these find their
-- rows by an index, always.
alter function hold_slot set enable_seqscan = off;
alter function extend_reservation set enable_seqscan = off;
alter function cancel_reservation set enable_seqscan = off;
alter function confirm_reservation set enable_seqscan = off;
alter function expire_reservation set enable_seqscan = off;
alter function take_payment_event set enable_seqscan = off;
alter function record_payment_session set enable_seqscan = off;
alter function sequence_events set enable_seqscan = off;
alter function fan_out_events set enable_seqscan = off;
alter function claim_deliveries set enable_seqscan = off;

-- Ends overdue holds that no payment page keeps open, oldest first: one commit for many. A hold that
-- somebody else has in hand is left to them. Claims never wait for this: they skip what is locked.
create function expire_due(p_limit integer)
returns table (reservation_id uuid, slot_id uuid, seats integer[], lock_id text)
language plpgsql
set enable_seqscan = off
as $$
declare
  v_r reservations;
begin
  for v_r in
    select r.*
    from reservations r
    where r.status = 'pending'
      and r.expires_at <= now()
      and open_session(r.id) is null
    order by r.expires_at
    limit p_limit
    for update skip locked
  loop
    perform end_reservation(
      v_r, 'expired', null, '{"kind": "system", "source": "worker"}'::jsonb
    );
    reservation_id := v_r.id;
    slot_id := v_r.slot_id;
    seats := v_r.seats;
    lock_id := v_r.lock_id;
    return next;
  end loop;
end
$$;
