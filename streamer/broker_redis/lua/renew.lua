#!lua flags=allow-oom
-- Gives a room's log another name, because what nodes know of it and what it holds do not agree.
--
-- KEYS  meta, offered
-- ARGV  epoch that it has, epoch that it gets
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then
  return 0
end
redis.call('HSET', KEYS[1], 'epoch', ARGV[2])
redis.call('DEL', KEYS[2])
return 1
