-- Money that a person has to look at; normally nothing.

-- What somebody has looked at and settled elsewhere, with their word for it.
create table inbox_marks (
  item_id text primary key,
  marked_by uuid,
  note text not null,
  marked_at timestamptz not null default now()
);

create index webhook_events_unknown on webhook_events (received_at)
  where outcome = 'unknown_money';
create index payments_mismatch on payments (paid_at) where failure_reason = 'amount_mismatch';

-- `clears` says what takes an item off: an action on the money itself, or a person's mark.
create view money_inbox as
with item as (
  select
    'refund-' || f.id as item_id,
    case
      when f.decision = 'awaiting' then 'refund_asked_for'
      when f.returned_at is not null then 'refund_returned'
      when p.external_reference is null then 'refund_at_desk'
      else 'refund_failed'
    end as cause,
    case when f.returned_at is null then 'action' else 'mark' end as clears,
    f.clinic_id, f.payment_id, f.id as refund_id, f.reservation_id, f.amount, f.currency,
    coalesce(f.last_error, f.reason) as detail, f.created_at as since
  from refunds f
  join payments p on p.id = f.payment_id
  where f.status = 'failed' and not exists (
      select from refunds later
      where later.payment_id = f.payment_id and f.returned_at < later.created_at
        and later.status not in ('failed', 'denied')
    )
    or f.decision = 'awaiting'
  union all
  select 'refund-' || f.id, 'refund_by_provider', 'mark', f.clinic_id, f.payment_id, f.id,
    f.reservation_id, f.amount, f.currency, 'refunded in the dashboard, the booking stands',
    f.created_at
  from refunds f
  join bookings b on b.id = f.booking_id
  where f.origin = 'dashboard' and f.status = 'completed' and b.status = 'confirmed'
  union all
  select 'dispute-' || d.id, 'dispute', 'action', d.clinic_id, d.payment_id, null,
    p.reservation_id, d.amount, d.currency, d.reason, d.opened_at
  from disputes d
  join payments p on p.id = d.payment_id
  where d.status = 'open'
  union all
  select 'payment-' || p.id, 'amount_mismatch', 'mark', p.clinic_id, p.id, null,
    p.reservation_id, p.amount, p.currency,
    'asked for ' || (p.payment_details ->> 'asked_amount') || ' '
      || (p.payment_details ->> 'asked_currency') || '; sent back', p.paid_at
  from payments p
  where p.failure_reason = 'amount_mismatch'
  union all
  -- The reconcile refunds these by itself; five minutes are its time to do so.
  select 'payment-' || p.id, 'paid_without_booking', 'action', p.clinic_id, p.id, null,
    p.reservation_id, p.amount, p.currency, p.failure_reason, p.paid_at
  from payments p
  where p.status in ('success', 'refunded') and p.amount > 0 and p.booking_id is null
    and p.paid_at < now() - interval '5 minutes'
    and not exists (select from refunds f where f.payment_id = p.id and f.status <> 'denied')
  union all
  select 'event-' || w.event_id, 'unknown_money', 'mark', p.clinic_id, w.payment_id, null,
    p.reservation_id, null, null, w.event_type || ' ' || coalesce(w.payload ->> 'id', ''),
    w.received_at
  from webhook_events w
  left join payments p on p.id = w.payment_id
  where w.outcome = 'unknown_money'
)
select i.item_id, i.cause, i.clears, i.clinic_id, i.payment_id, i.refund_id, r.reference_code,
  amount_text(i.amount, i.currency) as amount, i.currency, i.detail, i.since
from item i
left join reservations r on r.id = i.reservation_id
where not exists (select from inbox_marks m where m.item_id = i.item_id);

-- Takes an item off the inbox that nothing else would. outcome: ok | not_found | policy_refused.
create function mark_inbox_item(p_item_id text, p_note text, p_actor jsonb) returns text
language plpgsql
as $$
declare
  v_item money_inbox;
begin
  select * into v_item from money_inbox i where i.item_id = p_item_id;
  if not found or is_hidden(p_actor, null, v_item.clinic_id)
    or v_item.clinic_id is null and nullif(p_actor ->> 'clinic_id', '') is not null then
    return 'not_found';
  end if;
  if v_item.clears <> 'mark' then return 'policy_refused'; end if;
  insert into inbox_marks (item_id, marked_by, note)
  values (p_item_id, actor_id(p_actor), p_note)
  on conflict (item_id) do nothing;
  perform audit(
    'inbox.settled', 'inbox', p_item_id, v_item.clinic_id, p_note, null, to_jsonb(v_item), p_actor
  );
  return 'ok';
end
$$;
