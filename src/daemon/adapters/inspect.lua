-- Reads one key under our prefix, whatever is in it.
--
-- Input:  KEYS[1]  the key
-- Output: {}       there is no such key
--         {head, length, token, pttl}
--                  head: the first 200 bytes of a text ('' for other types); length: bytes, -1 = no text;
--                  token: fingerprint of the content; pttl: ms left, -1 = without end
local kind = redis.call('TYPE', KEYS[1])['ok']
if kind == 'none' then return {} end
local pttl = redis.call('PTTL', KEYS[1])
if kind ~= 'string' then return {'', -1, '~' .. kind, pttl} end
local length = redis.call('STRLEN', KEYS[1])
local head = redis.call('GETRANGE', KEYS[1], 0, 199)
-- Our own are short; of something huge the beginning and the length are enough.
local whole = length <= 65536 and redis.call('GET', KEYS[1]) or (head .. ':' .. length)
return {head, length, string.sub(redis.sha1hex(whole), 1, 16), pttl}
