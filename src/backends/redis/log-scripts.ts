/** The atomic steps of the log, as Lua for the server. */
import { Script } from './script.ts';

/**
 * How every step begins. It learns where the log stands, and finds out whether changes may have been lost:
 *
 * - **The log is new, or its server is.** A server has another replication id each time it starts as a master or becomes
 *   one, so what `meta` says was written under the same id was written by this very server in one life, and is all there. Any
 *   other `meta` (an old copy that was loaded at a restart, what a replica had received when it took over or its master came
 *   back, nothing after a flush) may lack acknowledged changes, so a new incarnation begins. The head goes on from the old one where
 *   there is one, so that marks grow even then. (A master also takes another id when its first replica comes, or some time after
 *   its last one went: a gap too many then.)
 * - **A table of stamps or the rules were evicted.** Each always has a member that means nothing, so it exists unless that
 *   happened; and whoever finds one missing begins with all of them anew and raises the floor to the head, before
 *   anything is written to them. So nobody ever takes a forgotten stamp for one that was never there.
 * - **The stream was evicted or trimmed.** Marks are whole numbers without a gap, so what is missing shows when it is read.
 *
 * A replica has its master's id, and may be behind: it isn't believed, also by who was connected to it when it still was a
 * master itself.
 *
 * What is written first is something that a server refuses when it is out of memory; then nothing is changed at all.
 */
const BEGIN = `
local meta, stream, tables, rules = KEYS[1], KEYS[2], { KEYS[3], KEYS[4] }, KEYS[5]
local life = tonumber(ARGV[2])

local known = redis.call('HMGET', meta, 'server', 'incarnation', 'head', 'floor', 'young', 'youngNewest', 'oldNewest', 'newestRule')
local replication = redis.call('INFO', 'replication')
local server = string.match(replication, 'master_replid:(%w+)')
local incarnation = known[2]
local head, floor, young = tonumber(known[3] or 0), tonumber(known[4] or 0), tonumber(known[5] or 1)
local youngNewest, oldNewest, newestRule = tonumber(known[6] or 0), tonumber(known[7] or 0), tonumber(known[8] or 0)

local function text(mark)
  return string.format('%.0f', mark)
end

local function keep(key)
  redis.call('PEXPIRE', key, life)
end

local function save()
  redis.call('HSET', meta, 'server', server, 'incarnation', incarnation, 'head', text(head), 'floor', text(floor), 'young', young,
    'youngNewest', text(youngNewest), 'oldNewest', text(oldNewest), 'newestRule', text(newestRule))
end

local function empty(i)
  redis.call('UNLINK', tables[i])
  redis.call('HSET', tables[i], '!', '')
  keep(tables[i])
end

local function forget()
  floor, youngNewest, oldNewest, newestRule = head, 0, 0, 0
  save()
  empty(1)
  empty(2)
  redis.call('UNLINK', rules)
  redis.call('ZADD', rules, 'inf', '!')
  keep(rules)
end

if not string.find(replication, 'role:master', 1, true) then
  return redis.error_reply('ERR this server is no master: it may not have heard of every change')
elseif not server then
  return redis.error_reply('ERR this server does not tell its replication id')
elseif known[1] ~= server then
  incarnation = ARGV[1]
  forget()
  redis.call('UNLINK', stream)
elseif redis.call('EXISTS', tables[1], tables[2], rules) < 3 then
  forget()
end
if redis.call('PTTL', meta) < life / 2 then
  for i = 1, 5 do keep(KEYS[i]) end
end

local function find(name)
  return tonumber(redis.call('HGET', tables[young], name) or redis.call('HGET', tables[3 - young], name) or floor)
end

local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
`;

