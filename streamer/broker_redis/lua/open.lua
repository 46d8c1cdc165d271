#!lua
-- Makes a room's log go on behind what the archive has of it. Afterwards this run of Redis may number it.
--
-- KEYS  meta, offered
-- ARGV  run, epoch, 1 if that is what the archive says, else 0, newest seq of the archive,
--       ms after which a room without messages is forgotten,
--       then for each nonce of late: key, 'seq id', ms that it is kept
-- Gives {epoch, seq}
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'seq', 'run')
local epoch, seq = ARGV[2], tonumber(ARGV[4])
if not meta[1] then
  redis.call('HSET', KEYS[1], 'run', ARGV[1], 'epoch', epoch, 'seq', ARGV[4], 'archived', ARGV[4], 'idle', 1)
  redis.call('PEXPIRE', KEYS[1], ARGV[5])
else
  if ARGV[3] == '0' then
    epoch = meta[1]
  end
  if tonumber(meta[2]) < seq then
    redis.call('HSET', KEYS[1], 'run', ARGV[1], 'epoch', epoch, 'seq', ARGV[4], 'archived', ARGV[4])
  else
    seq = tonumber(meta[2])
    redis.call('HSET', KEYS[1], 'run', ARGV[1], 'epoch', epoch)
  end
end
if meta[3] ~= ARGV[1] then
  redis.call('DEL', KEYS[2])
end
for at = 6, #ARGV, 3 do
  redis.call('SET', ARGV[at], ARGV[at + 1], 'PX', ARGV[at + 2], 'NX')
end
return {epoch, seq}
