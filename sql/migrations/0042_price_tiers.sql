-- Prices of several kinds for one service or one slot, and tax that comes on top. An ordinary
-- service (one price, tax contained) never comes here: hold_slot asks only when the rows it reads
-- anyway say so.

-- A tier is one named price. slot_id null = for all slots of the service that fit weekdays and
-- times; a slot's own tier replaces the service's of the same name. Tiers are withdrawn, never
-- deleted: seats and price lines name them.
alter table price_tiers
  drop constraint price_tiers_name_unique,
  add column slot_id uuid references slots (id) on delete cascade,
  -- Of this tier, per slot; null = as many as the slot has.
  add column seats_limit integer,
  -- When it can be bought: from (included) to (not included).
  add column sale_from timestamptz,
  add column sale_until timestamptz,
  add column min_quantity integer not null default 1,
  add column max_quantity integer not null default 50,
  -- What a caller gets who names no tier.
  add column is_default boolean not null default false,
  -- [{"from": 4, "price": 80000, "per": "seat" | "package"}]: from that many seats on, each seat
  -- costs this, or each full package of `from` seats does.
  add column quantity_prices jsonb not null default '[]',
  add column is_active boolean not null default true,
  add column version integer not null default 1,
  add column updated_at timestamptz not null default now(),
  add constraint price_tiers_limit_range check (seats_limit between 1 and 10000),
  add constraint price_tiers_sale_order check (sale_until > sale_from),
  add constraint price_tiers_quantity_order check (
    min_quantity >= 1 and max_quantity between min_quantity and 50
  ),
  add constraint price_tiers_quantity_prices_list check (jsonb_typeof(quantity_prices) = 'array');
create unique index price_tiers_name on price_tiers (
  service_id, coalesce(slot_id, '00000000-0000-0000-0000-000000000000'), lower(name)
);
create unique index price_tiers_one_default on price_tiers (
  service_id, coalesce(slot_id, '00000000-0000-0000-0000-000000000000')
) where is_default and is_active;

alter table services
  -- Kept by set_price_tier: the ordinary service's hold reads no tier.
  add column has_tiers boolean not null default false;
alter table clinics
  -- false: prices are without tax, which comes on top of them.
  add column tax_included boolean not null default true,
  -- What the desk may give back on its own, of one booking; more is a manager's. null = everything
  -- that the desk asks for waits for a manager.
  add column desk_refund_limit numeric(15, 3),
  add constraint clinics_refund_limit_range check (desk_refund_limit >= 0);

alter table refunds
  -- Given back by the desk within its limit: these add up.
  add column within_limit boolean not null default false;

-- price_lines is null where price x seats says it all. tax_amount is set together with it.
alter table reservations
  add column price_lines jsonb,
  add column tax_amount numeric(15, 3);
alter table bookings
  add column price_lines jsonb,
  add column tax_amount numeric(15, 3),
  add constraint bookings_tax_range check (tax_amount between 0 and amount);

-- The seats that the doorman had locked when the judge was asked; null: judged without a lock,
-- which was put there afterwards. For the trace.
alter table reservation_log_entries
  add column door_seats integer[];

-- The guard of a tier's seats: numbered places, as the seats themselves. They go with the seat.
alter table slot_claims
  add column tier_id uuid,
  add column tier_place integer;
create unique index slot_claims_tier_place on slot_claims (slot_id, tier_id, tier_place)
  where tier_id is not null;

-- The tiers that a slot is sold in, whether or not they are on sale now.
create function tiers_of_slot(p_slot_id uuid) returns setof price_tiers
language sql stable
as $$
  select distinct on (lower(t.name)) t.*
  from slots sl
  join price_tiers t on t.service_id = sl.service_id
  where sl.id = p_slot_id
    and t.is_active
    and (t.slot_id is null or t.slot_id = sl.id)
    and extract(isodow from sl.slot_date) = any (t.weekdays)
    and sl.slot_start_time >= t.from_time
    and sl.slot_start_time < t.to_time
  order by lower(t.name), t.slot_id nulls last
