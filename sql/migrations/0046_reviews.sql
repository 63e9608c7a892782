-- Reviews: written by the owner of a completed visit, looked after by the clinic, counted exactly.

-- status says all; is_published (seed 002) follows from it and cannot contradict it.
alter table reviews
  drop column is_published,
  add column status text not null default 'published',
  add column decision_reason text,
  add column decided_by uuid,
  add column decided_at timestamptz,
  add column reply text,
  add column replied_by uuid,
  add column replied_at timestamptz,
  add column edited_at timestamptz,
  add column version integer not null default 1,
  add constraint reviews_status_known check (status in ('pending', 'published', 'rejected')),
  add constraint reviews_rejected_with_reason check (
    status <> 'rejected' or decision_reason is not null
  );
alter table reviews
  add column is_published boolean not null generated always as (status = 'published') stored;

create index reviews_clinic on reviews (clinic_id, created_at, id);
create index reviews_waiting on reviews (clinic_id, created_at, id) where status = 'pending';
create index reviews_user on reviews (user_id);

-- How many published reviews gave which mark: what averages are made of. Kept by the trigger below
-- in the statement that changes a review (invariant `ratings`), so that a page of a busy clinic
-- does not count all of them.
create table clinic_ratings (
  clinic_id uuid not null references clinics (id),
  -- `overall`, or a part of a visit that was rated by itself.
  category text not null,
  rating integer not null,
  review_count integer not null,
  constraint clinic_ratings_pkey primary key (clinic_id, category, rating)
);

-- The marks that one review gives.
create function review_marks(p_rating integer, p_breakdown jsonb)
returns table (category text, rating integer)
language sql immutable
as $$
  select 'overall', p_rating
  union all
  select b.key, b.value::text::integer
  from jsonb_each(p_breakdown) b
$$;

create function count_review() returns trigger
language plpgsql
as $$
begin
  -- In one order, so that two reviews of a clinic wait for each other instead of deadlocking.
  insert into clinic_ratings as c (clinic_id, category, rating, review_count)
  select d.clinic_id, d.category, d.rating, sum(d.step)
  from (
    select new.clinic_id, m.category, m.rating, 1 as step
    from review_marks(new.rating, new.ratings_breakdown) m
    where tg_op <> 'DELETE' and new.is_published
    union all
    select old.clinic_id, m.category, m.rating, -1
    from review_marks(old.rating, old.ratings_breakdown) m
    where tg_op <> 'INSERT' and old.is_published
  ) as d
  group by d.clinic_id, d.category, d.rating
  having sum(d.step) <> 0
  order by d.clinic_id, d.category, d.rating
  on conflict (clinic_id, category, rating) do update
  set review_count = c.review_count + excluded.review_count;
  return null;
end
$$;

create trigger reviews_counted
after insert or update or delete on reviews
for each row execute function count_review();

create function audit_review(
  p_old reviews, p_new reviews, p_action text, p_reason text, p_actor jsonb
) returns void
language sql
as $$
  insert into audit_log (
    clinic_id, actor_kind, actor_id, source, request_id, action, target_type, target_id, reason,
    before, after
  )
  values (
    p_new.clinic_id, p_actor ->> 'kind', actor_id(p_actor), p_actor ->> 'source',
    p_actor ->> 'request_id', p_action, 'review', p_new.id::text, p_reason,
    jsonb_build_object('status', p_old.status, 'rating', p_old.rating, 'version', p_old.version),
    jsonb_build_object('status', p_new.status, 'rating', p_new.rating, 'version', p_new.version)
  )
$$;

-- A review of one's own completed visit; the unique index lets one of several at once win.
-- p_needs_look: a person has to read the text before others do.
create function submit_review(
  p_booking_id uuid, p_rating integer, p_breakdown jsonb, p_comment text, p_needs_look boolean,
  p_actor jsonb,
  out outcome text, out rule text, out review_id uuid
)
language plpgsql
as $$
declare
  v_b bookings;
  v_r reviews;
