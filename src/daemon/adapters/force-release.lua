-- Deletes one lock, if it still is what the operator saw.
--
-- Input:  KEYS[1]  the key
--         ARGV[1]  token: fingerprint of the content that was seen (as inspect.lua makes it)
--         ARGV[2]  least life in ms that it must still have, or none at all; 0 = any. A lock with less may
--                  belong to a hold that is being decided.
-- Output: 1 deleted, 0 there is no such key, -1 it has changed
local kind = redis.call('TYPE', KEYS[1])['ok']
if kind == 'none' then return 0 end
local token = '~' .. kind
if kind == 'string' then
  local length = redis.call('STRLEN', KEYS[1])
  local whole = length <= 65536 and redis.call('GET', KEYS[1])
    or (redis.call('GETRANGE', KEYS[1], 0, 199) .. ':' .. length)
  token = string.sub(redis.sha1hex(whole), 1, 16)
end
if token ~= ARGV[1] then return -1 end
local pttl = redis.call('PTTL', KEYS[1])
if pttl >= 0 and pttl <= tonumber(ARGV[2]) then return -1 end
redis.call('DEL', KEYS[1])
return 1