$$;

-- Seats of a tier that can still be had; overdue holds count as free, because a hold clears them.
create function tier_remaining(p_slot_id uuid, p_tier_id uuid, p_limit integer) returns integer
language sql stable
as $$
  select greatest(0, least(
    p_limit - count(*) filter (where c.tier_id = p_tier_id),
    sl.capacity - count(c.seat)
  ))::integer
  from slots sl
  left join slot_claims c on c.slot_id = sl.id and (c.expires_at is null or c.expires_at > now())
  where sl.id = p_slot_id
  group by sl.capacity
$$;

-- Whether a slot has too few seats left in some tier of the lines.
create function lacks_tiers(p_slot_id uuid, p_capacity integer, p_lines jsonb) returns boolean
language sql stable
as $$
  select exists (
    select
    from (
      select (l ->> 'tier_id')::uuid as tier_id, sum((l ->> 'seats')::integer) as seats
      from jsonb_array_elements(p_lines) as l
      where l ->> 'tier_id' is not null
      group by l ->> 'tier_id'
    ) as w
    join price_tiers t on t.id = w.tier_id
    where tier_remaining(p_slot_id, t.id, least(coalesce(t.seats_limit, p_capacity), p_capacity))
      < w.seats
  )
$$;

-- One line of a price. amount = unit_price x units; seats = how many seats that is.
create function price_line(
  p_tier price_tiers, p_seats integer, p_units integer, p_unit text, p_price numeric
) returns jsonb
language sql immutable
as $$
  select jsonb_build_object(
    'tier_id', p_tier.id, 'tier', p_tier.name, 'seats', p_seats, 'units', p_units,
    'unit', p_unit, 'unit_price', p_price, 'amount', p_price * p_units
  )
$$;

-- What some seats of one tier cost: the quantity price with the highest `from` that they reach.
create function price_tier_lines(p_tier price_tiers, p_seats integer) returns jsonb
language plpgsql immutable
as $$
declare
  v_rule jsonb;
  v_from integer;
  v_price numeric;
begin
  select r into v_rule
  from jsonb_array_elements(p_tier.quantity_prices) as r
  where (r ->> 'from')::integer <= p_seats
  order by (r ->> 'from')::integer desc
  limit 1;
  if v_rule is null then
    return jsonb_build_array(price_line(p_tier, p_seats, p_seats, 'seat', p_tier.price));
  end if;
  v_from := (v_rule ->> 'from')::integer;
  v_price := (v_rule ->> 'price')::numeric;
  if v_rule ->> 'per' = 'seat' then
    return jsonb_build_array(price_line(p_tier, p_seats, p_seats, 'seat', v_price));
  end if;
  return jsonb_build_array(
      price_line(p_tier, p_seats / v_from * v_from, p_seats / v_from, 'package', v_price)
    ) || case
      when p_seats % v_from = 0 then '[]'::jsonb
      else jsonb_build_array(
        price_line(p_tier, p_seats % v_from, p_seats % v_from, 'seat', p_tier.price)
      )
    end;
end
$$;

-- Adds tax to lines: on top of them, or contained. Rounded once, over all; the lines share it by
-- largest remainder. The twin of taxLines in src/domain/pricing.ts; a test compares them.
create function tax_lines(
  p_lines jsonb, p_currency text, p_tax_bp integer, p_tax_included boolean,
  out lines jsonb, out amount numeric, out tax_amount numeric
)
language plpgsql stable
as $$
declare
  v_exponent integer := (select c.exponent from currencies c where c.code = p_currency);
  v_unit numeric := power(10::numeric, v_exponent);
  v_weights numeric[];
  v_sum numeric;
  v_tax numeric;
  v_shares bigint[];
