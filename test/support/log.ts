import type { Logger } from '../../src/core/context.ts'

const ignore = (): void => {}

/** A log that nobody reads. */
export const silentLog: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore }
