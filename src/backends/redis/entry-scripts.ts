/** The atomic steps of what lies beside one key: its fence in a cluster, and its lease. */
import { Script } from './script.ts';

/** Remember in a cluster that a key changed: its mark, unless a larger one of the same log is there. */
export const RAISE: Script = new Script(`
local incarnation, mark = string.match(redis.call('GET', KEYS[1]) or '', '^(%S+) (%d+)$')
if incarnation == ARGV[1] and tonumber(mark) >= tonumber(ARGV[2]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2], 'PX', ARGV[3])
return 1
`);

/** Store an entry in a cluster unless the fence beside it says that its key has changed since. */
export const PUT_FENCED: Script = new Script(`
local incarnation, mark = string.match(redis.call('GET', KEYS[2]) or '', '^(%S+) (%d+)$')
if incarnation == ARGV[1] and tonumber(mark) > tonumber(ARGV[2]) then return 0 end
redis.call('SET', KEYS[1], ARGV[4], 'PX', ARGV[3])
return 1
`);

/**
 * Take a lease: if nobody holds it, if the holder's load is overtaken, or if it was this very one that took it and its
 * answer was lost. Who waits goes on waiting for the new holder.
 */
export const ACQUIRE: Script = new Script(`
local held = redis.call('HMGET', KEYS[1], 'token', 'incarnation', 'mark')
local token, ttl, incarnation, mark, since = unpack(ARGV)
if held[1] and held[1] ~= token and not (held[2] == incarnation and tonumber(held[3]) < tonumber(since)) then return 0 end
redis.call('HSET', KEYS[1], 'token', token, 'incarnation', incarnation, 'mark', mark)
redis.call('PEXPIRE', KEYS[1], ttl)
return 1
`);

/** Let go of a lease, if it is still held by this token; 1 if somebody waits for it. */
export const RELEASE: Script = new Script(`
local held = redis.call('HMGET', KEYS[1], 'token', 'waited')
if held[1] ~= ARGV[1] then return 0 end
redis.call('UNLINK', KEYS[1])
return held[2] and 1 or 0
`);

/** Say that somebody waits for a lease; who holds it and for how many milliseconds more, or nothing if nobody does. */
export const AWAIT: Script = new Script(`
local token = redis.call('HGET', KEYS[1], 'token')
if not token then return false end
redis.call('HSET', KEYS[1], 'waited', 1)
return { token, redis.call('PTTL', KEYS[1]) }
`);

/** Tell all who watch that the lease of a key has ended. */
export const WAKE: Script = new Script(`
redis.call('XADD', KEYS[1], 'MAXLEN', '~', 1000, '*', 'lease', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
`);
