-- Appends facts to one stream, or opens the next stream of a family, in one step with the feed, the
-- projection row and the delivery key. Nothing is written when it was written before, when the stream
-- has grown, or when the caller has stopped waiting.
--
-- KEYS[1]  the workspace's prefix; every key below shares its hash tag
-- ARGV     1 family, 2 stream ('' opens a new one), 3 expected version, 4 delivery key ('' for none),
--          5 latest server time in ms, 6 row as JSON ('' for none), 7 'open' | 'closed' | '',
--          8.. pairs of kind and sealed JSON
local prefix, family, stream = KEYS[1], ARGV[1], ARGV[2]
local delivery = ARGV[4]

if delivery ~= '' then
  local seen = redis.call('GET', prefix .. ':delivery:' .. delivery)
  if seen then return {'again', seen, 0} end
end

local now = redis.call('TIME')
if tonumber(now[1]) * 1000 + tonumber(now[2]) / 1000 > tonumber(ARGV[5]) then return {'late', '', 0} end

local number
if stream == '' then
  number = redis.call('INCR', prefix .. ':count:' .. family)
  stream = family .. '-' .. number
end

local log = prefix .. ':stream:' .. stream
local version = redis.call('XLEN', log)
if version ~= tonumber(ARGV[3]) then return {'conflict', stream, version} end

for i = 8, #ARGV, 2 do
  version = version + 1
  redis.call('XADD', log, version .. '-0', 'e', ARGV[i + 1])
  redis.call('XADD', prefix .. ':feed', '*', 'stream', stream, 'version', version, 'kind', ARGV[i])
end

if ARGV[6] ~= '' then redis.call('HSET', prefix .. ':rows:' .. family, stream, ARGV[6]) end
local open = prefix .. ':open:' .. family
if ARGV[7] == 'open' then
  redis.call('ZADD', open, 'NX', number or tonumber(string.match(stream, '%d+$')), stream)
elseif ARGV[7] == 'closed' then
  redis.call('ZREM', open, stream)
end
if delivery ~= '' then redis.call('SET', prefix .. ':delivery:' .. delivery, stream, 'EX', 86400) end
return {'ok', stream, version}
