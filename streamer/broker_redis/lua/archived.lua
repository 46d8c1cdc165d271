#!lua flags=allow-oom
-- Notes how far a room is archived, and lets go of what nobody has to keep in memory any more.
--
-- KEYS  meta, log, queue
-- ARGV  archived up to this seq, entries that stay, ms after which a room at rest is forgotten, group,
--       then the ids of the queue that are done
if #ARGV > 4 then
  local done = {unpack(ARGV, 5)}
  redis.call('XACK', KEYS[3], ARGV[4], unpack(done))
  redis.call('XDEL', KEYS[3], unpack(done))
end
local meta = redis.call('HMGET', KEYS[1], 'seq', 'archived')
if not meta[1] then
  return 0
end
local seq, archived = tonumber(meta[1]), tonumber(ARGV[1])
if archived > tonumber(meta[2]) then
  redis.call('HSET', KEYS[1], 'archived', ARGV[1])
else
  archived = tonumber(meta[2])
end
local low = math.min(archived, seq - ARGV[2]) + 1
if low > 1 then
  redis.call('XTRIM', KEYS[2], 'MINID', '~', string.format('%.0f-0', low))
end
if archived >= seq then
  redis.call('HSET', KEYS[1], 'idle', 1)
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  redis.call('PEXPIRE', KEYS[2], ARGV[3])
end
return 1
