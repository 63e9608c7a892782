-- Text, numbers and addresses as they are compared when somebody is looked for. docs/search.md

-- What is compared instead of what was written: no case, accents, widths, vowel points or kana of one
-- kind. src/domain/search.ts says the same (a test compares them). No locale of the server has a say
-- in it, so that indices stay true when a database moves.
create function fold_text(p_text text)
returns text
language sql
immutable strict parallel safe
as $$
  select case
    -- Most names: the same in a tenth of the time.
    when p_text ~ '^[ -~]*$' then btrim(regexp_replace(
      translate(lower(p_text collate "C"), '''`', ''), '[^a-z0-9]+', ' ', 'g'
    ))
    else btrim(regexp_replace(
      replace(replace(replace(replace(
        translate(
          normalize(
            regexp_replace(
              normalize(p_text, nfkd),
              '[''`\u00ad\u02bb\u02bc\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1'
              || '\u05c2\u05c4-\u05c5\u05c7\u064b-\u065f\u0670\u200b-\u200f'
              || '\u2018\u2019\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]',
              '', 'g'
            ),
            nfc
          ),
          'ABCDEFGHIJKLMNOPQRSTUVWXYZÆŒÞŊẞØøĐđÐðŁłı'
          || 'ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩς'
          || 'АБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯЂЄЅІЈЉЊЋЏ'
          || 'ァアィイゥウェエォオカガキギクグケゲコゴサザシジスズセゼソゾタダチヂッツヅテデトドナニヌネノハ'
          || 'バパヒビピフブプヘベペホボポマミムメモャヤュユョヨラリルレロヮワヰヱヲンヴヵヶヽヾ',
          'abcdefghijklmnopqrstuvwxyzæœþŋßooddddlli'
          || 'αβγδεζηθικλμνξοπρστυφχψωσ'
          || 'абвгдежзиклмнопрстуфхцчшщъыьэюяђєѕіјљњћџ'
          || 'ぁあぃいぅうぇえぉおかがきぎくぐけげこごさざしじすずせぜそぞただちぢっつづてでとどなにぬねのは'
          || 'ばぱひびぴふぶぷへべぺほぼぽまみむめもゃやゅゆょよらりるれろゎわゐゑをんゔゕゖゝゞ'
        ),
        'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'),
      '[\u0001-/:-@[-`{-\u00bf\u00d7\u00f7\u060c\u061b\u061f\u06d4\u2000-\u205f'
      || '\u2e00-\u2e5d\u3000-\u3004\u3008-\u3020\u3030\u303d\u30fb]+',
      ' ', 'g'
    ))
  end;
$$;

-- The words of a name. Scripts that put no space between words can be found from any sign on:
-- 山田太郎 also by 太郎. At most 24 words of 60 signs.
create function fold_words(p_text text)
returns text[]
language plpgsql
immutable strict parallel safe
as $$
declare
  v_text text := fold_text(p_text);
begin
  if length(v_text) <= 60 and v_text !~ '[\u0e00-\u0eff\u2e80-\U0010ffff]' then
    return string_to_array(v_text, ' ');
  end if;
  return (
    select coalesce(array_agg(distinct w.word), '{}')
    from (
      select left(t.word, 60) as word
      from unnest(string_to_array(v_text, ' ')) with ordinality as t (word, n)
      where t.word <> '' and t.n <= 24
    ) as x
    cross join lateral (
      select x.word
      union all
      select substr(x.word, i)
      from generate_series(2, least(length(x.word), 16)) as i
      where x.word ~ '[\u0e00-\u0eff\u2e80-\U0010ffff]'
    ) as w
  );
end
$$;

-- An address as it is compared: width and case of ASCII letters do not count.
create function fold_email(p_email text)
returns text
language sql
immutable strict parallel safe
as $$
  select left(
    translate(
      btrim(normalize(p_email, nfkc)), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz'
    ),
    254
  );
$$;

-- A number back to front, so that "ends with 5678" is a prefix: +62 812-3456, 0062 812-3456, +62 (0)812
-- 3456 and 62812-3456 give one key, 0812-3456 its beginning. 62 Indonesia, 81 Japan, 49 Germany:
-- where a 0 goes before the number at home and is left out behind the country.
create function phone_key(p_phone text)
returns text
language sql
immutable strict parallel safe
as $$
  select nullif(reverse(left(
    case
      when x.text ~ '^\s*(\+|00)'
        then regexp_replace(ltrim(x.digits, '0'), '^(62|81|49)0', '\1')
      else regexp_replace(x.digits, '^0', '')
    end, 32
  )), '')
  from (
    select n.text, regexp_replace(n.text, '[^0-9]', '', 'g') as digits
    from (select normalize(p_phone, nfkc) as text) as n
  ) as x;
$$;

-- Clinics by city and name, however they are written.
alter table clinics
  add column name_folded text generated always as (fold_text(name)) stored,
  add column city_folded text generated always as (fold_text(city)) stored;
drop index clinics_city;
create index clinics_city on clinics (city_folded);
create index clinics_name on clinics (name, id) where is_active;
create index services_category on services (lower(category), clinic_id) where is_available;
