import { rerunWithRoom } from './cli/rerun.ts'

// Must come before anything else is loaded: the program that goes on is another one.
rerunWithRoom()

const { main } = await import('./cli/main.ts')
process.exitCode = await main(process.argv.slice(2))
