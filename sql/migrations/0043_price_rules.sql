-- Who sets prices and the rules about money, and how: whole, versioned, audited.

-- What a tier looks like to those who read it: one shape for answers and for the audit trail.
create function price_tier_json(p_t price_tiers) returns jsonb
language sql stable
as $$
  select jsonb_build_object(
    'tier_id', p_t.id, 'tier', p_t.name, 'service_id', p_t.service_id, 'slot_id', p_t.slot_id,
    'currency', sv.currency, 'price', amount_text(p_t.price, sv.currency),
    'seats_limit', p_t.seats_limit, 'sale_from', p_t.sale_from, 'sale_until', p_t.sale_until,
    'min_quantity', p_t.min_quantity, 'max_quantity', p_t.max_quantity,
    'is_default', p_t.is_default, 'weekdays', to_jsonb(p_t.weekdays),
    'from_time', to_char(p_t.from_time, 'HH24:MI'), 'to_time', left(p_t.to_time::text, 5),
    'quantity_prices', (
      select coalesce(jsonb_agg(
        q || jsonb_build_object('price', amount_text((q ->> 'price')::numeric, sv.currency))
        order by (q ->> 'from')::integer
      ), '[]')
      from jsonb_array_elements(p_t.quantity_prices) q
    ),
    'on_sale', p_t.is_active and coalesce(p_t.sale_from <= now(), true)
      and coalesce(p_t.sale_until > now(), true),
    'version', p_t.version
  )
  from services sv
  where sv.id = p_t.service_id
$$;

-- Adds or changes a tier. p_tier: the fields of price_tier_json that can be chosen.
-- outcome: ok | not_found | conflict (version) | policy_refused (rule says which).
create function set_price_tier(
  p_service_id uuid, p_name text, p_tier jsonb, p_expected_version integer, p_actor jsonb,
  out outcome text, out rule text, out sold integer, out tier jsonb
)
language plpgsql
as $$
#variable_conflict use_column
declare
  v_sv services;
  v_old price_tiers;
  v_new price_tiers;
  v_slot_id uuid := (p_tier ->> 'slot_id')::uuid;
  v_limit integer := (p_tier ->> 'seats_limit')::integer;
begin
  -- One writer of a service's prices at a time.
  select * into v_sv from services sv where sv.id = p_service_id for no key update;
  if v_sv.id is null or p_actor ->> 'kind' = 'customer'
    or is_hidden(p_actor, null, v_sv.clinic_id)
    or v_slot_id is not null and not exists (
      select from slots sl where sl.id = v_slot_id and sl.service_id = p_service_id
    )
  then
    outcome := 'not_found';
    return;
  end if;
  select * into v_old
  from price_tiers t
  where t.service_id = p_service_id and lower(t.name) = lower(p_name)
    and t.slot_id is not distinct from v_slot_id;
  if p_expected_version is not null and p_expected_version <> coalesce(v_old.version, 0) then
    outcome := 'conflict';
    return;
  end if;
  -- More sold than the new limit, at some slot that is still to come.
  select max(n) into sold
  from (
    select count(*)::integer as n
    from slot_claims c
    where c.tier_id = v_old.id and c.starts_at > now()
    group by c.slot_id
  ) s;
  rule := case
    when v_limit < sold then 'tier_sold_more'
    when v_old.id is null and (
      select count(*) from price_tiers t where t.service_id = p_service_id and t.is_active
    ) >= 200 then 'tier_too_many'
    when (p_tier ->> 'is_default')::boolean and exists (
      select from price_tiers t
      where t.service_id = p_service_id and t.slot_id is not distinct from v_slot_id
        and t.is_default and t.is_active and t.id is distinct from v_old.id
    ) then 'tier_other_default'
  end;
  if rule is not null then
    outcome := 'policy_refused';
    return;
  end if;
  insert into price_tiers as t (
    id, service_id, clinic_id, name, slot_id, price, seats_limit, sale_from, sale_until,
    min_quantity, max_quantity, is_default, weekdays, from_time, to_time, quantity_prices
  )
  values (
    coalesce(v_old.id, gen_random_uuid()), p_service_id, v_sv.clinic_id, p_name, v_slot_id,
    (p_tier ->> 'price')::numeric, v_limit, (p_tier ->> 'sale_from')::timestamptz,
    (p_tier ->> 'sale_until')::timestamptz, (p_tier ->> 'min_quantity')::integer,
    (p_tier ->> 'max_quantity')::integer, (p_tier ->> 'is_default')::boolean,
    array(select jsonb_array_elements_text(p_tier -> 'weekdays')::smallint),
    (p_tier ->> 'from_time')::time, (p_tier ->> 'to_time')::time, p_tier -> 'quantity_prices'
  )
  on conflict (id) do update
  set name = excluded.name, price = excluded.price, seats_limit = excluded.seats_limit,
    sale_from = excluded.sale_from, sale_until = excluded.sale_until,
    min_quantity = excluded.min_quantity, max_quantity = excluded.max_quantity,
    is_default = excluded.is_default, weekdays = excluded.weekdays,
    from_time = excluded.from_time, to_time = excluded.to_time,
    quantity_prices = excluded.quantity_prices, is_active = true,
    version = t.version + 1, updated_at = now()
  returning t.* into v_new;
  update services sv
  set has_tiers = true, version = sv.version + 1, updated_at = now()
  where sv.id = p_service_id;
  tier := price_tier_json(v_new);
  perform audit(
    'price.set', 'price_tier', v_new.id::text, v_new.clinic_id, null,
    case when v_old.id is not null then price_tier_json(v_old) end, tier, p_actor
  );
  outcome := 'ok';