begin
  select array_agg((l ->> 'amount')::numeric * v_unit order by i) into v_weights
  from jsonb_array_elements(p_lines) with ordinality as u (l, i);
  select sum(w) into v_sum from unnest(v_weights) as w;
  v_tax := round(
    v_sum * p_tax_bp / case when p_tax_included then 10000 + p_tax_bp else 10000 end
  );
  v_shares := case
    when v_tax = 0 then array_fill(0::bigint, array[cardinality(v_weights)])
    else split_minor(v_tax::bigint, v_weights)
  end;
  tax_amount := round(v_tax / v_unit, v_exponent);
  amount := round((v_sum + case when p_tax_included then 0 else v_tax end) / v_unit, v_exponent);
  select jsonb_agg(
      l || jsonb_build_object(
        'unit_price', round((l ->> 'unit_price')::numeric, v_exponent)::text,
        'amount', round((l ->> 'amount')::numeric, v_exponent)::text,
        'tax_amount', round(v_shares[i] / v_unit, v_exponent)::text,
        'total', round(
          (l ->> 'amount')::numeric + case when p_tax_included then 0 else v_shares[i] / v_unit end,
          v_exponent
        )::text
      ) order by i
    ) into lines
  from jsonb_array_elements(p_lines) with ordinality as u (l, i);
end
$$;

-- Prices seats of a slot. p_items: [{"tier": "Adult", "quantity": 2}], or null for the default
-- tier. problem: null | tier_unknown | tier_needed | tier_not_on_sale | tier_quantity | tier_items;
-- `tier` says about which. p_is_move: a booking that moves keeps its tiers also when their sale is
-- over.
create function price_items(
  p_slot_id uuid, p_items jsonb, p_quantity integer, p_base_price numeric, p_currency text,
  p_tax_bp integer, p_tax_included boolean, p_is_move boolean,
  out problem text, out tier text, out lines jsonb, out amount numeric, out tax_amount numeric
)
language plpgsql stable
as $$
#variable_conflict use_column
declare
  v_item record;
  v_t price_tiers;
  v_lines jsonb := '[]';
begin
  if p_items is null then
    select t.* into v_t from tiers_of_slot(p_slot_id) t order by t.is_default desc limit 1;
    if v_t.is_default then
      p_items := jsonb_build_array(jsonb_build_object('tier', v_t.name, 'quantity', p_quantity));
    elsif v_t.id is not null then
      problem := 'tier_needed';
      return;
    else
      -- No tier fits this slot: the ordinary price, with tax on top.
      v_lines := jsonb_build_array(price_line(null, p_quantity, p_quantity, 'seat', p_base_price));
    end if;
  end if;
  if p_items is not null and (
    jsonb_array_length(p_items) not between 1 and 10
    or (select sum((i ->> 'quantity')::integer) from jsonb_array_elements(p_items) i)
      <> p_quantity
    or (select count(distinct lower(i ->> 'tier')) from jsonb_array_elements(p_items) i)
      <> jsonb_array_length(p_items)
  ) then
    problem := 'tier_items';
    return;
  end if;
  for v_item in
    select i ->> 'tier' as tier, (i ->> 'quantity')::integer as quantity
    from jsonb_array_elements(p_items) i
  loop
    tier := v_item.tier;
    select t.* into v_t from tiers_of_slot(p_slot_id) t where lower(t.name) = lower(v_item.tier);
    problem := case
      when v_t.id is null then 'tier_unknown'
      when not p_is_move and (v_t.sale_from > now() or v_t.sale_until <= now())
        then 'tier_not_on_sale'
      when not p_is_move
        and v_item.quantity not between v_t.min_quantity and v_t.max_quantity
        then 'tier_quantity'
    end;
    if problem is not null then return; end if;
    v_lines := v_lines || price_tier_lines(v_t, v_item.quantity);
  end loop;
  tier := null;
  select x.lines, x.amount, x.tax_amount into lines, amount, tax_amount
  from tax_lines(v_lines, p_currency, p_tax_bp, p_tax_included) x;
