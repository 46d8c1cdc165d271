#!lua flags=no-writes
-- The newest entries of a room's log.
--
-- KEYS  meta, log
-- ARGV  run, or nothing to read whatever is there; after; limit
-- Gives {'unopened'}, or {'done', epoch, seq, entries as XREVRANGE gives them}
local meta = redis.call('HMGET', KEYS[1], 'run', 'epoch', 'seq')
if not meta[1] or (ARGV[1] ~= '' and meta[1] ~= ARGV[1]) then
  return {'unopened'}
end
local from = string.format('%.0f-0', tonumber(ARGV[2]) + 1)
local entries = redis.call('XREVRANGE', KEYS[2], '+', from, 'COUNT', ARGV[3])
return {'done', meta[2], meta[3], entries}