/** How to answer with stamps, and with the rules to whoever doesn't know them. */
const STAMPS = `
local function stampsOf(from)
  local stamps = {}
  for first = from, #ARGV, 1000 do
    local last = math.min(first + 999, #ARGV)
    local newer = redis.call('HMGET', tables[young], unpack(ARGV, first, last))
    local older = redis.call('HMGET', tables[3 - young], unpack(ARGV, first, last))
    for i = 1, last - first + 1 do stamps[#stamps + 1] = tonumber(newer[i] or older[i] or floor) end
  end
  return stamps
end

local function rulesUnlike(known)
  local version = incarnation .. ' ' .. text(newestRule)
  if version == known then return false end
  local list = { incarnation, newestRule }
  local members = redis.call('ZRANGEBYSCORE', rules, '-inf', '(inf', 'WITHSCORES')
  for i = 1, #members, 2 do
    local colon = string.find(members[i], ':', 1, true)
    list[#list + 1] = string.sub(members[i], colon + 1 + tonumber(string.sub(members[i], 1, colon - 1)))
    list[#list + 1] = members[i + 1]
  end
  return list
end
`;

/**
 * Append a change. Stamps are compacted as the engine's own table does it: when the young generation is full it becomes the
 * old one, and the old one is forgotten as a whole; a rule too many lives on as a stamp of the prefix that it folds to. A
 * rule is kept once, with its newest mark, beside that prefix and the prefix's length.
 */
export const APPEND: Script = new Script(`${BEGIN}
local keepChanges, keepStamps, keepRules, payload, names = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6], tonumber(ARGV[7])
head = head + 1
redis.call('XADD', stream, 'MAXLEN', '~', keepChanges, text(head) .. '-0', text(now()), payload)
keep(stream)

local function record(name, mark)
  redis.call('HSET', tables[young], name, text(mark))
  youngNewest = math.max(youngNewest, mark)
end

for i = 8, 7 + names do record(ARGV[i], head) end
for i = 8 + names, #ARGV, 2 do
  redis.call('ZADD', rules, text(head), #ARGV[i + 1] .. ':' .. ARGV[i + 1] .. ARGV[i])
  newestRule = head
end
while redis.call('ZCARD', rules) - 1 > keepRules do
  local oldest = redis.call('ZPOPMIN', rules)
  local colon = string.find(oldest[1], ':', 1, true)
  local prefix = string.sub(oldest[1], colon + 1, colon + tonumber(string.sub(oldest[1], 1, colon - 1)))
  local mark = tonumber(oldest[2])
  if mark > find(prefix) then record(prefix, mark) end
end
if redis.call('HLEN', tables[young]) > keepStamps then
  floor = math.max(floor, oldNewest)
  oldNewest, youngNewest = youngNewest, 0
  young = 3 - young
  empty(young)
end
save()
return { incarnation, head }
`);

/** Where the log stands, and, if asked, the changes after a mark. */
export const READ: Script = new Script(`${BEGIN}
local changes = {}
if ARGV[3] then changes = redis.call('XRANGE', stream, text(tonumber(ARGV[3]) + 1) .. '-0', '+', 'COUNT', ARGV[4]) end
return { incarnation, head, now(), changes }
`);

/** The stamps of names, rules left aside. */
export const STAMPS_OF: Script = new Script(`${BEGIN}${STAMPS}
return { incarnation, head, stampsOf(4), rulesUnlike(ARGV[3]) }
`);

/**
 * Store an entry unless its log or its dependencies have overtaken it: 1 or 0, or the rules, if there are some newer than
 * the entry that whoever asks doesn't know, for them to be matched where the matcher is.
 */
export const PUT: Script = new Script(`${BEGIN}${STAMPS}
local mark = tonumber(ARGV[4])
if ARGV[3] ~= incarnation then return 0 end
if mark < head then
  local unknown = newestRule > mark and rulesUnlike(ARGV[5])
  if unknown then return unknown end
  for _, stamp in ipairs(stampsOf(8)) do
    if stamp > mark then return 0 end
  end
end
redis.call('SET', KEYS[6], ARGV[7], 'PX', ARGV[6])
return 1
`);