end
$$;

-- Gives claimed seats of a slot for several their tiers, in the order of the lines. Null = done;
-- else the tier of which not enough is left (or `busy`: rivals kept winning). Tiers are taken in
-- the order of their ids and places upwards, so that two takers never wait in a circle; a rival's
-- place is waited for, not read.
create function claim_tiers(
  p_slot_id uuid, p_capacity integer, p_reservation_id uuid, p_seats integer[], p_lines jsonb,
  out tier text, out busy boolean
)
language plpgsql
as $$
#variable_conflict use_column
declare
  v_t record;
  v_limit integer;
  v_places integer[];
begin
  busy := false;
  for v_t in
    with given as (
      select (l ->> 'tier_id')::uuid as tier_id, l ->> 'tier' as tier,
        (l ->> 'seats')::integer as seats,
        sum((l ->> 'seats')::integer) over (order by i) as last_seat
      from jsonb_array_elements(p_lines) with ordinality as u (l, i)
    )
    select g.tier_id, min(g.tier) as tier, array_agg(s.seat order by s.seat) as seats
    from given g
    join (
      select seat, n from unnest(p_seats) with ordinality as u (seat, n)
    ) s on s.n > g.last_seat - g.seats and s.n <= g.last_seat
    where g.tier_id is not null
    group by g.tier_id
    order by g.tier_id
  loop
    select least(coalesce(t.seats_limit, p_capacity), p_capacity) into v_limit
    from price_tiers t
    where t.id = v_t.tier_id;
    tier := v_t.tier;
    busy := true;
    for v_try in 1..8 loop
      -- Only as many of the lowest free places as the limit leaves: places above it, sold before
      -- the limit was lowered, count too.
      select array_agg(f.place order by f.place) into v_places
      from (
        select w.place
        from (
          select s as place
          from generate_series(1, v_limit) as s
          where not exists (
            select from slot_claims c
            where c.slot_id = p_slot_id and c.tier_id = v_t.tier_id and c.tier_place = s
          )
          order by s
          limit greatest(0, v_limit - (
            select count(*) from slot_claims c
            where c.slot_id = p_slot_id and c.tier_id = v_t.tier_id
          ))
        ) w
        order by random()
        limit cardinality(v_t.seats)
      ) f;
      if coalesce(cardinality(v_places), 0) < cardinality(v_t.seats) then
        busy := false;
        return;
      end if;
      begin
        for v_n in 1..cardinality(v_places) loop
          update slot_claims c
          set tier_id = v_t.tier_id, tier_place = v_places[v_n]
          where c.slot_id = p_slot_id
            and c.seat = v_t.seats[v_n]
            and c.reservation_id = p_reservation_id;
        end loop;
        busy := false;
        exit;
      exception when unique_violation then
        null;
      end;
    end loop;
    if busy then return; end if;
    tier := null;
  end loop;
end
$$;

-- As claim_place, and the places of the tiers with it, or nothing at all.
-- outcome: as claim_place, or tier_full with the tier.
create function claim_priced_place(
  p_reservation_id uuid, p_user_id uuid, p_quantity integer, p_wanted integer[],
  p_expires_at timestamptz, p_slot slots, p_lines jsonb, p_wish jsonb default null,
  out outcome text, out seats integer[], out tier text
)
language plpgsql
as $$
#variable_conflict use_column
declare
  v_tiers record;
