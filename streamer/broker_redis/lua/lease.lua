#!lua flags=allow-oom
-- Takes or keeps a lease.
--
-- KEYS  lease
-- ARGV  node, ms
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return 1
end
return redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2], 'NX') and 1 or 0
