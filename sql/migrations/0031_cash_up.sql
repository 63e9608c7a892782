-- The end of a day at the desk: what came in by which means, and what lies in the drawer.

-- Every count is kept; a recount is another row. `expected` is what the ledger said at that moment.
create table cash_counts (
  id uuid primary key default gen_random_uuid(),
  clinic_id uuid not null references clinics (id),
  business_date date not null,
  expected numeric(15, 3) not null,
  counted numeric(15, 3) not null,
  difference numeric(15, 3) not null generated always as (counted - expected) stored,
  currency text not null references currencies (code),
  note text,
  counted_by uuid,
  created_at timestamptz not null default now(),
  constraint cash_counts_not_negative check (counted >= 0)
);

create index cash_counts_day on cash_counts (clinic_id, business_date, created_at);

create trigger cash_counts_append_only
before update or delete on cash_counts
for each row execute function refuse_change();

-- The ledger of one local day by means of payment, in the clinic's currency. A day of 23 or 25
-- hours is as long as it is.
create function cash_up(p_clinic_id uuid, p_date date)
returns table (
  payment_method text, taken numeric, taken_count integer, returned numeric,
  returned_count integer
)
language sql stable
as $$
  select
    p.payment_method,
    coalesce(sum(e.total_amount) filter (where e.type = 'payment'), 0),
    (count(*) filter (where e.type = 'payment'))::integer,
    -coalesce(sum(e.total_amount) filter (where e.type <> 'payment'), 0),
    (count(*) filter (where e.type <> 'payment'))::integer
  from clinics c
  join financial_entries e on e.clinic_id = c.id and e.currency = c.currency
    and e.created_at >= p_date::timestamp at time zone c.time_zone
    and e.created_at < (p_date + 1)::timestamp at time zone c.time_zone
  join payments p on p.id = e.payment_id
  where c.id = p_clinic_id
  group by p.payment_method
  order by p.payment_method
$$;

create function expected_cash(p_clinic_id uuid, p_date date) returns numeric
language sql stable
as $$
  select coalesce(sum(u.taken - u.returned), 0)
  from cash_up(p_clinic_id, p_date) u
  where u.payment_method = 'cash'
$$;

create function count_cash(
  p_clinic_id uuid, p_date date, p_counted numeric, p_note text, p_actor jsonb,
  out outcome text, out count_id uuid
)
language plpgsql
as $$
declare
  v_c clinics;
  v_n cash_counts;
begin
  select * into v_c from clinics c where c.id = p_clinic_id;
  if not found or is_hidden(p_actor, null, p_clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  outcome := case
    when p_date > (now() at time zone v_c.time_zone)::date then 'policy_refused'
    when p_counted < 0 or p_counted <> trunc(p_counted, (
      select c.exponent from currencies c where c.code = v_c.currency
    )) then 'policy_refused'
  end;
  if outcome is not null then return; end if;
  insert into cash_counts (
    clinic_id, business_date, expected, counted, currency, note, counted_by
  )
  values (
    p_clinic_id, p_date, expected_cash(p_clinic_id, p_date), p_counted, v_c.currency, p_note,
    actor_id(p_actor)
  )
  returning * into v_n;
  insert into audit_log (
    clinic_id, actor_kind, actor_id, source, request_id, action, target_type, target_id, reason,
    after
  )
  values (
    p_clinic_id, p_actor ->> 'kind', actor_id(p_actor), p_actor ->> 'source',
    p_actor ->> 'request_id', 'cash.counted', 'clinic', p_clinic_id::text, p_note,
    jsonb_build_object(
      'date', p_date, 'counted', amount_text(v_n.counted, v_n.currency),
      'expected', amount_text(v_n.expected, v_n.currency),
      'difference', amount_text(v_n.difference, v_n.currency)
    )
  );
  outcome := 'ok';
  count_id := v_n.id;
end
$$;
