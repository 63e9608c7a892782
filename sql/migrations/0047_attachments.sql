-- Files of a booking: the row is written after the file lies safe, and says what it has to contain.

alter table booking_attachments
  -- Of the whole file, in hexadecimal; every download is compared with it.
  add column sha256 text not null,
  -- A user for what the owner sent, an API key for what the clinic did.
  add column uploaded_by uuid,
  add column uploaded_by_owner boolean not null default false,
  add constraint booking_attachments_sha256_form check (sha256 ~ '^[0-9a-f]{64}$'),
  add constraint booking_attachments_url_unique unique (file_url);

-- First part of the name of every file that this database writes. A store may be shared: whoever
-- looks for files without a row must not take another database's for its own. A copy of this
-- database on another server has another name.
create function attachment_store_id() returns text
language sql stable
as $$
  select substr(md5(s.system_identifier || '/' || d.oid), 1, 12)
  from pg_control_system() s, pg_database d
  where d.datname = current_database()
$$;

-- The booking's row is locked, so that two files at once cannot pass the limits together.
create function add_attachment(
  p_attachment_id uuid, p_booking_id uuid, p_file_name text, p_file_url text, p_file_type text,
  p_file_size integer, p_sha256 text, p_description text, p_is_public boolean,
  p_count_max integer, p_bytes_max bigint, p_actor jsonb,
  out outcome text, out rule text
)
language plpgsql
as $$
declare
  v_b bookings;
  v_count integer;
  v_bytes bigint;
begin
  select * into v_b from bookings b where b.id = p_booking_id for no key update;
  if not found or is_hidden(p_actor, v_b.user_id, v_b.clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  select count(*), coalesce(sum(a.file_size), 0) into v_count, v_bytes
  from booking_attachments a
  where a.booking_id = p_booking_id;
  rule := case
    when v_count >= p_count_max then 'too_many_files'
    when v_bytes + p_file_size > p_bytes_max then 'too_many_bytes'
  end;
  if rule is not null then
    outcome := 'policy_refused';
    return;
  end if;
  insert into booking_attachments (
    id, booking_id, file_name, file_url, file_type, description, file_size, is_public, sha256,
    uploaded_by, uploaded_by_owner
  )
  values (
    p_attachment_id, p_booking_id, p_file_name, p_file_url, p_file_type, p_description,
    p_file_size, p_is_public, p_sha256, actor_id(p_actor), p_actor ->> 'kind' = 'customer'
  );
  insert into audit_log (
    clinic_id, actor_kind, actor_id, source, request_id, action, target_type, target_id, after
  )
  values (
    v_b.clinic_id, p_actor ->> 'kind', actor_id(p_actor), p_actor ->> 'source',
    p_actor ->> 'request_id', 'attachment.added', 'attachment', p_attachment_id::text,
    jsonb_build_object(
      'booking_id', p_booking_id, 'file_size', p_file_size, 'file_type', p_file_type,
      'sha256', p_sha256
    )
  );
  outcome := 'ok';
end
$$;

-- Takes the row away; the file goes afterwards, so that no row is ever without its file.
create function remove_attachment(
  p_booking_id uuid, p_attachment_id uuid, p_actor jsonb,
  out outcome text, out rule text, out file_url text
)
language plpgsql
as $$
#variable_conflict use_column
declare
  v_b bookings;
  v_a booking_attachments;
begin
  select * into v_b from bookings b where b.id = p_booking_id;
  if not found or is_hidden(p_actor, v_b.user_id, v_b.clinic_id) then
    outcome := 'not_found';
    return;
  end if;
  select * into v_a
  from booking_attachments a
  where a.id = p_attachment_id and a.booking_id = p_booking_id
  for update;
  if not found or p_actor ->> 'kind' = 'customer' and not v_a.is_public then
    outcome := 'not_found';
    return;
  end if;
  if p_actor ->> 'kind' = 'customer' and not v_a.uploaded_by_owner then
    outcome := 'policy_refused';
    rule := 'not_your_file';
    return;
  end if;
  delete from booking_attachments a where a.id = p_attachment_id;
  insert into audit_log (
    clinic_id, actor_kind, actor_id, source, request_id, action, target_type, target_id, before
  )
  values (
    v_b.clinic_id, p_actor ->> 'kind', actor_id(p_actor), p_actor ->> 'source',
    p_actor ->> 'request_id', 'attachment.removed', 'attachment', p_attachment_id::text,
    jsonb_build_object(
      'booking_id', p_booking_id, 'file_size', v_a.file_size, 'file_type', v_a.file_type,
      'sha256', v_a.sha256
    )
  );
  outcome := 'ok';
  file_url := v_a.file_url;
end
$$;