begin
  begin
    select c.outcome, c.seats into outcome, seats
    from claim_place(
      p_reservation_id, p_user_id, p_quantity, p_wanted, p_expires_at, p_slot,
      -- Where seats are numbered, those of the right tiers (0069).
      coalesce(p_wish, '{}') || jsonb_build_object('items', items_of_lines(p_lines))
    ) as c;
    -- A slot for one has no shares to guard.
    if outcome <> 'ok' or p_slot.capacity = 1 or p_lines is null then return; end if;
    select t.* into v_tiers
    from claim_tiers(p_slot.id, p_slot.capacity, p_reservation_id, seats, p_lines) t;
    if v_tiers.tier is null then
      seats := array(select s from unnest(seats) as s order by s);
      return;
    end if;
    raise exception using errcode = 'PP002', message = 'a tier is sold out';
  exception when sqlstate 'PP002' then
    -- Undone by the end of this block: seats, vet and room too.
    outcome := case when v_tiers.busy then 'contended' else 'tier_full' end;
    tier := v_tiers.tier;
    seats := null;
  end;
end
$$;

-- Names of tiers and seats of each, as price_items takes them, from the lines of an earlier price.
create function items_of_lines(p_lines jsonb) returns jsonb
language sql immutable
as $$
  select jsonb_agg(jsonb_build_object('tier', g.tier, 'quantity', g.seats) order by g.first)
  from (
    select l ->> 'tier' as tier, sum((l ->> 'seats')::integer) as seats, min(i) as first
    from jsonb_array_elements(p_lines) with ordinality as u (l, i)
    where l ->> 'tier' is not null
    group by l ->> 'tier'
  ) g
$$;

-- Items of a booking: one per price line, or the one that price x seats makes.
create function write_booking_items(p_b bookings) returns void
language sql
as $$
  insert into booking_items (
    booking_id, position, service_id, slot_id, name, quantity, unit_price, amount
  )
  select p_b.id, 1, p_b.service_id, p_b.slot_id, p_b.service_snapshot ->> 'name', p_b.quantity,
    p_b.amount / p_b.quantity, p_b.amount
  where p_b.price_lines is null
  union all
  select p_b.id, i, p_b.service_id, p_b.slot_id,
    concat_ws(', ', p_b.service_snapshot ->> 'name', l ->> 'tier'), (l ->> 'units')::integer,
    (l ->> 'unit_price')::numeric, (l ->> 'amount')::numeric
  from jsonb_array_elements(p_b.price_lines) with ordinality as u (l, i)
$$;

-- Fee, clinic share and tax of a payment. Where the booking says what tax it holds, each payment
-- carries its share of exactly that: the sum so far, rounded, less what is entered already.
create or replace function enter_payment(p_b bookings, p_p payments) returns void
language plpgsql
as $$
declare
  v_share numeric[];
  v_exponent integer;
  v_before numeric;
  v_tax numeric;
  v_tax_before numeric;
begin
  v_share := split_payment(
    p_p.amount, p_p.currency,
    (p_b.service_snapshot ->> 'commission_bp')::integer,
    (p_b.service_snapshot ->> 'tax_bp')::integer
  );
  if p_b.tax_amount is not null and p_b.amount > 0 then
    select c.exponent into v_exponent from currencies c where c.code = p_p.currency;
    select coalesce(sum(e.total_amount), 0), coalesce(sum(e.tax_amount), 0)
    into v_before, v_tax_before
    from financial_entries e
    where e.booking_id = p_b.id and e.type = 'payment';
    v_tax := round(p_b.tax_amount * (v_before + p_p.amount) / p_b.amount, v_exponent)
      - v_tax_before;
    v_tax := least(greatest(v_tax, 0), p_p.amount);
    v_share[1] := least(
      round(
        p_p.amount * (p_b.service_snapshot ->> 'commission_bp')::integer / 10000, v_exponent
      ),
      p_p.amount - v_tax
    );
    v_share[3] := v_tax;
    v_share[2] := p_p.amount - v_share[1] - v_tax;
  end if;
  insert into financial_entries (
    booking_id, payment_id, clinic_id, type, total_amount, platform_fee, clinic_amount, tax_amount,
    currency, transaction_reference
  )
  values (
    p_b.id, p_p.id, p_b.clinic_id, 'payment', p_p.amount, v_share[1], v_share[2], v_share[3],
    p_p.currency, p_p.external_reference
  );
end
$$;
