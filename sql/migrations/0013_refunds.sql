-- Money on its way back. Leasing it stands in 0020.

-- Tries before a person has to look at a refund.
create function refund_attempts_max() returns integer
language sql immutable
as $$ select 10 $$;

-- p_result: completed | processing (the provider works on it) | retry | failed | denied.
create function finish_refund(
  p_id uuid, p_result text, p_external_reference text, p_error text, out outcome text
)
language plpgsql
as $$
declare
  v_f refunds;
  v_p payments;
  v_share bigint[];
  v_unit numeric;
  v_done numeric;
begin
  select * into v_f from refunds f where f.id = p_id;
  if not found then
    outcome := 'not_found';
    return;
  end if;
  -- Payment first, then refund: the order in which cancel_booking takes them.
  select * into v_p from payments p where p.id = v_f.payment_id for no key update;
  select * into v_f from refunds f where f.id = p_id for no key update;
  if v_f.status in ('completed', 'denied') or v_f.returned_at is not null
    or v_f.status = 'failed' and p_result = 'failed' then
    outcome := 'already_done';
    return;
  end if;
  update refunds f
  set status = case
      when p_result = 'retry' and f.attempts >= refund_attempts_max() then 'failed'
      when p_result = 'retry' then 'pending'
      else p_result
    end,
    external_reference = coalesce(p_external_reference, f.external_reference),
    last_error = left(p_error, 500),
    leased_until = null,
    -- 2 s, 4 s, 8 s ... capped at an hour, with up to a quarter of jitter. What the bank works on
    -- is asked after in steps of a quarter of its age, half a minute to an hour.
    next_attempt_at = now() + case p_result
        when 'processing'
          then least(greatest(extract(epoch from now() - f.created_at) / 4, 30), 3600)
        else least(power(2, f.attempts), 3600)
      end * (1 + random() / 4) * interval '1 second',
    updated_at = now()
  where f.id = p_id
  returning f.* into v_f;

  select coalesce(sum(f.amount), 0) into v_done
  from refunds f
  where f.payment_id = v_p.id and f.status = 'completed';
  update payments p
  set refund_status = refund_status_of(p.id),
    refund_amount = v_done,
    refunded_at = case when v_f.status = 'completed' then now() else p.refunded_at end,
    status = case when v_done = p.amount then 'refunded' else p.status end,
    version = p.version + 1,
    updated_at = now()
  where p.id = v_p.id
  returning p.* into v_p;

  -- What was paid at the desk has not failed: a person pays it back.
  if v_f.status = 'failed' and v_p.external_reference is not null then
    perform note_refund(p_id, 'refund.failed', v_f.last_error, jsonb_build_object(
      'kind', 'system', 'source', 'worker', 'request_id', v_f.correlation_id
    ));
  end if;
  if v_f.status = 'completed' then
    -- Reversed in the proportions of the original entry; a payment without booking has none.
    select
      split_minor(
        (v_f.amount * power(10::numeric, c.exponent))::bigint,
        array[e.platform_fee, e.clinic_amount, e.tax_amount]
      ), power(10::numeric, c.exponent)
    into v_share, v_unit
    from financial_entries e
    join currencies c on c.code = e.currency
    where e.payment_id = v_p.id and e.type = 'payment' and e.total_amount > 0;
    if found then
      insert into financial_entries (
        booking_id, payment_id, refund_id, clinic_id, type, total_amount, platform_fee,
        clinic_amount, tax_amount, currency, transaction_reference
      )
      values (
        v_p.booking_id, v_p.id, v_f.id, v_f.clinic_id, 'refund', -v_f.amount,
        -v_share[1] / v_unit, -v_share[2] / v_unit, -v_share[3] / v_unit, v_f.currency,
        v_f.external_reference
      );
    end if;
    perform emit_event(
      'refund.processed', 'payment', v_p.id, v_p.version, v_p.clinic_id, v_f.correlation_id,
      payment_payload(v_p) || jsonb_build_object(
        'refund_id', v_f.id, 'refund_amount', amount_text(v_f.amount, v_f.currency),
        'refund_status', v_f.status, 'reason', v_f.reason
      )
    );
  end if;
  outcome := v_f.status;
end
$$;