end
$$;

-- Sells a tier no longer; what is held or booked in it stays. outcome: ok | not_found.
create function withdraw_price_tier(
  p_service_id uuid, p_name text, p_slot_id uuid, p_actor jsonb
) returns text
language plpgsql
as $$
declare
  v_sv services;
  v_t price_tiers;
begin
  select * into v_sv from services sv where sv.id = p_service_id for no key update;
  if v_sv.id is null or p_actor ->> 'kind' = 'customer'
    or is_hidden(p_actor, null, v_sv.clinic_id) then
    return 'not_found';
  end if;
  update price_tiers t
  set is_active = false, version = t.version + 1, updated_at = now()
  where t.service_id = p_service_id and lower(t.name) = lower(p_name)
    and t.slot_id is not distinct from p_slot_id and t.is_active
  returning t.* into v_t;
  if not found then return 'not_found'; end if;
  update services sv
  set has_tiers = exists (
      select from price_tiers t where t.service_id = p_service_id and t.is_active
    ),
    version = sv.version + 1,
    updated_at = now()
  where sv.id = p_service_id;
  perform audit(
    'price.withdrawn', 'price_tier', v_t.id::text, v_t.clinic_id, null, price_tier_json(v_t), null,
    p_actor
  );
  return 'ok';
end
$$;

-- What seats of a slot would cost now. outcome: ok | not_found | invalid_input | policy_refused.
create function quote_slot(
  p_slot_id uuid, p_items jsonb, p_quantity integer, p_actor jsonb,
  out outcome text, out rule text, out tier text, out price_lines jsonb, out amount numeric,
  out tax_amount numeric, out tax_included boolean, out amount_due numeric, out currency text
)
language plpgsql stable
as $$
#variable_conflict use_column
declare
  v_s record;
begin
  select sl.capacity, coalesce(sl.price, sv.price) as price, sv.currency, sv.deposit, c.tax_bp,
    c.tax_included, sl.clinic_id
  into v_s
  from slots sl
  join services sv on sv.id = sl.service_id
  join clinics c on c.id = sl.clinic_id
  where sl.id = p_slot_id;
  if not found or nullif(p_actor ->> 'clinic_id', '')::uuid <> v_s.clinic_id then
    outcome := 'not_found';
    return;
  end if;
  if p_quantity > v_s.capacity then
    outcome := 'policy_refused';
    rule := 'quantity_over_capacity';
    return;
  end if;
  currency := v_s.currency;
  tax_included := v_s.tax_included;
  select x.problem, x.tier, x.lines, x.amount, x.tax_amount
  into rule, tier, price_lines, amount, tax_amount
  from price_items(
    p_slot_id, p_items, p_quantity, v_s.price, v_s.currency, v_s.tax_bp, v_s.tax_included, false
  ) x;
  amount_due := least(coalesce(v_s.deposit * p_quantity, amount), amount);
  outcome := case
    when rule is null then 'ok'
    when rule in ('tier_unknown', 'tier_items') then 'invalid_input'
    else 'policy_refused'
  end;
end
$$;

-- Changes what a clinic has set; null = as it is, and the limit only with p_has_limit. Returns
-- false when there is no such clinic.
create function set_money_rules(
  p_clinic_id uuid, p_tax_bp integer, p_tax_included boolean, p_has_limit boolean,
  p_desk_refund_limit numeric, p_actor jsonb
) returns boolean
language plpgsql
as $$
declare
  v_old clinics;
  v_new clinics;
begin
  select * into v_old from clinics c where c.id = p_clinic_id for no key update;
  if v_old.id is null or p_actor ->> 'kind' = 'customer'
    or is_hidden(p_actor, null, p_clinic_id) then
    return false;
  end if;
  update clinics c
  set tax_bp = coalesce(p_tax_bp, c.tax_bp),
    tax_included = coalesce(p_tax_included, c.tax_included),
    desk_refund_limit = case
      when p_has_limit then p_desk_refund_limit else c.desk_refund_limit
    end,
    version = c.version + 1,
    updated_at = now()
  where c.id = p_clinic_id
  returning c.* into v_new;
  perform audit(
    'clinic.money_rules', 'clinic', p_clinic_id::text, p_clinic_id, null,
    jsonb_build_object(
      'tax_bp', v_old.tax_bp, 'tax_included', v_old.tax_included,
      'desk_refund_limit', amount_text(v_old.desk_refund_limit, v_old.currency)
    ),
    jsonb_build_object(
      'tax_bp', v_new.tax_bp, 'tax_included', v_new.tax_included,
      'desk_refund_limit', amount_text(v_new.desk_refund_limit, v_new.currency)
    ),
    p_actor
  );
  return true;
end
$$;
