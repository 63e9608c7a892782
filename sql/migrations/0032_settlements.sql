-- Paying a clinic its share: closed batches of ledger entries. A closed batch never changes.

create table settlements (
  id uuid primary key,
  clinic_id uuid not null references clinics (id),
  currency text not null references currencies (code),
  -- Local days of the clinic, both included.
  period_from date not null,
  period_to date not null,
  entry_count integer not null,
  total_amount numeric(15, 3) not null,
  platform_fee numeric(15, 3) not null,
  tax_amount numeric(15, 3) not null,
  -- Negative when more went back than came in.
  clinic_amount numeric(15, 3) not null,
  created_by uuid,
  created_at timestamptz not null default now(),
  constraint settlements_period_order check (period_to >= period_from),
  constraint settlements_sum check (platform_fee + clinic_amount + tax_amount = total_amount)
);

create index settlements_clinic on settlements (clinic_id, created_at, id);

create trigger settlements_append_only
before update or delete on settlements
for each row execute function refuse_change();

alter table financial_entries add column settlement_id uuid references settlements (id);
create index financial_entries_settlement on financial_entries (settlement_id, created_at, id)
  where settlement_id is not null;
create index financial_entries_unsettled on financial_entries (clinic_id, created_at)
  where settlement_id is null;

create function keep_settled_entry() returns trigger
language plpgsql
as $$
begin
  raise exception 'entry % is settled', old.id
    using errcode = 'restrict_violation', constraint = 'financial_entries_settled';
end
$$;

create trigger financial_entries_settled
before update or delete on financial_entries
for each row
when (old.settlement_id is not null)
execute function keep_settled_entry();

-- Closes a period: every entry of it that no batch has yet, marked exactly once. Entries that come
-- later (a refund by hand, dated back) wait for the next batch. One at a time per clinic.
create function create_settlement(
  p_settlement_id uuid, p_clinic_id uuid, p_from date, p_to date, p_dry_run boolean,
  p_actor jsonb,
  out outcome text, out entry_count integer, out total_amount numeric, out platform_fee numeric,
  out tax_amount numeric, out clinic_amount numeric, out currency text
)
language plpgsql
as $$
#variable_conflict use_column
declare
  v_c clinics;
  v_ids uuid[];
begin
  select * into v_c from clinics c where c.id = p_clinic_id;
  if not found or is_hidden(p_actor, null, p_clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  currency := v_c.currency;
  -- A day that still runs would leave its evening to nobody knows which batch.
  if p_to < p_from or p_to >= (now() at time zone v_c.time_zone)::date then
    outcome := 'policy_refused';
    return;
  end if;
  perform pg_advisory_xact_lock(hashtextextended(p_clinic_id::text, 32));
  select
    array_agg(e.id), count(*)::integer, coalesce(sum(e.total_amount), 0),
    coalesce(sum(e.platform_fee), 0), coalesce(sum(e.tax_amount), 0),
    coalesce(sum(e.clinic_amount), 0)
  into v_ids, entry_count, total_amount, platform_fee, tax_amount, clinic_amount
  from financial_entries e
  where e.clinic_id = p_clinic_id
    and e.currency = v_c.currency
    and e.settlement_id is null
    and e.status = 'pending'
    and e.created_at >= p_from::timestamp at time zone v_c.time_zone
    and e.created_at < (p_to + 1)::timestamp at time zone v_c.time_zone;
  outcome := 'ok';
  if p_dry_run then return; end if;
  if entry_count = 0 then
    outcome := 'conflict';
    return;
  end if;
  insert into settlements (
    id, clinic_id, currency, period_from, period_to, entry_count, total_amount, platform_fee,
    tax_amount, clinic_amount, created_by
  )
  values (
    p_settlement_id, p_clinic_id, v_c.currency, p_from, p_to, entry_count, total_amount,
    platform_fee, tax_amount, clinic_amount, actor_id(p_actor)
  );
  update financial_entries e
  set settlement_id = p_settlement_id, status = 'settled', settlement_date = now(),
    updated_at = now()
  where e.id = any (v_ids);
  insert into audit_log (
    clinic_id, actor_kind, actor_id, source, request_id, action, target_type, target_id, after
  )
  values (
    p_clinic_id, p_actor ->> 'kind', actor_id(p_actor), p_actor ->> 'source',
    p_actor ->> 'request_id', 'settlement.created', 'settlement', p_settlement_id::text,
    jsonb_build_object(
      'from', p_from, 'to', p_to, 'entry_count', entry_count,
      'clinic_amount', amount_text(clinic_amount, v_c.currency)
    )
  );
end
$$;
