/** Stores answers in a file that another process may be writing to as well: `bun write-many.ts PATH NAME COUNT`. */
import { createDiskTier } from '../../src/cache/disk.ts'
import { silentLog } from '../support/log.ts'
import { makeAnswer, openAnswers } from './make.ts'

const [path = '', name = '', count = ''] = process.argv.slice(2)
const tier = createDiskTier({
  open: () => openAnswers(path),
  maxBytes: 1e9,
  clock: { now: () => 1000 },
  log: { ...silentLog, warn: (event, fields) => console.log(event, fields) },
})
for (let at = 0; at < Number(count); at++) await tier.set(`${name} ${at}`, makeAnswer('x', 1000, 5000, name))
// What one of them clears is its own.
await tier.set(`${name} of nobody`, makeAnswer('x', 1000, 5000, `nobody ${name}`))
await tier.clear(`nobody ${name}`)
tier.close()
