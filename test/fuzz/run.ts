import { parseArgs } from 'node:util'

import { fuzz } from './fuzz.ts'

/**
 * `bun run fuzz [--seed N] [--count N] [--from N]`: throws random requests and upstream answers at the server.
 * `--seed` and `--from` of a fault with `--count 1` make it happen again.
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    count: { type: 'string', default: '100000' },
    from: { type: 'string', default: '0' },
  },
})
const [seed, count, from] = [values.seed, values.count, values.from].map(Number) as [number, number, number]

console.log(`seed ${seed}, ${count} cases from ${from} on`)
const startedAtMs = performance.now()
const { outcomes, faults, memoryMb, slowestMs } = await fuzz({
  seed,
  count,
  from,
  onProgress(done, { faults: found, memoryMb: memory }) {
    if (done % 5000 === 0)
      console.log(`${done} cases, ${found.length} faults, ${memory.early} MB early, ${memory.late} MB late`)
  },
})
for (const { index, message, request } of faults) {
  console.log(`\n— case ${index}: bun run fuzz --seed ${seed} --from ${index} --count 1`)
  console.log(message.slice(0, 3000))
  console.log(`${request.path} ${JSON.stringify(request.headers)}\n${String(request.body).slice(0, 1500)}`)
}
console.log(`\n${JSON.stringify(outcomes)}`)
console.log(
  `${memoryMb.early} MB at most in the first tenth, ${memoryMb.late} MB after it; the slowest case took ${slowestMs} ms`,
)
console.log(
  `${faults.length} faults in ${Math.round((performance.now() - startedAtMs) / 1000)} s, seed ${seed}`,
)
process.exit(faults.length > 0 ? 1 : 0)