begin
  select * into v_b from bookings b where b.id = p_booking_id;
  if not found or p_actor ->> 'kind' <> 'customer' or actor_id(p_actor) <> v_b.user_id then
    outcome := 'not_found';
    return;
  end if;
  rule := case
    when v_b.status <> 'completed' then 'visit_not_completed'
    -- Who remembers less than this is no help to others.
    when v_b.completed_at < now() - interval '90 days' then 'review_too_late'
  end;
  if rule is not null then
    outcome := 'policy_refused';
    return;
  end if;
  insert into reviews (
    booking_id, user_id, clinic_id, service_id, rating, comment, is_verified, ratings_breakdown,
    status
  )
  values (
    v_b.id, v_b.user_id, v_b.clinic_id, v_b.service_id, p_rating, p_comment, true, p_breakdown,
    case when p_needs_look then 'pending' else 'published' end
  )
  on conflict on constraint reviews_booking_unique do nothing
  returning * into v_r;
  if v_r.id is null then
    outcome := 'conflict';
    rule := 'reviewed_already';
    return;
  end if;
  -- Fields per seed 002, ReviewSubmitted.
  perform emit_event(
    'review.submitted', 'review', v_r.id, v_r.version, v_r.clinic_id, p_actor ->> 'request_id',
    jsonb_build_object(
      'review_id', v_r.id, 'booking_id', v_r.booking_id, 'user_id', v_r.user_id,
      'clinic_id', v_r.clinic_id, 'service_id', v_r.service_id, 'rating', v_r.rating,
      'status', v_r.status, 'submitted_at', v_r.created_at
    )
  );
  outcome := 'ok';
  review_id := v_r.id;
end
$$;

-- The owner's second thoughts, for a week. A rejected review waits for another look.
create function edit_review(
  p_review_id uuid, p_rating integer, p_breakdown jsonb, p_comment text, p_needs_look boolean,
  p_expected_version integer, p_actor jsonb,
  out outcome text, out rule text, out version integer
)
language plpgsql
as $$
#variable_conflict use_column
declare
  v_old reviews;
  v_r reviews;
begin
  select * into v_old from reviews r where r.id = p_review_id for no key update;
  if not found or p_actor ->> 'kind' <> 'customer' or actor_id(p_actor) <> v_old.user_id then
    outcome := 'not_found';
    return;
  end if;
  version := v_old.version;
  if p_expected_version <> v_old.version then
    outcome := 'conflict';
    return;
  end if;
  if v_old.created_at < now() - interval '7 days' then
    outcome := 'policy_refused';
    rule := 'edit_window_over';
    return;
  end if;
  update reviews r
  set rating = p_rating,
    ratings_breakdown = p_breakdown,
    comment = p_comment,
    status = case when p_needs_look or r.status <> 'published' then 'pending' else r.status end,
    decision_reason = null,
    edited_at = now(),
    updated_at = now(),
    version = r.version + 1
  where r.id = p_review_id
  returning r.* into v_r;
  perform audit_review(v_old, v_r, 'review.edited', null, p_actor);
  outcome := 'ok';
  version := v_r.version;
end
$$;

-- The clinic lets a review be seen, or not; saying it twice changes nothing.
create function decide_review(
  p_review_id uuid, p_decision text, p_reason text, p_expected_version integer, p_actor jsonb,
  out outcome text, out version integer
)
language plpgsql
as $$
#variable_conflict use_column
declare
  v_old reviews;
  v_r reviews;
begin
  select * into v_old from reviews r where r.id = p_review_id for no key update;
  if not found or is_hidden(p_actor, v_old.user_id, v_old.clinic_id)
    or p_actor ->> 'kind' = 'customer' then
    outcome := 'not_found';
    return;
  end if;
  version := v_old.version;
  outcome := 'ok';
  if v_old.status = p_decision then return; end if;
  if p_expected_version <> v_old.version then
    outcome := 'conflict';
    return;
  end if;
  update reviews r
  set status = p_decision,
    decision_reason = p_reason,
    decided_by = actor_id(p_actor),
    decided_at = now(),
    updated_at = now(),
    version = r.version + 1
  where r.id = p_review_id
  returning r.* into v_r;
  perform audit_review(v_old, v_r, 'review.' || p_decision, p_reason, p_actor);
  version := v_r.version;
end
$$;

-- The clinic's public answer; null takes it back.
create function reply_review(
  p_review_id uuid, p_reply text, p_expected_version integer, p_actor jsonb,
  out outcome text, out version integer
)
language plpgsql
as $$
#variable_conflict use_column
declare
  v_old reviews;
  v_r reviews;
begin
  select * into v_old from reviews r where r.id = p_review_id for no key update;
  if not found or is_hidden(p_actor, v_old.user_id, v_old.clinic_id)
    or p_actor ->> 'kind' = 'customer' then
    outcome := 'not_found';
    return;
  end if;
  version := v_old.version;
  outcome := 'ok';
  if v_old.reply is not distinct from p_reply then return; end if;
  if p_expected_version <> v_old.version then
    outcome := 'conflict';
    return;
  end if;
  update reviews r
  set reply = p_reply,
    replied_by = case when p_reply is not null then actor_id(p_actor) end,
    replied_at = case when p_reply is not null then now() end,
    updated_at = now(),
    version = r.version + 1
  where r.id = p_review_id
  returning r.* into v_r;
  perform audit_review(v_old, v_r, 'review.replied', null, p_actor);
  version := v_r.version;
end
$$;
